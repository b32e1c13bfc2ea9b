/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules without C: the "check" object of a rule file, see docs/house-rules.md. A matcher
 * names one kind of fact (a member's path, a key of Info.plist, a symbol …) and a
 * pattern; it fires for each fact that matches, or, with "absent", once for a file in
 * which none does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report/catalogue.h"

enum matcher_kind {
	MATCH_MEMBER,
	MATCH_PLIST,
	MATCH_MODINFO,
	MATCH_IMPORT,
	MATCH_SECTION,
	MATCH_STRING,
	MATCH_CALL,
	MATCH_DKMS,
	MATCH_KINDS,
};

/* Strings belong to the rule. */
struct matcher {
	const struct rule *rule;
	enum matcher_kind kind;
	const char *pattern;
	const char *value, *not_value; /* or NULL */
	bool absent;
	const char *in; /* glob of member paths, or NULL */
	const char *message, *hint;
};

/* Fails with file and JSON pointer. Only for rules whose check is an object. */
struct error *matcher_read(const struct rule *rule, struct matcher *ret);

/* All of a catalogue; the error of the first that is wrong. */
struct error *matchers_check(const struct catalogue *catalogue);

/* The pattern against a name: whole, * matches / too. */
bool matcher_matches(const char *pattern, const char *text);

/*
 * Whether a fact counts: its name matches the pattern, its value (NULL: has none) what
 * is asked of it.
 */
bool matcher_takes(const struct matcher *matcher, const char *name, const char *value);

/* Whether the member at @path is looked at. */
bool matcher_looks_at(const struct matcher *matcher, const char *path);
