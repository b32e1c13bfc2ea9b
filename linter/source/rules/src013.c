/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/array.h"
#include "linter/source/source.h"

static const struct {
	const char *name, *instead;
} old[] = {
	{ "strcpy", "strscpy()" },
	{ "strcat", "strlcat(), or scnprintf() from the start" },
	{ "strncpy", "strscpy(), strscpy_pad() or memcpy()" },
	{ "strlcpy", "strscpy()" },
	{ "sprintf", "scnprintf(); sysfs_emit() in a sysfs attribute" },
	{ "vsprintf", "vscnprintf()" },
	{ "simple_strtol", "kstrtol()" },
	{ "simple_strtoul", "kstrtoul()" },
	{ "simple_strtoll", "kstrtoll()" },
	{ "simple_strtoull", "kstrtoull()" },
};

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	if (node->kind != NODE_CALL || !node->name || node->macro)
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(old); i++)
		if (!strcmp(old[i].name, node->name))
			return source_emit_node(linter, subject, unit, node,
						old[i].instead,
						"%s() cannot tell that it went wrong",
						node->name);
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC013, run);
