/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockdep and the lock debugging: order, context, balance, misuse. */
#include <string.h>

#include "symbolizer/dialect.h"
#include "symbolizer/trace.h"

/* "last function: f" of work queues */
static void read_last(struct event *event, const struct logline *line)
{
	const char *last = logline_find(line, "last function: ");

	if (last && !event->named[0])
		event_copy_name(event->named, line, last + 15);
}

static bool names_lock(const struct logline *line)
{
	static const char *const texts[] = { "trying to acquire lock",
					     "is trying to acquire:",
					     "trying to release lock",
					     "] takes:",
					     "is freeing memory",
					     "is trying to lock",
					     " held by ",
					     "locks still held!",
					     "still has locks held!",
					     "when returning to user space" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (logline_find(line, texts[i]))
			return true;
	return false;
}

static void read_line(struct event *event, const struct logline *line)
{
	const char *end = line->text + line->length, *at = logline_find(line, ", at: ");
	struct trace_place place;

	read_last(event, line);
	if (event->named[0])
		return;
	if (event->expect_bytes && !at && line->length && line->text[0] == '[' &&
	    trace_read_frame(line, &place) && place.sized)
		at = line->text - 6;
	if (event->expect_bytes && at && trace_read_place(at + 6, end, &place) &&
	    place.function[0])
		event_copy_name(event->named, line,
				memmem(at + 6, end - at - 6, place.function,
				       strlen(place.function)));
	if (names_lock(line))
		event->expect_bytes = true;
	else if (logline_starts(line, "but task is already") ||
		 logline_starts(line, "Call ") || logline_starts(line, "stack backtrace"))
		event->expect_bytes = false;
}

/* Locks that are held are listed after the first line of these. */
static bool begin_held(struct event *event, const struct logline *line, const char *at)
{
	(void)line;
	(void)at;
	event->expect_bytes = true;
	return true;
}

/* "swapper/0 is freeing memory a-b, with a lock still held there!" */
/* The interrupt that takes the lock is what makes the order a deadlock. */
static bool begin_inversion(struct event *event, const struct logline *line,
			    const char *at)
{
	(void)line;
	(void)at;
	strcpy(event->prefer, "... which became");
	return true;
}

/* "at: process_one_work" is the lock of a work item: who waits for it is of interest. */
static void finish(struct event *event)
{
	if (strcmp(event->named, "process_one_work"))
		return;
	strcpy(event->prefer, "-> #");
	event->named[0] = 0;
	event->blame = BLAME_WAIT;
}

/* "BUG: MAX_LOCKDEP_CHAINS too low!" */
static bool begin_limit(struct event *event, const struct logline *line, const char *at)
{
	event_copy(event->what, line, at + strlen("BUG: "), " too low!");
	return true;
}

static const struct pattern patterns[] = {
	{ "possible circular locking dependency detected", "LOCKDEP", PANIC_NOTE,
	  BLAME_NAMED, "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "possible recursive locking detected", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "possible irq lock inversion dependency detected", "LOCKDEP", PANIC_NOTE,
	  BLAME_NAMED, "possible deadlock in {f}", NULL, NULL, NULL, false },
	{ "-safe -> ", "LOCKDEP", PANIC_NOTE, BLAME_STACK, "possible deadlock in {f}",
	  NULL, begin_inversion, NULL, false },
	{ "inconsistent lock state", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "inconsistent lock state in {f}", NULL, NULL, NULL, false },
	{ "suspicious RCU usage", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: suspicious RCU usage in {f}", NULL, NULL, NULL, false },
	{ "INFO: suspicious rcu_dereference", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "WARNING: suspicious RCU usage in {f}", NULL, NULL, NULL, false },
	{ "bad unlock balance detected", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: bad unlock balance in {f}", NULL, NULL, NULL, false },
	{ "held lock freed!", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: held lock freed in {f}", NULL, NULL, NULL, false },
	{ "Invalid wait context", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: invalid wait context in {f}", NULL, NULL, NULL, false },
	{ "lock held when returning to user space", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: lock held when returning to user space in {f}", NULL, begin_held,
	  NULL, false },
	{ "still has locks held!", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: still has locks held in {f}", NULL, begin_held, NULL, false },
	{ "Nested lock was not taken", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "WARNING: nested lock was not taken in {f}", NULL, NULL, NULL, false },
	{ "INFO: trying to register non-static key", "LOCKDEP", PANIC_NOTE, BLAME_STACK,
	  "INFO: trying to register non-static key in {f}", NULL, NULL, NULL, false },
	{ "BUG: spinlock", "LOCKDEP", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: spinlock error in {f}", NULL, NULL, NULL, false },
	{ "BUG: rwlock", "LOCKDEP", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: rwlock error in {f}", NULL, NULL, NULL, false },
	{ "BUG: MAX_STACK_TRACE_ENTRIES too low!", "LOCKDEP", PANIC_NOTE, BLAME_NOBODY,
	  "BUG: MAX_STACK_TRACE_ENTRIES too low!", NULL, NULL, NULL, false },
	{ "BUG: MAX_LOCKDEP_", "LOCKDEP", PANIC_NOTE, BLAME_NOBODY, "BUG: {w} too low!",
	  NULL, begin_limit, NULL, false },
	{ "BUG: workqueue leaked lock or atomic", "LOCKDEP", PANIC_NOTE, BLAME_NAMED,
	  "BUG: workqueue leaked lock or atomic in {f}", NULL, begin_held, NULL, false },
	{ NULL },
};

static const struct dialect dialect_lockdep = {
	.name = "lockdep",
	.summary = "lockdep, RCU usage, spinlock debugging",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.line = read_line,
	.finish = finish,
};
REGISTER(dialect, dialect_lockdep);
