/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a section of the report is shown, by its name: in whichever tool, and when the
 * report was read from a file too. Adding one: one C file report/view_NAME.c that ends
 * with a descriptor and REGISTER(section_view, …), and its line in report/report.ninja.
 * A section without a view is shown as its tool shows it, and on a page as tables.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/registry.h"

struct strbuf;
struct style;

struct section_view {
	const char *name;
	const char *title; /* on a page */
	int order;	   /* in text: before (< 0) or after the findings */
	/* It sums up the runs and the other sections: text shows them through it alone.
	 */
	bool owns_runs;
	void (*text)(const json_t *value, const struct style *style, struct strbuf *out);
	void (*html)(const json_t *value, struct strbuf *out);
};

REGISTRY(section_view);

/* NULL when there is none. */
const struct section_view *section_view_find(const char *name);

/* A member that is a count; 0 when it is not there. */
uint64_t view_count(const json_t *object, const char *key);
