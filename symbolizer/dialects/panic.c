/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Kernel panic - not syncing: …": the end, mostly of what another dialect began. */
#include <string.h>

#include "symbolizer/dialect.h"

static const char mark[] = "Kernel panic - not syncing: ";

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *why = at + strlen(mark);

	if (why < line->text + line->length)
		event_copy(event->what, line, why, NULL);
	return true;
}

/* "stack-protector: Kernel stack is corrupted in: f+0x…" names the function. */
static bool begin_stack(struct event *event, const struct logline *line, const char *at)
{
	event_copy_name(event->named, line,
			at + strlen("stack-protector: Kernel stack is corrupted in: "));
	/* Without symbols there is only an address. */
	if (strspn(event->named, "0123456789abcdef") == strlen(event->named))
		event->named[0] = 0;
	return true;
}

static const struct pattern patterns[] = {
	{ "Kernel panic - not syncing", "DoS", PANIC_FATAL, BLAME_NOBODY,
	  "kernel panic: {w}", NULL, begin, NULL, true },
	{ "stack-protector: Kernel stack is corrupted in: ", "DoS", PANIC_FATAL,
	  BLAME_NAMED, "kernel panic: stack is corrupted in {f}", NULL, begin_stack, NULL,
	  false },
	{ "corrupted stack end detected inside scheduler", "DoS", PANIC_FATAL,
	  BLAME_STALL, "kernel panic: corrupted stack end in {f}",
	  "stack-overflow in {f}", NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_panic = {
	.name = "panic",
	.summary = "kernel panics that nothing else explains",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_panic);
