/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a value to an attribute, and the one that stood there before. */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

struct sysfs_cycle {
	char *file, *value;
	char restore[4096];
	bool given; /* restore is the plan's */
};

static void sysfs_destroy(void *state)
{
	struct sysfs_cycle *s = state;

	free(s->file);
	free(s->value);
	free(s);
}

static struct error *sysfs_create(const json_t *options, const char *where, void **ret)
{
	const char *restore = json_string_value(json_object_get(options, "restore"));
	struct sysfs_cycle *s = calloc(1, sizeof(*s));

	if (!s)
		return error_nomem();
	s->file = strdup(json_string_value(json_object_get(options, "file")));
	s->value = strdup(json_string_value(json_object_get(options, "value")));
	if (!s->file || !s->value) {
		sysfs_destroy(s);
		return error_nomem();
	}
	if (restore && strlen(restore) >= sizeof(s->restore)) {
		sysfs_destroy(s);
		return error_new(ERROR_INPUT, "%s/restore is longer than an attribute",
				 where);
	}
	if (restore)
		strcpy(s->restore, restore);
	s->given = restore != NULL;
	*ret = s;
	return NULL;
}

/* "none [deadline] bfq": the word in brackets is the value that holds. */
static void keep_chosen(char *text)
{
	char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return;
	*close = 0;
	memmove(text, open + 1, strlen(open + 1) + 1);
}

static struct error *sysfs_prepare(void *state)
{
	struct sysfs_cycle *s = state;
	int rc;

	if (s->given)
		return NULL;
	rc = text_file_read(s->file, s->restore, sizeof(s->restore));
	if (rc)
		return error_errno(-rc,
				   "cannot read %s to restore it later (\"restore\" in "
				   "the plan can say what to write)",
				   s->file);
	keep_chosen(s->restore);
	return NULL;
}

static size_t sysfs_half(const void *state)
{
	(void)state;
	return 1;
}

static const char *sysfs_step_name(const void *state, size_t step)
{
	(void)state;
	return step ? "restore" : "write";
}

static int sysfs_step(void *state, size_t step)
{
	struct sysfs_cycle *s = state;

	return text_file_write(s->file, step ? s->restore : s->value);
}

static const char *sysfs_subject(const void *state)
{
	return ((const struct sysfs_cycle *)state)->file;
}

static const struct plan_key keys[] = {
	{ "file", PLAN_STRING, true, "path of the attribute" },
	{ "value", PLAN_STRING, true, "what to write" },
	{ "restore", PLAN_STRING, false,
	  "what to write afterwards; default: what stands there at the start" },
	{ NULL },
};

static const struct cycle_kind sysfs_kind = {
	.name = "sysfs",
	.summary = "write an attribute, and write it back",
	.keys = keys,
	.create = sysfs_create,
	.destroy = sysfs_destroy,
	.prepare = sysfs_prepare,
	.opening = sysfs_half,
	.closing = sysfs_half,
	.step_name = sysfs_step_name,
	.step = sysfs_step,
	.subject = sysfs_subject,
};
REGISTER(cycle_kind, sysfs_kind);
