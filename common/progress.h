/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress on standard error: one line that rewrites itself on a terminal, a plain line
 * now and then elsewhere. It never mixes with results, which go to standard output.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *label; /* not owned, must outlive the progress */
	uint64_t total;	   /* 0: unknown, no share and no ETA */
	uint64_t started;  /* CLOCK_MONOTONIC, ns */
	uint64_t shown;	   /* when the last line was written */
	uint64_t every;	   /* ns between lines */
	int fd;
	bool tty, quiet, open;
};

/* @quiet: nothing is ever shown. */
void progress_init(struct progress *progress, const char *label, uint64_t total,
		   bool quiet);

/* Shows @done of total, rate and time left, if it is time to. @note may be NULL. */
void progress_update(struct progress *progress, uint64_t done, const char *note);

/* Clears the line on a terminal. */
void progress_deinit(struct progress *progress);
