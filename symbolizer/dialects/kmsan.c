/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KMSAN: memory that was read before it was written, or given away. */
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *what = at + strlen("BUG: KMSAN: "), *in;
	const char *end = line->text + line->length;

	if (what >= end)
		return false;
	event_copy(event->what, line, what, " in ");
	in = memmem(what, end - what, " in ", 4);
	if (in)
		event_copy_name(event->named, line, in + 4);
	if (strstr(event->what, "infoleak"))
		event->panic.type = "KMSAN-INFO-LEAK";
	else if (strstr(event->what, "use-after-free"))
		event->panic.type = "KMSAN-USE-AFTER-FREE-READ";
	return true;
}

static const struct pattern patterns[] = {
	{ "BUG: KMSAN:", "KMSAN-UNINIT-VALUE", PANIC_SERIOUS, BLAME_NAMED,
	  "KMSAN: {w} in {f}", "bad-access in {f}", begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_kmsan = {
	.name = "kmsan",
	.summary = "KMSAN: uninitialised values, information leaks",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_kmsan);
