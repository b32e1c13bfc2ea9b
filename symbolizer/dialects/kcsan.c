/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KCSAN: "BUG: KCSAN: data-race in f / g", then a stack for each side. */
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *in = memmem(at, line->text + line->length - at, " in ", 4);

	if (in)
		event_copy_name(event->named, line, in + 4);
	return true;
}

static const struct pattern patterns[] = {
	{ "BUG: KCSAN: data-race", "KCSAN-DATARACE", PANIC_NOTE, BLAME_GIVEN,
	  "KCSAN: data-race in {f}", NULL, begin, NULL, false },
	{ "BUG: KCSAN: assert:", "KCSAN-ASSERT", PANIC_NOTE, BLAME_GIVEN,
	  "KCSAN: assert: race in {f}", NULL, begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_kcsan = {
	.name = "kcsan",
	.summary = "KCSAN data races",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_kcsan);
