/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at what has to be so: a path that is there, or is not, or a file with a known
 * text. It changes nothing; it is for "health", before and after each half.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

struct check {
	char *path, *pattern; /* pattern: what the file has to hold */
	bool absent;
	char detail[512];
};

static void check_destroy(void *state)
{
	struct check *c = state;

	free(c->path);
	free(c->pattern);
	free(c);
}

static const char *text_of(const json_t *options, const char *key)
{
	return json_string_value(json_object_get(options, key));
}

static struct error *check_create(const json_t *options, const char *where, void **ret)
{
	const char *exists = text_of(options, "exists"), *file = text_of(options, "file");
	const char *absent = text_of(options, "absent"), *is = text_of(options, "is");
	const char *path = exists ? exists : absent ? absent : file;
	struct check *c;

	if (!!exists + !!absent + !!file != 1)
		return error_new(ERROR_INPUT,
				 "%s needs one of \"exists\", \"absent\" and \"file\"",
				 where);
	if (!file != !is)
		return error_new(ERROR_INPUT, "%s: \"file\" and \"is\" go together",
				 where);
	c = calloc(1, sizeof(*c));
	if (!c)
		return error_nomem();
	c->path = strdup(path);
	c->pattern = is ? strdup(is) : NULL;
	c->absent = absent != NULL;
	if (!c->path || (is && !c->pattern)) {
		check_destroy(c);
		return error_nomem();
	}
	*ret = c;
	return NULL;
}

static size_t check_opening(const void *state)
{
	(void)state;
	return 1;
}

static size_t check_closing(const void *state)
{
	(void)state;
	return 0;
}

static const char *check_step_name(const void *state, size_t step)
{
	const struct check *c = state;

	(void)step;
	return c->pattern ? "check text" : c->absent ? "check absence" : "check presence";
}

static int check_text(struct check *c)
{
	char text[4096];
	int rc = text_file_read(c->path, text, sizeof(text));

	if (rc) {
		snprintf(c->detail, sizeof(c->detail), "%s cannot be read", c->path);
		return rc;
	}
	if (!fnmatch(c->pattern, text, 0))
		return 0;
	snprintf(c->detail, sizeof(c->detail), "%s holds '%.100s', not '%.100s'", c->path,
		 text, c->pattern);
	return -EBADMSG;
}

static int check_step(void *state, size_t step)
{
	struct check *c = state;
	bool there;

	(void)step;
	if (c->pattern)
		return check_text(c);
	there = !faccessat(AT_FDCWD, c->path, F_OK, AT_SYMLINK_NOFOLLOW);
	if (there != c->absent)
		return 0;
	snprintf(c->detail, sizeof(c->detail), "%s is %s", c->path,
		 there ? "still there" : "not there");
	return there ? -EEXIST : -ENOENT;
}

static const char *check_detail(const void *state)
{
	const struct check *c = state;

	return *c->detail ? c->detail : NULL;
}

static const char *check_subject(const void *state)
{
	return ((const struct check *)state)->path;
}

static const struct plan_key keys[] = {
	{ "exists", PLAN_STRING, false, "a path that has to be there (else ENOENT)" },
	{ "absent", PLAN_STRING, false, "a path that must not be there (else EEXIST)" },
	{ "file", PLAN_STRING, false, "a file whose text has to be right" },
	{ "is", PLAN_STRING, false, "its text, or a pattern of it (else EBADMSG)" },
	{ NULL },
};

static const struct cycle_kind check_kind = {
	.name = "check",
	.summary = "look whether something is as it has to be",
	.keys = keys,
	.create = check_create,
	.destroy = check_destroy,
	.opening = check_opening,
	.closing = check_closing,
	.step_name = check_step_name,
	.step = check_step,
	.detail = check_detail,
	.subject = check_subject,
};
REGISTER(cycle_kind, check_kind);
