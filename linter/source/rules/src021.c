/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "linter/source/release_year.h"
#include "linter/source/source.h"

enum { GIT_SECONDS = 60 };

/* The newest year of a copyright notice, 0 without one; its token in @ret. */
static int notice_year(const struct lexed *l, const struct token **ret)
{
	int newest = 0;

	for (size_t i = 0; i < l->count && l->tokens[i].line < 60; i++) {
		const struct token *t = &l->tokens[i];
		const char *text = (const char *)l->text.data + t->offset;
		const char *end = text + t->length, *at;

		if (t->kind != TOKEN_COMMENT)
			continue;
		at = memmem(text, t->length, "opyright", 8);
		for (; at && at + 4 <= end; at++) {
			int year = 0;

			if (!isdigit((unsigned char)at[0]) ||
			    isalnum((unsigned char)at[-1]))
				continue;
			while (at < end && isdigit((unsigned char)*at) && year < 10000)
				year = year * 10 + (*at++ - '0');
			if (year > 1970 && year < 2100 && year > newest) {
				newest = year;
				*ret = t;
			}
		}
	}
	return newest;
}

/*
 * "@2024" lines, each before the files of its commits, newest first: the year of the
 * newest commit that touched @path, or 0.
 */
static int committed_year(const char *history, const char *path)
{
	const char *at = strstr(history, path);
	size_t length = strlen(path);

	while (at &&
	       ((at > history && at[-1] != '\n') || (at[length] != '\n' && at[length])))
		at = strstr(at + 1, path);
	while (at && at > history && *at != '@')
		at--;
	return at && *at == '@' ? atoi(at + 1) : 0;
}

/* Empty when @folder is under no version control, or git is not there. */
static struct strbuf git_history(const char *folder)
{
	const char *argv[] = { "git",
			       "log",
			       "--format=@%ad",
			       "--date=format:%Y",
			       "--name-only",
			       "--relative",
			       "--",
			       ".",
			       NULL };
	struct process_options options = {
		.folder = folder,
		.timeout_ns = GIT_SECONDS * 1000000000ULL,
		.keep_stderr = true,
	};
	struct process_result result = { 0 };
	_error_ struct error *error = NULL;

	if (!*folder || !process_found("git"))
		return result.output;
	error = process_run(argv, &options, &result);
	if (error || result.status)
		strbuf_truncate(&result.output, 0);
	return result.output;
}

static int file_year(const struct source_file *file)
{
	time_t seconds = (time_t)file->mtime;
	struct tm when;

	return file->mtime > 0 && gmtime_r(&seconds, &when) ? when.tm_year + 1900 : 0;
}

/*
 * Files are copied and unpacked, so that their dates may be those of the copy: what was
 * released is not newer than the newest entry of its changelog.
 */
static int dated_year(const struct source_file *file, const struct release_year *release)
{
	int year = file_year(file);

	return release->year && year > release->year ? release->year : year;
}

/* The notice that reaches furthest, for all files of a release. */
struct newest {
	const struct source_file *file;
	const struct token *token;
	int year;
};

static struct error *tell_release(struct linter *linter, const struct subject *subject,
				  const struct newest *newest,
				  const struct release_year *release)
{
	if (!newest->file || newest->year >= release->year)
		return NULL;
	return source_emit(linter, subject, newest->file, newest->token->line,
			   newest->token->column, NULL,
			   "add the year to the notices of the files that changed",
			   "no copyright notice reaches the release: the newest ends in "
			   "%d, %s is of %d",
			   newest->year, release->where, release->year);
}

static struct error *look_at(struct linter *linter, const struct subject *subject,
			     struct span history, const struct release_year *release)
{
	const struct source_model *model = subject_source(subject);
	struct newest newest = { 0 };
	struct error *error = NULL;
	bool told = false;

	model_for_each_file(model, file)
	{
		const char *path = file->disk + strlen(model->root);
		const struct token *token = NULL;
		int notice, changed;

		if (error || !file->kernel ||
		    !(notice = notice_year(&file->lexed, &token)))
			continue;
		if (notice > newest.year)
			newest = (struct newest){ file, token, notice };
		changed = history.size ? committed_year((const char *)history.data,
							path + (*path == '/'))
				       : dated_year(file, release);
		if (changed <= notice)
			continue;
		told = true;
		error = source_emit(linter, subject, file, token->line, token->column,
				    NULL, "add the year of the change",
				    "the copyright notice ends in %d, the newest change "
				    "is of %d",
				    notice, changed);
	}
	return error || told ? error : tell_release(linter, subject, &newest, release);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct source_model *model = subject_source(subject);
	_strbuf_ struct strbuf history = git_history(model->unpacked ? "" : model->root);
	struct release_year release = { 0 };
	struct error *error =
		history.length ? NULL : release_year_find(subject, &release);

	if (error)
		return error;
	return look_at(linter, subject,
		       (struct span){ (const uint8_t *)strbuf_string(&history),
				      history.length },
		       &release);
}

SOURCE_CHECK(SRC021, run);
