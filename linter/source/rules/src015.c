/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "linter/source/source.h"
#include "linter/source/text.h"
#include "readers/bundle.h"

enum { HEAD_LINES = 5, HEADER_COMMENTS = 3 };

static bool holds(const struct lexed *l, const struct token *token, const char *text)
{
	return memmem(l->text.data + token->offset, token->length, text, strlen(text));
}

static struct error *look_keywords(struct linter *linter, const struct subject *subject,
				   const struct source_file *file,
				   const struct token *token)
{
	static const char *const keywords[] = { "$Id",	   "$Revision", "$Date",
						"$Author", "$Header",	"$Log",
						"$Source", NULL };

	for (size_t i = 0; keywords[i]; i++) {
		char closed[16], open[16];

		snprintf(closed, sizeof(closed), "%s$", keywords[i]);
		snprintf(open, sizeof(open), "%s:", keywords[i]);
		if (holds(&file->lexed, token, closed) ||
		    holds(&file->lexed, token, open))
			return source_emit(linter, subject, file, token->line,
					   token->column, keywords[i] + 1,
					   "take it out: version control knows",
					   "the version-control keyword $%s$ is in the "
					   "text",
					   keywords[i] + 1);
	}
	return NULL;
}

static struct error *look_file(struct linter *linter, const struct subject *subject,
			       const struct source_file *file)
{
	const struct lexed *l = &file->lexed;
	const char *base = path_base(file->path);
	bool licensed = false, named = false;
	struct error *error = NULL;
	size_t comments = 0;

	for (size_t i = 0; !error && i < l->count; i++) {
		const struct token *t = &l->tokens[i];

		if (t->kind == TOKEN_STRING || t->kind == TOKEN_COMMENT)
			error = look_keywords(linter, subject, file, t);
		if (error || t->kind != TOKEN_COMMENT)
			continue;
		licensed |=
			t->line <= HEAD_LINES && holds(l, t, "SPDX-License-Identifier:");
		if (comments++ < HEADER_COMMENTS && t->line <= 40 && !named &&
		    holds(l, t, base)) {
			named = true;
			error = source_emit(linter, subject, file, t->line, t->column,
					    NULL, "leave the name to the file system",
					    "the header names its own file, %s", base);
		}
	}
	if (!error && !licensed)
		error = source_emit(linter, subject, file, 1, 1, NULL,
				    "begin it with /* SPDX-License-Identifier: … */",
				    "no SPDX-License-Identifier in the first %d lines",
				    HEAD_LINES);
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = NULL;

	model_for_each_file(subject_source(subject), file)
	{
		if (!error && file->kernel && file->lexed.count)
			error = look_file(linter, subject, file);
	}
	return error;
}

SOURCE_CHECK(SRC015, run);
