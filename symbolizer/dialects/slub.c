/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SLUB's own checks: "BUG kmalloc-64 (Tainted: G): Poison overwritten". */
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *colon = memmem(at, line->text + line->length - at, "): ", 3);

	if (!colon)
		return false;
	event_copy(event->what, line, colon + 3, NULL);
	return true;
}

/* Before 4.9 KASAN borrowed the words; it has its own line above. */
static const char *const borrowed[] = { "kasan: bad access detected", NULL };

static const struct pattern patterns[] = {
	{ " (Not tainted): ", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: slab: {w} in {f}", NULL, begin, borrowed, false },
	{ " (Tainted: ", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: slab: {w} in {f}", NULL, begin, borrowed, false },
	{ ": Objects remaining on kmem_cache_close", "MEMORY_SAFETY_BUG", PANIC_SERIOUS,
	  BLAME_STACK, "BUG: slab: objects left in a destroyed cache in {f}", NULL, NULL,
	  NULL, false },
	{ "Slab cache still has objects", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: slab: objects left in a destroyed cache in {f}", NULL, NULL, NULL,
	  false },
	{ NULL },
};

static const struct dialect dialect_slub = {
	.name = "slub",
	.summary = "SLUB: overwritten poison and red zones, objects left behind",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_slub);
