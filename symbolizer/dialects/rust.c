/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code in Rust that panicked. Two lines say where and why, a BUG() with the stack
 * follows: "rust_kernel: panicked at drivers/x.rs:877:13:" and "attempt to subtract with
 * overflow".
 */
#include <string.h>

#include "symbolizer/dialect.h"

static const char mark[] = "rust_kernel: panicked at ";

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	/* Before Rust 1.73 the reason stood first: "panicked at 'reason', file:1:2". */
	const char *place = at + strlen(mark);

	if (place < line->text + line->length && *place == '\'')
		event_copy(event->what, line, place + 1, "'");
	else
		event_copy(event->file, line, place, NULL);
	return true;
}

static void read_line(struct event *event, const struct logline *line)
{
	if (!event->what[0])
		event_copy(event->what, line, line->text, NULL);
}

static const struct pattern patterns[] = {
	{ mark, "BUG", PANIC_SERIOUS, BLAME_FAULT, "{w} in {f}", "kernel BUG in {f}",
	  begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_rust = {
	.name = "rust",
	.summary = "code in Rust that panicked",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.line = read_line,
};
REGISTER(dialect, dialect_rust);
