/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KASAN: "BUG: KASAN: slab-use-after-free in f+0x…", then "Read of size 4 at addr …". */
#include <stdio.h>
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *what = at + strlen("BUG: KASAN: "), *in;
	const char *end = line->text + line->length;

	if (what >= end)
		return false;
	in = memmem(what, end - what, " in ", 4);
	event_copy(event->what, line, what, " in ");
	if (strstr(event->what, " on address"))
		*strstr(event->what, " on address") = 0;
	if (!strncmp(event->what, "double-free or ", 15))
		memmove(event->what, event->what + 15, strlen(event->what + 15) + 1);
	if (!strcmp(event->what, "double-free"))
		strcpy(event->what, "invalid-free");
	if (in)
		event_copy_name(event->named, line, in + 4);
	return true;
}

static void read_line(struct event *event, const struct logline *line)
{
	if (event->access[0])
		return;
	if (logline_starts(line, "Read of size") || logline_find(line, "read of size") ||
	    logline_starts(line, "Read at addr") || logline_find(line, "Read of size"))
		strcpy(event->access, "Read");
	else if (logline_starts(line, "Write of size") ||
		 logline_find(line, "Write of size") ||
		 logline_find(line, "write of size") ||
		 logline_starts(line, "Write at addr"))
		strcpy(event->access, "Write");
}

static void finish(struct event *event)
{
	bool write = !strcmp(event->access, "Write");
	struct panic *p = &event->panic;

	if (strstr(event->what, "invalid-free")) {
		p->type = "KASAN-INVALID-FREE";
		event->access[0] = 0;
		event->title_alt = "invalid-free in {f}";
	} else if (strstr(event->what, "use-after-free")) {
		p->type = write ? "KASAN-USE-AFTER-FREE-WRITE"
				: "KASAN-USE-AFTER-FREE-READ";
	} else if (strstr(event->what, "null-ptr-deref")) {
		p->type = write ? "KASAN-NULL-POINTER-DEREFERENCE-WRITE"
				: "KASAN-NULL-POINTER-DEREFERENCE-READ";
	} else {
		p->type = write ? "KASAN-WRITE" : "KASAN-READ";
	}
}

static const struct pattern patterns[] = {
	{ "BUG: KASAN:", "KASAN-READ", PANIC_SERIOUS, BLAME_NAMED,
	  "KASAN: {w} {a} in {f}", "bad-access in {f}", begin, NULL, false },
	{ "KASAN: maybe wild-memory-access", "KASAN-READ", PANIC_SERIOUS, BLAME_FAULT,
	  "KASAN: wild-memory-access in {f}", "bad-access in {f}", NULL, NULL, true },
	{ "KASAN: null-ptr-deref in range", "KASAN-READ", PANIC_SERIOUS, BLAME_FAULT,
	  "KASAN: null-ptr-deref in {f}", "bad-access in {f}", NULL, NULL, true },
	{ NULL },
};

static const struct dialect dialect_kasan = {
	.name = "kasan",
	.summary = "KASAN, software and hardware tags",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.line = read_line,
	.finish = finish,
};
REGISTER(dialect, dialect_kasan);
