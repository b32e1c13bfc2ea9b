/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources other than the census, around a command: before and after, or ABBA. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct memory_source;
struct report;

struct compare_options {
	const struct memory_source *source;
	const char *const *modules; /* NULL at the end */
	const char *const *command;
	uint64_t repeat; /* runs between before and after; 0: 1 */
	uint64_t groups; /* of four blocks ABBA; 0: 8 */
	uint64_t cycles; /* that one run of the command makes; 0: 1 */
	bool quiet;
	const volatile int *interrupted;
};

/* Adds findings, measurements and the section "leaks". */
struct error *compare_run(const struct compare_options *options, struct report *report,
			  int *status);
