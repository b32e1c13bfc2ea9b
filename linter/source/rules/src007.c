/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/*
 * A return of an error between a goto to an unwind label and that label skips what the
 * label undoes. Told only when the goto's place dominates the return, and nothing that
 * the label calls was called in between.
 */

static bool is_error_value(const struct unit *unit, const struct node *ret)
{
	static const char *const names[] = { "err",	"error",  "ret", "rc",
					     "retval",	"result", "rv",	 "status",
					     "ret_val", NULL };
	const struct node *value = node_bare(unit, node_child(unit, ret));

	if (!value)
		return false;
	if (value->kind == NODE_UNARY)
		return value->name && !strcmp(value->name, "-");
	if (value->kind == NODE_CALL && value->name)
		return !strcmp(value->name, "dev_err_probe") ||
		       !strcmp(value->name, "PTR_ERR") || !strcmp(value->name, "ERR_PTR");
	return value->kind == NODE_REFERENCE && name_in(value->name, names);
}

static bool is_above(const struct unit *unit, const struct node *above,
		     const struct node *node)
{
	return node > above && node < node_subtree_end(unit, above);
}

/* The block whose statement (an if, mostly) the node stands in. */
static const struct node *outer_block(const struct unit *unit, const struct node *node)
{
	const struct node *it = node;

	do {
		const struct node *up = node_above(unit, it, NODE_IF);

		if (!up)
			return NULL;
		it = up;
	} while (node_parent(unit, it)->kind != NODE_BLOCK);
	return node_parent(unit, it);
}

static const struct node *find_label(const struct unit *unit, const struct node *function,
				     const char *name)
{
	node_for_each_below(unit, function, it)
	{
		if (it->kind == NODE_LABEL && it->name && !strcmp(it->name, name))
			return it;
	}
	return NULL;
}

static bool calls_between(const struct node *from, const struct node *to,
			  const char *name)
{
	for (const struct node *it = from; it < to; it++)
		if (it->kind == NODE_CALL && it->name && !strcmp(it->name, name))
			return true;
	return false;
}

/* Whether a function's name says that it undoes something. devm_ needs no undoing. */
static bool undoes(const char *name)
{
	static const char *const words[] = {
		"free",	    "put",    "release", "unlock",  "unregister",
		"destroy",  "remove", "disable", "iounmap", "unmap",
		"cleanup",  "deinit", "abort",	 "close",   "unprepare",
		"drop",	    "unref",  "_exit",	 "del_",    "detach",
		"rollback", "commit", "uninit",	 "consume", NULL
	};

	if (!strncmp(name, "devm_", 5))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

/* Whether the branch that returns undoes things by itself, in whatever way. */
static bool branch_undoes(const struct unit *unit, const struct node *ret)
{
	const struct node *branch = ret;

	while (branch > unit->nodes && node_parent(unit, branch)->kind != NODE_IF)
		branch = node_parent(unit, branch);
	for (const struct node *it = branch; it < ret; it++)
		if (it->kind == NODE_CALL && it->name && undoes(it->name))
			return true;
	return false;
}

/* "if (thing) put(thing);": what was not taken yet is not given back. */
static bool is_guarded(const struct unit *unit, const struct node *label,
		       const struct node *call)
{
	const struct node *argument = node_bare(unit, call_argument(unit, call, 0));
	const struct node *guard = node_above(unit, call, NODE_IF), *condition;

	if (!guard || guard < label || !argument || !argument->name)
		return false;
	condition = node_child(unit, guard);
	for (const struct node *it = condition; it < node_subtree_end(unit, condition);
	     it++)
		if (it->kind == argument->kind && it->name &&
		    !strcmp(it->name, argument->name))
			return true;
	return false;
}

/* A call from the label to the function's end that was not made before the return. */
static const struct node *cleanup_skipped(const struct unit *unit,
					  const struct node *function,
					  const struct node *label,
					  const struct node *jump, const struct node *ret)
{
	const struct node *end = node_subtree_end(unit, function);
	const struct node *found = NULL;

	for (const struct node *it = label; it < end; it++) {
		const struct node *call = it;

		if (call->kind != NODE_CALL || !call->name || call->macro ||
		    !undoes(call->name) || is_guarded(unit, label, call))
			continue;
		if (calls_between(jump, ret, call->name))
			return NULL;
		if (!found)
			found = call;
	}
	return found;
}

static struct error *look_return(struct linter *linter, const struct subject *subject,
				 const struct unit *unit, const struct node *function,
				 const struct node *ret)
{
	for (const struct node *it = function; it < ret; it++) {
		const struct node *block, *label, *skipped;

		if (it->kind != NODE_GOTO || !it->name)
			continue;
		block = outer_block(unit, it);
		label = find_label(unit, function, it->name);
		if (!block || !label || label < ret || !is_above(unit, block, ret) ||
		    is_above(unit, label, ret))
			continue;
		skipped = cleanup_skipped(unit, function, label, it, ret);
		if (!skipped)
			continue;
		return source_emit_node(linter, subject, unit, ret,
					"set the error, then goto the label",
					"returns past the label %s, which would have "
					"called %s()",
					label->name, skipped->name);
	}
	return NULL;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const struct node *function;

	if (node->kind != NODE_RETURN || node->macro ||
	    !node_above(unit, node, NODE_IF) || !is_error_value(unit, node) ||
	    branch_undoes(unit, node))
		return NULL;
	function = node_function(unit, node);
	return function ? look_return(linter, subject, unit, function, node) : NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC007, run);
