/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places as kernels print them: "[<addr>] ? function+0x12/0x34 [module build-id]". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logline;

struct trace_place {
	char function[128]; /* "" when there is only an address */
	char module[64], build_id[64];
	char file[160]; /* when somebody has symbolized the log already */
	unsigned int line;
	uint64_t address, offset, size;
	bool guessed; /* "?" */
	bool inlined; /* "[inline]" */
	bool sized;   /* has "+0x…/0x…" */
};

/*
 * Reads a place at @text; @end is where the line ends. Gives what follows it, or NULL
 * when there is no place.
 */
const char *trace_read_place(const char *text, const char *end, struct trace_place *ret);

/* Whether the line as a whole is an entry of a stack. */
bool trace_read_frame(const struct logline *line, struct trace_place *ret);

/* arm32's "(f) from (g+0x…)": @ret is the caller, @callee the name before "from". */
bool trace_read_arm_frame(const struct logline *line, struct trace_place *ret,
			  struct trace_place *callee);
