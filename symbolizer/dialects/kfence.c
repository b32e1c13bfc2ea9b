/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KFENCE: "BUG: KFENCE: out-of-bounds write in f+0x…". */
#include <string.h>

#include "symbolizer/dialect.h"

static const struct {
	const char *what, *type;
} types[] = {
	{ "use-after-free write", "KFENCE-USE-AFTER-FREE-WRITE" },
	{ "use-after-free read", "KFENCE-USE-AFTER-FREE-READ" },
	{ "invalid free", "KFENCE-INVALID-FREE" },
	{ "memory corruption", "KFENCE-MEMORY-CORRUPTION" },
	{ "invalid write", "KFENCE-WRITE" },
	{ "out-of-bounds write", "KFENCE-WRITE" },
	{ "read", "KFENCE-READ" },
};

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	const char *what = at + strlen("BUG: KFENCE: "), *in;
	const char *end = line->text + line->length;

	if (what >= end)
		return false;
	event_copy(event->what, line, what, " in ");
	in = memmem(what, end - what, " in ", 4);
	if (in)
		event_copy_name(event->named, line, in + 4);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strstr(event->what, types[i].what)) {
			event->panic.type = types[i].type;
			break;
		}
	return true;
}

static const struct pattern patterns[] = {
	{ "BUG: KFENCE:", "KFENCE-READ", PANIC_SERIOUS, BLAME_NAMED, "KFENCE: {w} in {f}",
	  "bad-access in {f}", begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_kfence = {
	.name = "kfence",
	.summary = "KFENCE",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_kfence);
