/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule catalogue: rules/ID.json, one file a rule, for static rules and for what
 * runs can find alike. Format: docs/schema/rule.schema.json.
 */
#pragma once

#include <jansson.h>

#include "common/cleanup.h"
#include "report/finding.h"

enum profile { PROFILE_DEV, PROFILE_CI, PROFILE_RELEASE, PROFILE_COUNT };

extern const char *const profile_names[]; /* NULL at the end */

struct rule {
	const char *id;
	const char *title;
	enum level levels[PROFILE_COUNT];
	const char *const
		*subjects;	 /* "ko", "kext", "package", "source", "run"; NULL end */
	const char *since;	 /* bookend's version */
	const char *explanation; /* paragraphs, plain text */
	const char *bad, *good;	 /* examples; may be NULL */
	const char *const *references; /* NULL end */
	const json_t *check;	       /* "builtin" or a matcher object, see linter/ */
	const char *file;	       /* where it was read from */
};

struct catalogue;

/*
 * Reads every *.json of @folder; NULL: bookend's own rules. A broken file is an error
 * with line (syntax) or JSON pointer (content).
 */
struct error *catalogue_create(const char *folder, struct catalogue **ret);

/* Adds a further folder's rules; an id that is already there is an error. */
struct error *catalogue_add(struct catalogue *catalogue, const char *folder);
void catalogue_destroy(struct catalogue *catalogue);
CLEANUP_DEFINE(struct catalogue, catalogue_destroy)

/* NULL when unknown. Rules live as long as the catalogue. */
const struct rule *catalogue_find(const struct catalogue *catalogue, const char *id);
size_t catalogue_count(const struct catalogue *catalogue);
const struct rule *catalogue_at(const struct catalogue *catalogue, size_t index);
