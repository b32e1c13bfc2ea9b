/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UBSAN: "UBSAN: array-index-out-of-bounds in drivers/x.c:12:3", then a stack. */
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *what = at + strlen("UBSAN: ");

	if (what >= line->text + line->length)
		return false;
	event_copy(event->what, line, what, " in ");
	for (char *c = event->what; *c; c++)
		*c = *c == ' ' ? '-' : (*c >= 'A' && *c <= 'Z') ? (char)(*c | 32) : *c;
	if (strstr(event->what, "out-of-bounds"))
		event->panic.type = "MEMORY_SAFETY_UBSAN";
	return true;
}

static const struct pattern patterns[] = {
	{ "UBSAN: ", "UBSAN", PANIC_NOTE, BLAME_STACK, "UBSAN: {w} in {f}",
	  "bad-access in {f}", begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_ubsan = {
	.name = "ubsan",
	.summary = "UBSAN",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_ubsan);
