/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running other programs to their end, with their output kept. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

struct error;

struct process_options {
	const char *folder;	  /* to run in; NULL: this one */
	const char *const *extra; /* "NAME=value" to add to the environment, or NULL */
	uint64_t timeout_ns;	  /* 0: none; then the program's group is killed */
	size_t output_limit;	  /* bytes kept of the output; 0: 16 MiB */
	bool inherit;		  /* output goes where ours goes, nothing is kept */
	bool keep_stderr;	  /* standard error joins @output; else it is inherited */
	/* Set by a signal of ours: the program's group gets one SIGINT, then is waited
	 * for. */
	const volatile int *interrupted;
};

struct process_result {
	int status; /* exit status, or 128 + signal */
	bool timed_out;
	bool cut;	      /* output was longer than its limit */
	struct strbuf output; /* owned by the caller */
};

/*
 * Runs argv[0] (found through PATH) with standard input closed. The child dies with
 * this process. Fails with ERROR_MISSING when there is no such program.
 */
struct error *process_run(const char *const *argv, const struct process_options *options,
			  struct process_result *ret);

/* Whether a program of that name is on PATH. */
bool process_found(const char *name);
