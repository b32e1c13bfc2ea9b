/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RCU stalls, soft and hard lockups: the kernel goes on, but something does not. */
#include <string.h>

#include "symbolizer/dialect.h"

static const char *const told_in_passing[] = { "rcu_nocb", "rcu: blocking", NULL };

static const struct pattern patterns[] = {
	{ "detected stall on CPU", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "INFO: rcu detected stall in {f}", "stall in {f}", NULL, told_in_passing,
	  true },
	{ "detected stalls on CPUs/tasks", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "INFO: rcu detected stall in {f}", "stall in {f}", NULL, told_in_passing,
	  true },
	{ "self-detected stall on CPU", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "INFO: rcu detected stall in {f}", "stall in {f}", NULL, told_in_passing,
	  true },
	{ "detected expedited stalls on CPUs/tasks", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "INFO: rcu detected stall in {f}", "stall in {f}", NULL, told_in_passing,
	  true },
	{ "detected stalls on tasks", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "INFO: rcu detected stall in {f}", "stall in {f}", NULL, told_in_passing,
	  true },
	{ "BUG: soft lockup", "HANG", PANIC_SERIOUS, BLAME_STALL,
	  "BUG: soft lockup in {f}", "stall in {f}", NULL, NULL, false },
	{ "Watchdog detected hard LOCKUP", "HANG", PANIC_FATAL, BLAME_STALL,
	  "hard lockup in {f}", "stall in {f}", NULL, NULL, false },
	{ "BUG: workqueue lockup", "HANG", PANIC_SERIOUS, BLAME_NOBODY,
	  "BUG: workqueue lockup", NULL, NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_stall = {
	.name = "stall",
	.summary = "RCU stalls, soft and hard lockups, stuck work queues",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_stall);
