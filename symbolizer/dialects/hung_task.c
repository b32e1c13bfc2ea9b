/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "INFO: task modprobe:1234 blocked for more than 120 seconds.", then its stack. */
#include <string.h>

#include "symbolizer/dialect.h"

static const struct pattern patterns[] = {
	{ " blocked for more than ", "HANG", PANIC_SERIOUS, BLAME_WAIT,
	  "INFO: task hung in {f}", "hang in {f}", NULL, NULL, false },
	{ " blocked in I/O wait for more than ", "HANG", PANIC_SERIOUS, BLAME_WAIT,
	  "INFO: task hung in {f}", "hang in {f}", NULL, NULL, false },
	{ "can't die for more than", "HANG", PANIC_SERIOUS, BLAME_WAIT,
	  "INFO: task can't die in {f}", "hang in {f}", NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_hung_task = {
	.name = "hung-task",
	.summary = "tasks that are blocked for too long",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_hung_task);
