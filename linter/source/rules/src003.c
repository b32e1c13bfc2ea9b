/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/text.h"

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
	    (!strcmp(name, "DEBUG") || !strcmp(name, "_DEBUG") ||
	     !strcmp(name, "VERBOSE_DEBUG")))
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
