/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/matcher.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

static const char *const kind_names[MATCH_KINDS] = {
	[MATCH_MEMBER] = "member",   [MATCH_PLIST] = "plist",
	[MATCH_MODINFO] = "modinfo", [MATCH_IMPORT] = "import",
	[MATCH_SECTION] = "section", [MATCH_STRING] = "string",
	[MATCH_CALL] = "call",	     [MATCH_DKMS] = "dkms",
};

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "value", offsetof(struct matcher, value) },
	{ "not_value", offsetof(struct matcher, not_value) },
	{ "in", offsetof(struct matcher, in) },
	{ "message", offsetof(struct matcher, message) },
	{ "hint", offsetof(struct matcher, hint) },
};

static struct error *content(const struct rule *rule, const char *key, const char *why)
{
	return error_new(ERROR_INPUT, "%s: /check%s%s: %s", rule->file, *key ? "/" : "",
			 key, why);
}

static struct error *read_text(const struct rule *rule, const char *key,
			       const json_t *value, const char **ret)
{
	const char *text = json_string_value(value);

	if (!text || !*text)
		return content(rule, key, "must be a string that is not empty");
	*ret = text;
	return NULL;
}

static struct error *read_key(const struct rule *rule, const char *key,
			      const json_t *value, struct matcher *m)
{
	for (int kind = 0; kind < MATCH_KINDS; kind++) {
		if (strcmp(kind_names[kind], key))
			continue;
		if (m->pattern)
			return content(rule, key,
				       "a rule can match only one kind of thing");
		m->kind = kind;
		return read_text(rule, key, value, &m->pattern);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (!strcmp(texts[i].key, key))
			return read_text(rule, key, value,
					 (const char **)((char *)m + texts[i].offset));
	if (strcmp(key, "absent"))
		return content(rule, key, "unknown key");
	if (!json_is_boolean(value))
		return content(rule, key, "must be true or false");
	m->absent = json_is_true(value);
	return NULL;
}

/* A message is used as text around at most one %s, never as a format. */
static struct error *check_message(const struct matcher *m)
{
	const char *at = m->message ? strchr(m->message, '%') : NULL;

	for (size_t count = 0; at; at = strchr(at + 1, '%'))
		if (at[1] != 's' || count++)
			return content(
				m->rule, "message",
				"may have one %s for what matched, and no other %");
	return NULL;
}

struct error *matcher_read(const struct rule *rule, struct matcher *ret)
{
	struct matcher m = { .rule = rule };
	struct error *error = NULL;
	const char *key;
	json_t *value;
	bool has_value;

	json_object_foreach((json_t *)rule->check, key, value)
	{
		if (!error)
			error = read_key(rule, key, value, &m);
	}
	if (error)
		return error;
	if (!m.pattern)
		return content(rule, "",
			       "needs one of member, plist, modinfo, import, section, "
			       "string, call, dkms");
	has_value =
		m.kind == MATCH_PLIST || m.kind == MATCH_MODINFO || m.kind == MATCH_DKMS;
	if (m.value && !has_value)
		return content(rule, "value", "only plist, modinfo and dkms have values");
	if (m.not_value && !has_value)
		return content(rule, "not_value",
			       "only plist, modinfo and dkms have values");
	error = check_message(&m);
	if (error)
		return error;
	*ret = m;
	return NULL;
}

struct error *matchers_check(const struct catalogue *catalogue)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < catalogue_count(catalogue); i++) {
		const struct rule *rule = catalogue_at(catalogue, i);
		struct matcher m;

		if (json_is_object(rule->check))
			error = matcher_read(rule, &m);
		else if (strcmp(json_string_value(rule->check), "builtin") &&
			 strcmp(json_string_value(rule->check), "run"))
			error = content(rule, "",
					"must be \"builtin\", \"run\" or a matcher");
	}
	return error;
}

bool matcher_matches(const char *pattern, const char *text)
{
	/* MAKE[0] is a directive before it is a set */
	return !strcmp(pattern, text) || !fnmatch(pattern, text, 0);
}

bool matcher_takes(const struct matcher *m, const char *name, const char *value)
{
	if (!matcher_matches(m->pattern, name))
		return false;
	if (m->value && (!value || !matcher_matches(m->value, value)))
		return false;
	return !m->not_value || (value && !matcher_matches(m->not_value, value));
}

bool matcher_looks_at(const struct matcher *m, const char *path)
{
	return !m->in || matcher_matches(m->in, path);
}
