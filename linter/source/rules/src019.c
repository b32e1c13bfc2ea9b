/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* A local that holds what the registry itself holds. */
static bool from_registry(const struct unit *unit, const struct node *value)
{
	static const char *const calls[] = { "getProperty", "getPropertyTable", NULL };
	const struct node *end = node_subtree_end(unit, value);

	for (const struct node *it = value; it < end; it++)
		if (it->kind == NODE_CALL && name_in(it->name, calls))
			return true;
	return false;
}

static const struct node *holder(const struct unit *unit, const struct node *function,
				 const char *name, const struct node *before)
{
	for (const struct node *it = function; it < before; it++) {
		const struct node *left;

		if (it->kind == NODE_VARIABLE && it->name && !strcmp(it->name, name) &&
		    from_registry(unit, it))
			return it;
		if (it->kind != NODE_BINARY || !it->name || strcmp(it->name, "="))
			continue;
		left = node_bare(unit, node_child(unit, it));
		if (left && left->name && !strcmp(left->name, name) &&
		    from_registry(unit, it))
			return it;
	}
	return NULL;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	static const char *const changes[] = {
		"setObject",	   "removeObject",  "merge",
		"flushCollection", "replaceObject", "setOptions",
		"appendBytes",	   "setCapacity",   NULL
	};
	const struct node *member, *object, *function;

	if (!unit->cplusplus || node->kind != NODE_CALL || !name_in(node->name, changes))
		return NULL;
	member = node_find(unit, node, NODE_MEMBER);
	object = member && member->child ? node_bare(unit, node_child(unit, member))
					 : NULL;
	function = node_function(unit, node);
	if (!object || object->kind != NODE_REFERENCE || !object->name || !function ||
	    !holder(unit, function, object->name, node))
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"copyCollection(), change the copy, then setProperty()",
				"%s() changes '%s', a collection that the registry "
				"publishes",
				node->name, object->name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC019, run);
