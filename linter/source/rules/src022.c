/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/logs.h"
#include "linter/source/source.h"

static const char *stops(const struct node *node)
{
	static const char *const calls[] = { "panic", "Assert", "__assert", NULL };

	return node->kind == NODE_CALL && name_in(node->name, calls)
		       ? (node->macro ? node->macro : node->name)
		       : NULL;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const char *name = stops(node);
	struct log_call log;

	if (!unit->cplusplus)
		return NULL;
	if (!name && log_look(unit, node, &log) && log.kind == LOG_APPLE && !log.dead)
		name = log.name;
	if (!name || node_in_debug(subject_source(subject), unit, node))
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"put it behind a macro that only debug builds define",
				"%s() is in the release build", name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC022, run);
