/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WARN(): "WARNING: CPU: 0 PID: 36 at drivers/x.c:215 function+0x220/0x240". What the
 * warning is about is told by the function that warns: the reference counters, the
 * object debugging, the allocators, lockdep's self-checks warn on behalf of a caller.
 */
#include <string.h>

#include "symbolizer/blame.h"
#include "symbolizer/dialect.h"
#include "symbolizer/trace.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *end = line->text + line->length;
	const char *place = memmem(at, end - at, " at ", 4), *space;
	struct trace_place read;

	if (!place)
		return false;
	place += 4;
	space = memchr(place, ' ', end - place);
	event_copy(event->file, line, place, " ");
	if (space && trace_read_place(space + 1, end, &read))
		event_copy_name(event->named, line,
				memmem(space, end - space, read.function,
				       strlen(read.function)));
	return true;
}

/* Since 6.18: "WARNING: fs/dcache.c:829 at fast_dput+0x334/0x430, CPU#0: init/1". */
static bool begin_new(struct event *event, const struct logline *line, const char *at)
{
	const char *warning = logline_find(line, "WARNING: ");
	const char *place = logline_find(line, " at ");
	struct trace_place read;

	if (warning && place && place > warning && !strncmp(place + 4, "0x", 2)) {
		event_copy(event->file, line, warning + strlen("WARNING: "), " at ");
		return true;
	}
	if (!warning || !place || place < warning || place > at ||
	    !trace_read_place(place + 4, at, &read) || !read.sized)
		return false;
	event_copy(event->file, line, warning + strlen("WARNING: "), " at ");
	event_copy_name(event->named, line, place + 4);
	return true;
}

/* Who warns, and what that is called. */
static const struct {
	const char *function; /* "*" at the end: any end */
	const char *file;     /* part of the file's name, NULL: any */
	const char *title, *type;
} kinds[] = {
	{ "refcount_*", NULL, "WARNING: refcount bug in {f}", "REFCOUNT_WARNING" },
	{ "*", "lib/refcount.c", "WARNING: refcount bug in {f}", "REFCOUNT_WARNING" },
	{ "debug_print_object", NULL, "WARNING: ODEBUG bug in {f}", "WARNING" },
	{ "*", "lib/debugobjects.c", "WARNING: ODEBUG bug in {f}", "WARNING" },
	{ "kmalloc_slab", NULL, "WARNING: kmalloc bug in {f}", "WARNING" },
	{ "*", "kernel/locking/lockdep.c", "WARNING: locking bug in {f}", "LOCKDEP" },
	{ "*", "kernel/locking/mutex.c", "WARNING: locking bug in {f}", "LOCKDEP" },
	{ "kobject_*", NULL, "WARNING: kobject bug in {f}", "WARNING" },
	{ "*", "lib/kobject.c", "WARNING: kobject bug in {f}", "WARNING" },
	{ "proc_register", NULL, "WARNING: proc registration bug in {f}", "WARNING" },
	{ "__vmalloc_node_range", NULL, "WARNING: zero-size vmalloc in {f}", "WARNING" },
};

static bool is_kind(const struct event *event, size_t i)
{
	size_t length = strlen(kinds[i].function);
	char name[128];

	blame_normalize(event->named, name, sizeof(name));
	if (kinds[i].file && !strstr(event->file, kinds[i].file))
		return false;
	return kinds[i].function[length - 1] == '*'
		       ? !strncmp(name, kinds[i].function, length - 1)
		       : !strcmp(name, kinds[i].function);
}

static void finish(struct event *event)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is_kind(event, i)) {
			event->title = kinds[i].title;
			event->panic.type = kinds[i].type;
			event->blame = strstr(kinds[i].title, "alloc") ? BLAME_ALLOCATION
								       : BLAME_STACK;
			blame_normalize(event->named, event->after, sizeof(event->after));
			return;
		}
}

/* Warnings that have a dialect of their own, and what is said to nobody in particular. */
static const char *const others[] = { "WARNING: possible", NULL };

static const struct pattern patterns[] = {
	{ "WARNING: CPU:", "WARNING", PANIC_NOTE, BLAME_NAMED, "WARNING in {f}", NULL,
	  begin, others, false },
	{ "WARNING: at ", "WARNING", PANIC_NOTE, BLAME_NAMED, "WARNING in {f}", NULL,
	  begin, others, false },
	{ ", CPU#", "WARNING", PANIC_NOTE, BLAME_NAMED, "WARNING in {f}", NULL, begin_new,
	  others, false },
	{ "WARNING: kernel stack frame pointer at", "WARNING", PANIC_NOTE, BLAME_NOBODY,
	  "WARNING: kernel stack frame pointer has bad value", NULL, NULL, NULL, false },
	{ "WARNING: kernel stack regs", "WARNING", PANIC_NOTE, BLAME_NOBODY,
	  "WARNING: kernel stack regs has bad value", NULL, NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_warning = {
	.name = "warning",
	.summary = "WARN(): also reference counters, object debugging, allocators",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.finish = finish,
};
REGISTER(dialect, dialect_warning);
