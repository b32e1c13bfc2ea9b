/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/array.h"
#include "linter/source/source.h"
#include "linter/source/text.h"

static const char *const user_land[] = {
	"stdio.h",	"stdlib.h", "string.h",	  "unistd.h",	 "errno.h",
	"assert.h",	"ctype.h",  "fcntl.h",	  "pthread.h",	 "signal.h",
	"time.h",	"math.h",   "strings.h",  "sys/ioctl.h", "sys/stat.h",
	"sys/socket.h", "stdint.h", "inttypes.h", NULL
};
/* What an Apple kext may include of these. */
static const char *const also_in_xnu[] = { "string.h",	 "stdint.h",	 "sys/ioctl.h",
					   "sys/stat.h", "sys/socket.h", NULL };
static const char *const user_prefixes[] = { "CoreFoundation/", "Foundation/",
					     "IOKit/IOKitLib.h", "IOKit/IOCFPlugIn.h",
					     "ApplicationServices/" };
/* Below these the kernel keeps what is its own. */
static const char *const private_prefixes[] = { "kernel/",   "mm/",    "fs/",
						"net/core/", "block/", "init/",
						"drivers/",  "../" };

static bool is_private(const char *path, bool angled)
{
	for (size_t i = 0; i < ARRAY_LENGTH(private_prefixes); i++) {
		const char *prefix = private_prefixes[i];

		if (!strcmp(prefix, "../")) {
			/* "../../../drivers/x.h" leaves the driver for the kernel */
			const char *in = strstr(path, "/drivers/");

			if (!angled && !strncmp(path, "../", 3) &&
			    (in || strstr(path, "/fs/") || strstr(path, "/kernel/")))
				return true;
		} else if (angled && !strncmp(path, prefix, strlen(prefix))) {
			return true;
		}
	}
	return false;
}

/* C of an I/O Kit project; one of Linux in the same tree says so itself. */
static bool is_apples(const struct source_model *model, const struct source_file *file)
{
	return file->cplusplus ||
	       (model->apple && !memmem(file->text.data, file->text.size, "<linux/", 7));
}

static bool is_user(const struct source_model *model, const struct source_file *file,
		    const char *path, bool angled)
{
	for (size_t i = 0; i < ARRAY_LENGTH(user_prefixes); i++)
		if (file->cplusplus &&
		    !strncmp(path, user_prefixes[i], strlen(user_prefixes[i])))
			return true;
	return angled && name_in(path, user_land) &&
	       !(is_apples(model, file) && name_in(path, also_in_xnu));
}

/* "#ifndef X" before anything else of the file, followed by "#define X". */
static bool is_guard(const struct lexed *l, size_t hash, const struct token *word)
{
	size_t at = SIZE_MAX, index;
	const struct token *first = lexed_next(l, at, &index), *define;

	if (index != hash || !first || !token_is(l, word, "ifndef"))
		return false;
	lexed_next(l, index, &index);
	lexed_next(l, index, &index);
	lexed_next(l, index, &index);
	define = lexed_next(l, index, &index);
	return define && token_is(l, define, "define");
}

static bool asks_for_kernel(const struct lexed *l, const struct token *word, size_t at)
{
	for (const struct token *name = word; name && name->line == word->line;
	     name = lexed_next(l, at, &at))
		if (token_is(l, name, "__KERNEL__") || token_is(l, name, "KERNEL"))
			return true;
	return false;
}

/*
 * Whether it stands in a branch of its file that is for user programs (below #ifdef
 * __KERNEL__, whichever half) or, with @any, for whatever other build, save that the
 * guard of the file is open.
 */
static bool in_branch(const struct lexed *l, size_t index, bool any)
{
	int depth = 0;

	while (index--) {
		const struct token *t = &l->tokens[index], *word;
		size_t at;

		if (!(t->flags & TOKEN_HASH))
			continue;
		word = lexed_next(l, index, &at);
		if (!word)
			continue;
		if (token_is(l, word, "endif"))
			depth++;
		else if (token_begins(l, word, "if") && depth)
			depth--;
		else if (token_begins(l, word, "if") &&
			 (any ? !is_guard(l, index, word) : asks_for_kernel(l, word, at)))
			return true;
	}
	return false;
}

/*
 * Whether the file was read as kbuild compiles it: then no header of user programs is on
 * the include path, so one that is named stands in a branch for another build.
 */
static bool was_compiled(const struct source_model *model, const struct source_file *file)
{
	uint32_t index = (uint32_t)(file - model->files);

	model_for_each_unit(model, unit)
	{
		bool without = false;

		if (!unit->primary || unit->status != UNIT_PARSED)
			continue;
		for (const char *const *it = unit->arguments; *it; it++)
			without |= !strcmp(*it, "-nostdinc");
		if (!without)
			continue;
		if (!strcmp(unit->file, file->disk))
			return true;
		unit_for_each(unit, node)
		{
			if (node->file == index && node > unit->nodes)
				return true;
		}
	}
	return false;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, size_t index)
{
	const struct lexed *l = &file->lexed;
	const struct token *token = &l->tokens[index];
	char path[256];
	bool angled;

	if (token->kind != TOKEN_STRING || !(token->flags & TOKEN_DIRECTIVE) ||
	    index < 2 || token->flags & TOKEN_DEAD ||
	    !(token_is(l, &l->tokens[index - 1], "include") ||
	      token_is(l, &l->tokens[index - 1], "import")))
		return NULL;
	angled = l->text.data[token->offset] == '<';
	text_unquote(l, token, path, sizeof(path));
	if (in_branch(l, index, false))
		return NULL;
	if (is_user(subject_source(subject), file, path, angled) &&
	    (is_apples(subject_source(subject), file) ||
	     (!in_branch(l, index, true) &&
	      !was_compiled(subject_source(subject), file))))
		return source_emit(linter, subject, file, token->line, token->column,
				   path, "use the kernel's own header",
				   "%s is a header of user programs", path);
	if (is_private(path, angled))
		return source_emit(linter, subject, file, token->line, token->column,
				   path,
				   "use what include/ offers, or bring your own copy",
				   "%s is private to the kernel: no release keeps it",
				   path);
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_token(linter, subject, look);
}

SOURCE_CHECK(SRC025, run);
