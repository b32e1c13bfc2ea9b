/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmemleak: "unreferenced object 0x… (size 64):", then the stack of the allocation. */
#include <string.h>

#include "symbolizer/dialect.h"

static const struct pattern patterns[] = {
	{ "unreferenced object 0x", "LEAK", PANIC_NOTE, BLAME_ALLOCATION,
	  "memory leak in {f}", NULL, NULL, NULL, false },
	{ NULL },
};

static const struct dialect dialect_leak = {
	.name = "leak",
	.summary = "kmemleak",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_leak);
