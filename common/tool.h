/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every bookend-NAME does around its work: parse, answer --help, run, print the
 * one error line, choose the exit status. A tool's main.c is a table and tool_main().
 */
#pragma once

#include "common/options.h"

struct error;

enum exit_status {
	EXIT_CLEAN = 0,
	EXIT_FINDINGS = 1,
	EXIT_UNABLE = 2,
	EXIT_INCOMPLETE = 3,
};

struct tool {
	struct command command;
	size_t values_size;   /* of the struct that the option table fills */
	const void *defaults; /* initial values, or NULL for zeroes */

	/*
	 * Does the work. @values and @operands live until it returns. On success sets
	 * @ret to the exit status; an error becomes "bookend NAME: error: …", status 2.
	 */
	struct error *(*run)(void *values, const struct string_list *operands,
			     enum exit_status *ret);
	void (*deinit)(void *values); /* lists in @values; may be NULL */
};

int tool_main(const struct tool *tool, int argc, char **argv);
