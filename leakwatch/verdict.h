/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a census document to findings: what leaks, where it was allocated, how many
 * bytes in how many cycles, or the bound when nothing does.
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
	const char *path;	/* the .ko that was loaded */
	const char *debug_file; /* NULL: the .ko itself, or found by build-id */
};

struct leak_options {
	const struct leak_module *modules;
	size_t module_count;
	const char *const *source_folders; /* for the text of a line, NULL at the end */
};

/* Above this an object of a few passes only is no steady leak. */
enum leak_class {
	LEAK_GROWS,	  /* more is left with every so many passes */
	LEAK_ONCE,	  /* left behind once: kept or leaked, but it does not grow */
	LEAK_OUTSTANDING, /* handed on and young: may still be freed by its new owner */
};

/*
 * Adds findings LEAK001…, measurements "leaks.…" and the section "leaks" to @report.
 * Loss of events, missing hooks, or no load of a watched module are reported as not
 * checked (asked for), so that the verdict cannot be clean. Fails with ERROR_INPUT when
 * @census is no census document.
 */
struct error *leak_judge(const json_t *census, const struct leak_options *options,
			 struct report *report);
