/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/model.h"

#include <string.h>

#include "linter/source/text.h"

const struct node *node_subtree_end(const struct unit *unit, const struct node *node)
{
	const struct node *end = unit->nodes + unit->count;

	while (node > unit->nodes) {
		if (node->next)
			return &unit->nodes[node->next];
		node = &unit->nodes[node->parent];
	}
	return end;
}

const struct node *node_above(const struct unit *unit, const struct node *node,
			      enum node_kind kind)
{
	while (node > unit->nodes) {
		node = &unit->nodes[node->parent];
		if (node->kind == kind)
			return node;
	}
	return NULL;
}

const struct node *node_function(const struct unit *unit, const struct node *node)
{
	return node_above(unit, node, NODE_FUNCTION);
}

const struct node *call_argument(const struct unit *unit, const struct node *call,
				 unsigned int index)
{
	const struct node *it = node_child(unit, call);

	for (unsigned int i = 0; it && i <= index; i++)
		it = node_next(unit, it);
	return it;
}

const struct node *node_bare(const struct unit *unit, const struct node *node)
{
	while (node && node->child &&
	       (node->kind == NODE_CAST || node->kind == NODE_OTHER ||
		(node->kind == NODE_UNARY && node->name && !strcmp(node->name, "&")))) {
		const struct node *last = node_child(unit, node);

		/* a cast's last child is what is cast, its first may be the type */
		while (last->next)
			last = node_next(unit, last);
		node = last;
	}
	return node;
}

const struct node *node_find(const struct unit *unit, const struct node *node,
			     enum node_kind kind)
{
	if (node->kind == kind)
		return node;
	node_for_each_below(unit, node, it)
	{
		if (it->kind == kind)
			return it;
	}
	return NULL;
}

static bool is_parameter(const struct source_model *model, const char *name)
{
	model_for_each_file(model, file)
	{
		const struct lexed *l = &file->lexed;

		for (size_t i = 0; i < l->count; i++) {
			struct text_call call;

			if (!token_begins(l, &l->tokens[i], "module_param") ||
			    !text_call(l, i, &call))
				continue;
			for (size_t k = 0; k < 2 && k < call.count; k++)
				if (token_is(l, &l->tokens[call.arguments[k].first],
					     name))
					return true;
		}
	}
	return false;
}

/* Whether @name is a parameter of the module that is off unless the user sets it. */
static bool is_switch(const struct source_model *model, const struct unit *unit,
		      const char *name)
{
	unit_for_each(unit, node)
	{
		const struct node *value;

		if (node->kind != NODE_VARIABLE || node->flags & NODE_LOCAL ||
		    !node->name || strcmp(node->name, name))
			continue;
		value = node_find(unit, node, NODE_INTEGER);
		if (!value || !value->value)
			return is_parameter(model, name);
	}
	return false;
}

/* if (debug), if (priv->msg_enable & …), if (verbose > 1), if (some_parameter) */
static bool asks_for_debug(const struct source_model *model, const struct unit *unit,
			   const struct node *condition)
{
	const struct node *end = node_subtree_end(unit, condition);

	for (const struct node *it = condition; it < end; it++)
		if ((it->kind == NODE_REFERENCE || it->kind == NODE_MEMBER ||
		     it->kind == NODE_CALL) &&
		    it->name &&
		    (name_means_debug(it->name, strlen(it->name)) ||
		     strstr(it->name, "msg_enable") || strstr(it->name, "netif_msg") ||
		     (it->kind == NODE_REFERENCE &&
		      !(it->flags &
			(NODE_LOCAL | NODE_PARAMETER_REF | NODE_FUNCTION_REF)) &&
		      is_switch(model, unit, it->name))))
			return true;
	return false;
}

bool node_in_debug(const struct source_model *model, const struct unit *unit,
		   const struct node *node)
{
	const struct source_file *file = &model->files[node->file];

	if (lexed_line_flags(&file->lexed, node->line) & TOKEN_DEBUG)
		return true;
	if (node->macro && name_means_debug(node->macro, strlen(node->macro)))
		return true;
	for (const struct node *it = node; it > unit->nodes;
	     it = &unit->nodes[it->parent]) {
		const struct node *parent = &unit->nodes[it->parent];

		if (parent->kind == NODE_IF && node_child(unit, parent) != it &&
		    asks_for_debug(model, unit, node_child(unit, parent)))
			return true;
		if (it->kind == NODE_FUNCTION && it->name &&
		    name_means_debug(it->name, strlen(it->name)))
			return true;
	}
	return false;
}

bool name_in(const char *name, const char *const *list)
{
	for (; name && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}
