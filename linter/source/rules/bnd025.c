/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "linter/source/source.h"

static const char *fault(const char *name)
{
	if (!strncmp(name, "My", 2) && isupper((unsigned char)name[2]))
		return "is a template's name";
	if (!strncmp(name, "Apple", 5) || !strncmp(name, "com_apple_", 10))
		return "is Apple's";
	if (!strncmp(name, "IO", 2) && isupper((unsigned char)name[2]))
		return "has the prefix of I/O Kit's own classes";
	return NULL;
}

/* The sources' half: the kernel has one name space for all classes of all kexts. */
static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const char *why;

	if (!unit->cplusplus || node->kind != NODE_RECORD || !node->name ||
	    !(node->flags & NODE_OSOBJECT) || !(node->flags & NODE_DEFINITION))
		return NULL;
	why = fault(node->name);
	if (!why)
		return NULL;
	return source_emit(linter, subject, &subject_source(subject)->files[node->file],
			   node->line, node->column, node->name,
			   "com_company_driver_Class is unique", "the class name %s %s",
			   node->name, why);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(BND025, run);
