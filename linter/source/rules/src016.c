/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/text.h"

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, size_t index)
{
	static const char *const names[] = { "__DATE__", "__TIME__", "__TIMESTAMP__",
					     NULL };
	const struct token *token = &file->lexed.tokens[index];
	char name[32];

	if (token->kind != TOKEN_IDENTIFIER || token->flags & (TOKEN_DEAD | TOKEN_DEBUG))
		return NULL;
	text_copy(&file->lexed, token, name, sizeof(name));
	if (!name_in(name, names))
		return NULL;
	return source_emit(linter, subject, file, token->line, token->column, name,
			   "say the version instead: MODULE_VERSION()",
			   "%s makes every build another binary", name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_token(linter, subject, look);
}

SOURCE_CHECK(SRC016, run);
