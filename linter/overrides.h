/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A team's decisions about findings that stay: the file .bookend-overrides, one a line,
 *
 *	RULE GLOB [owner=WHO] [until=YYYY-MM-DD] -- REASON
 *
 * RULE is an id or a glob of ids; GLOB is held against the finding's path and every end
 * of it that begins at a folder's or container's border; * also matches /. The reason is
 * required. From the day after `until` on, the override does nothing. # begins a
 * comment line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/span.h"

struct error;

struct override {
	const char *rule, *glob, *reason;
	const char *owner, *until; /* or NULL */
	unsigned int line;
	size_t used; /* findings that it took out */
};

struct overrides {
	char *file;
	char *text; /* owns the strings */
	struct override *items;
	size_t count, capacity;
};

/* @name is for messages. A line that cannot be read is an error with its number. */
struct error *overrides_parse(const char *name, struct span text, struct overrides **ret);
struct error *overrides_read(const char *path, struct overrides **ret);
void overrides_destroy(struct overrides *overrides);
CLEANUP_DEFINE(struct overrides, overrides_destroy)

/* Whether @override is about a finding of @rule at @path. */
bool override_matches(const struct override *override, const char *rule,
		      const char *path);

/* @today as "2027-01-31". */
bool override_expired(const struct override *override, const char *today);
