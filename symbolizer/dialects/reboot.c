/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine starts again without a word: a triple fault, a watchdog, the power. Told by
 * firmware or decompressor after a kernel has already spoken.
 */
#include <string.h>

#include "symbolizer/dialect.h"

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	(void)event;
	return line->after_kernel && !line->stamped && at == line->text;
}

static const struct pattern patterns[] = {
	{ "SeaBIOS (version", "REBOOT", PANIC_FATAL, BLAME_NOBODY,
	  "unexpected kernel reboot", NULL, begin, NULL, false },
	{ "Booting the kernel.", "REBOOT", PANIC_FATAL, BLAME_NOBODY,
	  "unexpected kernel reboot", NULL, begin, NULL, true },
	{ NULL },
};

static const struct dialect dialect_reboot = {
	.name = "reboot",
	.summary = "a machine that starts again without a word",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
};
REGISTER(dialect, dialect_reboot);
