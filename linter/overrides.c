/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/overrides.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"

void overrides_destroy(struct overrides *overrides)
{
	if (!overrides)
		return;
	free(overrides->file);
	free(overrides->text);
	free(overrides->items);
	free(overrides);
}

static bool is_date(const char *text)
{
	int year, month, day, used = 0;

	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return false;
	return sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 &&
	       used == 10 && !text[10] && month >= 1 && month <= 12 && day >= 1 &&
	       day <= 31;
}

static struct error *bad_line(const struct overrides *o, unsigned int line,
			      const char *why, const char *word)
{
	return error_new(ERROR_INPUT,
			 "%s:%u: %s%s (RULE GLOB [owner=WHO] [until=YYYY-MM-DD] -- "
			 "REASON)",
			 o->file, line, why, word);
}

/* Cuts the next word off *@at, "" at the end. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t"), *end = word + strcspn(word, " \t");

	*at = *end ? end + 1 : end;
	*end = 0;
	return word;
}

static struct error *read_options(const struct overrides *o, struct override *override,
				  char *text)
{
	for (;;) {
		char *word = next_word(&text);

		if (!*word)
			return NULL;
		if (!strncmp(word, "owner=", 6) && word[6])
			override->owner = word + 6;
		else if (!strncmp(word, "until=", 6) && is_date(word + 6))
			override->until = word + 6;
		else if (!strncmp(word, "until=", 6))
			return bad_line(o, override->line, "no date: ", word + 6);
		else
			return bad_line(o, override->line, "unknown word: ", word);
	}
}

/* @line is cut up in place. */
static struct error *read_line(struct overrides *o, char *line, unsigned int number)
{
	struct override override = { .line = number };
	char *dashes, *reason;
	size_t length = strlen(line);
	struct error *error;

	while (length && isspace((unsigned char)line[length - 1]))
		line[--length] = 0;
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	dashes = strstr(line, " -- ");
	reason = dashes ? dashes + 4 + strspn(dashes + 4, " \t") : NULL;
	if (!reason || !*reason)
		return bad_line(o, number, "the reason is missing", "");
	*dashes = 0;
	override.reason = reason;
	override.rule = next_word(&line);
	override.glob = next_word(&line);
	if (!*override.glob)
		return bad_line(o, number, "the glob of paths is missing", "");
	error = read_options(o, &override, line);
	if (error)
		return error;
	if (!array_grow(o->items, o->count, o->capacity))
		return error_nomem();
	o->items[o->count++] = override;
	return NULL;
}

struct error *overrides_parse(const char *name, struct span text, struct overrides **ret)
{
	_cleanup_(overrides_destroy) struct overrides *o = calloc(1, sizeof(*o));
	struct error *error = NULL;
	unsigned int number = 1;
	char *line;

	if (!o)
		return error_nomem();
	o->file = strdup(name);
	o->text = strndup((const char *)text.data, text.size);
	if (!o->file || !o->text)
		return error_nomem();
	if (strlen(o->text) != text.size)
		return error_new(ERROR_INPUT, "%s: holds a NUL byte: this is no text",
				 name);
	line = o->text;
	while (!error && *line) {
		char *end = line + strcspn(line, "\n"), *next = *end ? end + 1 : end;

		*end = 0;
		error = read_line(o, line, number++);
		line = next;
	}
	if (error)
		return error;
	*ret = take(o);
	return NULL;
}

struct error *overrides_read(const char *path, struct overrides **ret)
{
	_mapping_ struct mapping file = { 0 };
	struct error *error = file_map(path, &file);

	return error ? error : overrides_parse(path, file.bytes, ret);
}

bool override_matches(const struct override *override, const char *rule, const char *path)
{
	if (fnmatch(override->rule, rule, 0))
		return false;
	if (!path)
		path = "";
	if (!fnmatch(override->glob, path, 0))
		return true;
	for (; *path; path++)
		if ((*path == '/' || *path == '!') &&
		    !fnmatch(override->glob, path + 1, 0))
			return true;
	return false;
}

bool override_expired(const struct override *override, const char *today)
{
	return override->until && strcmp(today, override->until) > 0;
}
