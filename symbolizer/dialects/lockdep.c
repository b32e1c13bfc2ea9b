/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockdep and the lock debugging: order, context, balance, misuse. */
#include <string.h>

#include "symbolizer/dialect.h"
#include "symbolizer/trace.h"

/*
 * "… is trying to acquire lock:" is followed by the lock and, since 4.x, by
 * "at: function+0x…".
 */
static void read_line(struct event *event, const struct logline *line)
{
	const char *end = line->text + line->length, *at = logline_find(line, ", at: ");
	struct trace_place place;

	if (event->named[0])
		return;
	if (event->expect_bytes && at && trace_read_place(at + 6, end, &place) &&
	    place.function[0])
		event_copy_name(event->named, line,
				memmem(at, end - at, place.function,
				       strlen(place.function)));
	if (logline_find(line, "trying to acquire lock") ||
	    logline_find(line, "is trying to release lock") ||
	    logline_find(line, "] takes:") || logline_find(line, "] scheduled") ||
	    logline_find(line, "is freeing memory") ||
	    logline_find(line, "is trying to lock"))
		event->expect_bytes = true;
	else if (logline_starts(line, "but task is already"))
		event->expect_bytes = false;
}

/* "swapper/0 is freeing memory a-b, with a lock still held there!" */
static const struct pattern patterns[] = {
	{ "possible circular locking dependency detected", "LOCKDEP", PANIC_NOTE,
	  BLAME_NAMED, "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "possible recursive locking detected", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "possible irq lock inversion dependency detected", "LOCKDEP", PANIC_NOTE,
	  BLAME_NAMED, "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "-safe -> ", "LOCKDEP", PANIC_NOTE, BLAME_NAMED, "possible deadlock in {f}",
	  NULL, NULL, NULL, false },
	{ "inconsistent lock state", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "inconsistent lock state in {f}", NULL, NULL, NULL, false },
	{ "suspicious RCU usage", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: suspicious RCU usage in {f}", NULL, NULL, NULL, false },
	{ "bad unlock balance detected", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: bad unlock balance in {f}", NULL, NULL, NULL, false },
	{ "held lock freed!", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: held lock freed in {f}", NULL, NULL, NULL, false },
	{ "Invalid wait context", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: invalid wait context in {f}", NULL, NULL, NULL, false },
	{ "lock held when returning to user space", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: lock held when returning to user space in {f}", NULL, NULL, NULL,
	  false },
	{ "still has locks held!", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: still has locks held in {f}", NULL, NULL, NULL, false },
	{ "nested lock was not taken", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: nested lock was not taken in {f}", NULL, NULL, NULL, false },
	{ "INFO: trying to register non-static key", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "INFO: trying to register non-static key in {f}", NULL, NULL, NULL, false },
	{ "BUG: spinlock", "LOCKDEP", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: spinlock error in {f}", NULL, NULL, NULL, false },
	{ "BUG: rwlock", "LOCKDEP", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: rwlock error in {f}", NULL, NULL, NULL, false },
	{ "BUG: workqueue leaked lock or atomic", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "BUG: workqueue leaked lock or atomic in {f}", NULL, NULL, NULL, false },
	{ "DEBUG_LOCKS_WARN_ON", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: locking bug in {f}", NULL, NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_lockdep = {
	.name = "lockdep",
	.summary = "lockdep, RCU usage, spinlock debugging",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.line = read_line,
};
REGISTER(dialect, dialect_lockdep);
