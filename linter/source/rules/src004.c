/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	static const char *const macros[] = { "BUG", "BUG_ON", NULL };
	bool panics = node->kind == NODE_CALL && node->name &&
		      (!strcmp(node->name, "panic") || !strcmp(node->name, "nmi_panic"));
	bool bug = node->kind == NODE_ASM && node->macro && name_in(node->macro, macros);

	/* I/O Kit has a rule of its own (SRC022) */
	if (unit->cplusplus || (!panics && !bug) ||
	    node_in_debug(subject_source(subject), unit, node))
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"return an error; WARN_ON_ONCE() if it must be seen",
				"%s stops the customer's machine",
				node->macro ? node->macro : node->name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC004, run);
