/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs over time, in an SQLite file: verdict, findings by rule, and every measurement,
 * with the rates and latencies of the cycles among them. Any number of processes may
 * record at once. Link with sqlite3.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct error;
struct history;
struct report;

/*
 * Opens @path; with @record it is made when it is not there. A file that is no database,
 * one of another program, and one of a newer bookend are ERROR_INPUT.
 */
struct error *history_open(const char *path, bool record, struct history **ret);
void history_close(struct history *history);
CLEANUP_DEFINE(struct history, history_close)

/* @label tells the run apart for people ("1.4.0"), may be NULL; @at: seconds since 1970.
 */
struct error *history_add(struct history *history, const struct report *report,
			  const char *label, int64_t at);

struct history_query {
	const char *tool, *subject; /* NULL: all */
	uint64_t last;		    /* runs of each subject; 0: 30 */
};

/*
 * The section "history": an array of { "tool", "subject", "runs": [{ "at", "label",
 * "verdict", "errors", "warnings" }], "measurements": [{ "name", "unit", "values" }],
 * "rules": [{ "rule", "values" }] }, runs from old to new; values are null where a run
 * has none.
 */
struct error *history_read(struct history *history, const struct history_query *query,
			   json_t **ret);
