/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was found before a team began to look: findings with these fingerprints are not
 * told again, new ones are. A JSON file, "bookend-baseline/1".
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "common/cleanup.h"

struct error;
struct report;

struct baseline_entry {
	const char *fingerprint, *rule, *path, *message;
	size_t count, used;
};

struct baseline {
	json_t *json;			/* owns the strings */
	struct baseline_entry *entries; /* sorted by fingerprint */
	size_t count;
};

/* Syntax errors name the line, others the JSON pointer. */
struct error *baseline_read(const char *path, struct baseline **ret);
void baseline_destroy(struct baseline *baseline);
CLEANUP_DEFINE(struct baseline, baseline_destroy)

/* The entry of a fingerprint, or NULL. */
struct baseline_entry *baseline_find(const struct baseline *baseline,
				     const char *fingerprint);

/* Writes all findings of @report. */
struct error *baseline_write(const char *path, const struct report *report);
