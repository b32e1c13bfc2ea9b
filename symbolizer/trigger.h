/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All triggers of all dialects, looked for at once (Aho-Corasick). */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct dialect;
struct pattern;
struct triggers;

struct error *triggers_create(struct triggers **ret);
void triggers_destroy(struct triggers *triggers);
CLEANUP_DEFINE(struct triggers, triggers_destroy)

struct trigger_match {
	const struct dialect *dialect;
	const struct pattern *pattern;
	const char *at;
};

/*
 * Every match in the text goes to @ret, at most @limit of them, the longest triggers
 * first; gives their number.
 */
size_t triggers_find(const struct triggers *triggers, const char *text, size_t length,
		     struct trigger_match *ret, size_t limit);
