/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a census document to findings: what leaks, where it was allocated, how many
 * bytes in how many passes, or the bound when nothing does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"

struct error;

/* Where a module's symbols are. */
struct leak_module {
	const char *name;	/* as in /proc/modules; '-' and '_' are the same */
	const char *path;	/* the .ko that was loaded, or NULL */
	const char *debug_file; /* file or folder of debug files; NULL: the .ko itself */
};

struct leak_options {
	const struct leak_module *modules;
	size_t module_count;
	/* What steps cost, measured: [{what, subject, bytes, first, passes}]; or NULL. */
	const json_t *costs;
	const char *const *source_folders; /* for the text of a line; NULL end, or NULL */
};

/*
 * Adds findings LEAK001…, measurements "leaks.…" and the section "leaks" to @report.
 * Loss of events and missing hooks are reported as not checked (asked for), so that the
 * verdict cannot be clean. Fails with ERROR_INPUT when @census is no census document,
 * or when it saw no load of a module it should watch: such a census proves nothing.
 */
struct error *leak_judge(const json_t *census, const struct leak_options *options,
			 struct report *report);
