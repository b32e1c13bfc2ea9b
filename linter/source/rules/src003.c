/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "linter/source/source.h"
#include "linter/source/text.h"

static bool is_well_known(const char *name)
{
	return !strcmp(name, "DEBUG") || !strcmp(name, "_DEBUG") ||
	       !strcmp(name, "VERBOSE_DEBUG");
}

static bool ends_in_debug(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, "_DEBUG");
}

/* Whether "#ifdef NAME" or "#if … NAME …" stands anywhere in the file. */
static bool is_asked_for(const struct lexed *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct token *hash = &l->tokens[i], *word;
		size_t at = i;

		if (!(hash->flags & TOKEN_HASH))
			continue;
		word = lexed_next(l, at, &at);
		if (!word || (!token_is(l, word, "if") && !token_is(l, word, "ifdef") &&
			      !token_is(l, word, "elif")))
			continue;
		for (const struct token *t = word; t && t->line == hash->line;
		     t = lexed_next(l, at, &at))
			if (token_is(l, t, name))
				return true;
	}
	return false;
}

/* "#define X_DEBUG" or "#define X_DEBUG 1", but not 0 and no macro with arguments. */
static bool switches_on(const struct lexed *l, const struct token *name, size_t at)
{
	const struct token *value = lexed_next(l, at, &at);
	char text[32];

	if (!value || value->line != name->line)
		return true;
	text_copy(l, value, text, sizeof(text));
	return value->kind == TOKEN_NUMBER && strtoul(text, NULL, 0);
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, size_t index)
{
	const struct lexed *l = &file->lexed;
	const struct token *hash = &l->tokens[index], *word, *next;
	char name[64];
	size_t at;

	if (!(hash->flags & TOKEN_HASH) || hash->flags & (TOKEN_DEAD | TOKEN_DEBUG))
		return NULL;
	word = lexed_next(l, index, &at);
	next = word ? lexed_next(l, at, &at) : NULL;
	if (!next || next->line != hash->line)
		return NULL;
	text_copy(l, next, name, sizeof(name));
	if (token_is(l, word, "if") && !strcmp(name, "0"))
		return source_emit(linter, subject, file, hash->line, hash->column, NULL,
				   "take the code out: version control keeps it",
				   "code is left behind #if 0");
	if (token_is(l, word, "define") && next->kind == TOKEN_IDENTIFIER &&
	    (is_well_known(name) ||
	     (ends_in_debug(name) && switches_on(l, next, at) && is_asked_for(l, name))))
		return source_emit(linter, subject, file, hash->line, hash->column, name,
				   "switch debugging on from the build, for debug builds",
				   "%s is defined in the source, so a release has it too",
				   name);
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_token(linter, subject, look);
}

SOURCE_CHECK(SRC003, run);
