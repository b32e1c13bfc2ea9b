/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census around a command, or for a time. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "leakwatch/census.h"

struct error;
struct leak_options;

struct watch_options {
	struct census_options census;
	const char *const *command; /* NULL: nothing is run */
	uint64_t repeat;	    /* of the command; each run is a pass when above 1 */
	uint64_t for_ns;	    /* without command: 0 until interrupted */
	bool no_settle;		    /* caches are left alone */
	bool quiet;
	const struct leak_options *judge; /* symbols, for what is shown meanwhile */
	const volatile int *interrupted;
};

/* @status: the first exit status of the command that was not 0. */
struct error *watch_run(const struct watch_options *options, json_t **census,
			int *status);
