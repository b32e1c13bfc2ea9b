/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages: freed in use, or not to be had. */
#include <string.h>

#include "symbolizer/dialect.h"

/* Who allocated the page matters more than who met it. */
static bool begin_bad(struct event *event, const struct logline *line, const char *at)
{
	(void)line;
	(void)at;
	strcpy(event->prefer, "page allocated");
	return true;
}

static const char *const harmless[] = { "__GFP_NOWARN", NULL };

static const struct pattern patterns[] = {
	{ "BUG: Bad page state", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: Bad page state in {f}", NULL, begin_bad, NULL, false },
	{ "BUG: Bad page map", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: Bad page map in {f}", NULL, NULL, NULL, false },
	{ "BUG: Bad rss-counter state", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_NOBODY,
	  "BUG: Bad rss-counter state", NULL, NULL, NULL, false, true },
	{ ": page allocation failure", "OOM", PANIC_NOTE, BLAME_ALLOCATION,
	  "page allocation failure in {f}", NULL, NULL, harmless, false },
	{ NULL },
};

static const struct dialect dialect_page = {
	.name = "page",
	.summary = "bad page state, page allocation failures",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_page);
