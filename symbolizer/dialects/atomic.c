/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sleeping, scheduling or per-CPU access where that is not allowed. */
#include <string.h>

#include "symbolizer/dialect.h"
#include "symbolizer/trace.h"

static bool begin_using(struct event *event, const struct logline *line, const char *at)
{
	event_copy(event->what, line, at + strlen("BUG: using "), " in preemptible");
	return true;
}

static bool begin_sleep(struct event *event, const struct logline *line, const char *at)
{
	event_copy(event->file, line, at + strlen("BUG: sleeping function called from"),
		   NULL);
	return true;
}

static const struct pattern patterns[] = {
	{ "BUG: sleeping function called from invalid context", "ATOMIC_SLEEP",
	  PANIC_SERIOUS, BLAME_STACK,
	  "BUG: sleeping function called from invalid context in {f}", NULL, begin_sleep,
	  NULL, false },
	{ "BUG: scheduling while atomic", "ATOMIC_SLEEP", PANIC_SERIOUS, BLAME_WAIT,
	  "BUG: scheduling while atomic in {f}", NULL, NULL, NULL, false },
	{ "BUG: using ", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "BUG: using {w} in preemptible code in {f}", NULL, begin_using, NULL, false },
	{ NULL },
};

static const struct dialect dialect_atomic = {
	.name = "atomic",
	.summary = "sleeping or scheduling in atomic context",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_atomic);
