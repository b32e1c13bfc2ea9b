/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What PowerPC kernels of Mac OS X (10.0 to 10.5) print, part of the dialect macos-text:
 *
 *	Unresolved kernel trap(cpu 0): 0x300 - Data access DAR=0x… PC=0x…
 *	Latest crash info for cpu 0:
 *	   Exception state (sv=0x3AA12A00)
 *	      PC=0x…; MSR=0x…; DAR=0x…; DSISR=0x…; LR=0x…; R1=0x…; XCP=0x… (…)
 *	      Backtrace:
 *	         0x… 0x… 0x…
 *	Proceeding back via exception chain:
 *	   Exception state (sv=0x…) …
 */
#pragma once

#include <stdbool.h>

struct event;

struct powerpc {
	const char *next; /* name of the context that comes; NULL: none is due */
	bool list;	  /* addresses may follow */
	bool silent;	  /* the same is told a second time */
};

/* "0x300 - Data access DAR=…" after the colon of the first line; false: no trap. */
bool powerpc_read_trap(struct event *event, const char *text, const char *end);

/* Whether the line was one of the above. */
bool powerpc_read(struct event *event, struct powerpc *state, const char *text,
		  const char *end);
