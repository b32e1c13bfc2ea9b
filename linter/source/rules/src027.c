/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/array.h"
#include "linter/source/source.h"

/* What hands out a reference, and what gives it back. */
static const struct {
	const char *get, *put;
} pairs[] = {
	{ "of_find_node_by_name", "of_node_put" },
	{ "of_find_node_by_path", "of_node_put" },
	{ "of_find_compatible_node", "of_node_put" },
	{ "of_find_matching_node", "of_node_put" },
	{ "of_find_node_by_phandle", "of_node_put" },
	{ "of_get_parent", "of_node_put" },
	{ "of_get_child_by_name", "of_node_put" },
	{ "of_parse_phandle", "of_node_put" },
	{ "of_find_device_by_node", "put_device" },
	{ "bus_find_device", "put_device" },
	{ "bus_find_device_by_name", "put_device" },
	{ "class_find_device", "put_device" },
	{ "driver_find_device", "put_device" },
	{ "pci_get_device", "pci_dev_put" },
	{ "pci_get_slot", "pci_dev_put" },
	{ "pci_get_domain_bus_and_slot", "pci_dev_put" },
	{ "dev_get_by_name", "dev_put" },
	{ "dev_get_by_index", "dev_put" },
	{ "fget", "fput" },
	{ "filp_open", "filp_close" },
	{ "get_task_pid", "put_pid" },
	{ "find_get_pid", "put_pid" },
	{ "i2c_get_adapter", "i2c_put_adapter" },
	{ "request_firmware", "release_firmware" },
	{ "ip_route_output_key", "ip_rt_put" },
	{ "prepare", "complete" }, /* IOMemoryDescriptor */
};

static const struct node *local_of(const struct unit *unit, const struct node *call)
{
	const struct node *at = call, *up = node_parent(unit, call);

	while (up && (up->kind == NODE_OTHER || up->kind == NODE_CAST)) {
		at = up;
		up = node_parent(unit, up);
	}
	if (up && up->kind == NODE_VARIABLE && up->flags & NODE_LOCAL &&
	    !(up->flags & NODE_STATIC))
		return up;
	if (up && up->kind == NODE_BINARY && up->name && !strcmp(up->name, "=") &&
	    node_child(unit, up) != at) {
		const struct node *left = node_bare(unit, node_child(unit, up));

		if (left && left->kind == NODE_REFERENCE && left->flags & NODE_LOCAL)
			return left;
	}
	return NULL;
}

/* Something that may keep or release what it is given. */
static bool may_keep(const struct unit *unit, const struct node *call)
{
	static const char *const words[] = { "put",	 "release", "free",   "set",
					     "register", "add",	    "attach", "destroy",
					     "init",	 "close",   "unref",  "drop" };

	unit_for_each(unit, node)
	{
		/* a function of the driver's own may do anything */
		if (node->kind == NODE_FUNCTION && node->name &&
		    !strcmp(node->name, call->name))
			return true;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strstr(call->name, words[i]))
			return true;
	return false;
}

/* Whether this use of the variable may mean that somebody else holds it now. */
static bool escapes(const struct unit *unit, const struct node *use)
{
	const struct node *at = use, *up = node_parent(unit, use);

	while (up && (up->kind == NODE_OTHER || up->kind == NODE_CAST)) {
		at = up;
		up = node_parent(unit, up);
	}
	if (!up)
		return true;
	switch (up->kind) {
	case NODE_RETURN:
	case NODE_LIST:
	case NODE_INIT:
	case NODE_VARIABLE:
	case NODE_ASM:
		return true;
	case NODE_UNARY:
		return up->name && !strcmp(up->name, "&");
	case NODE_BINARY:
		return !up->name ||
		       (!strcmp(up->name, "=") && node_child(unit, up) != at);
	case NODE_CALL:
		return !up->name || use->macro || may_keep(unit, up);
	default:
		return false;
	}
}

static bool is_kept(const struct unit *unit, const struct node *function,
		    const struct node *call, const char *name, const char *put)
{
	node_for_each_below(unit, function, it)
	{
		if (it->kind == NODE_CALL && it->name && !strcmp(it->name, put))
			return true;
		if (it > node_subtree_end(unit, call) - 1 && it->kind == NODE_REFERENCE &&
		    it->name && !strcmp(it->name, name) && escapes(unit, it))
			return true;
	}
	return false;
}

/* descriptor->prepare(): the object is what counts, when it is a local. */
static struct error *look_prepare(struct linter *linter, const struct subject *subject,
				  const struct unit *unit, const struct node *call)
{
	const struct node *function = node_function(unit, call), *object, *member;

	member = node_find(unit, call, NODE_MEMBER);
	object = member && member->child ? node_bare(unit, node_child(unit, member))
					 : NULL;
	if (!function || !unit->cplusplus || !object || !(object->flags & NODE_LOCAL) ||
	    !member->owner || strcmp(member->owner, "IOMemoryDescriptor") ||
	    is_kept(unit, function, call, object->name, "complete"))
		return NULL;
	return source_emit_node(linter, subject, unit, call,
				"call complete() on every path after prepare()",
				"prepare() of '%s' without complete() in this function",
				object->name);
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const struct node *function, *local;
	size_t i = 0;

	if (node->kind != NODE_CALL || !node->name || node->macro)
		return NULL;
	while (i < ARRAY_LENGTH(pairs) && strcmp(pairs[i].get, node->name))
		i++;
	if (i == ARRAY_LENGTH(pairs))
		return NULL;
	if (!strcmp(pairs[i].get, "prepare"))
		return look_prepare(linter, subject, unit, node);
	function = node_function(unit, node);
	local = local_of(unit, node);
	if (!function || !local || !local->name ||
	    is_kept(unit, function, node, local->name, pairs[i].put))
		return NULL;
	return source_emit_node(linter, subject, unit, node, "give it back on every path",
				"%s() takes a reference in '%s' that nothing in this "
				"function gives back (%s)",
				pairs[i].get, local->name, pairs[i].put);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC027, run);
