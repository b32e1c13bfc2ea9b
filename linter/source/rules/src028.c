/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* Types that hold a user program's address or size, as written. */
static const char *const wide_types[] = {
	"mach_vm_address_t", "mach_vm_size_t",	 "user_addr_t", "user_size_t",
	"vm_address_t",	     "IOVirtualAddress", "__user",	NULL
};

/* The third parameter of an ioctl handler. */
static bool is_ioctl_argument(const struct unit *unit, const struct node *reference)
{
	const struct node *function = node_function(unit, reference);
	unsigned int n = 0;

	if (!(reference->flags & NODE_PARAMETER_REF) || !function || !reference->name ||
	    !function->name || !strstr(function->name, "ioctl") || !reference->type ||
	    strcmp(reference->type, "unsigned long"))
		return false;
	node_for_each_child(unit, function, it)
	{
		if (it->kind == NODE_PARAMETER && ++n == 3)
			return it->name && !strcmp(it->name, reference->name);
	}
	return false;
}

/* Whether an address, an argument that may be one, or nothing of that kind. */
enum width { NOT_WIDE, MAYBE_ADDRESS, ADDRESS };

static enum width width_of(const struct unit *unit, const struct node *node)
{
	const struct node *bare = node_bare(unit, node);

	if (!bare || (bare->kind != NODE_REFERENCE && bare->kind != NODE_MEMBER))
		return NOT_WIDE;
	if (bare->type_size == 8 && name_in(bare->written_type, wide_types))
		return ADDRESS;
	if (bare->kind == NODE_REFERENCE && is_ioctl_argument(unit, bare))
		return MAYBE_ADDRESS;
	/* (u32)pointer; by way of unsigned long it is a number that lives in a pointer */
	if (bare->type_kind == TYPE_POINTER && bare->type_size == 8 &&
	    !node_find(unit, node, NODE_CAST))
		return ADDRESS;
	return NOT_WIDE;
}

static bool becomes_pointer(const struct unit *unit, const struct node *node)
{
	const struct node *up = node_parent(unit, node);

	while (up && (up->kind == NODE_OTHER ||
		      (up->kind == NODE_CAST && up->type_kind == TYPE_INTEGER)))
		up = node_parent(unit, up);
	return up && up->kind == NODE_CAST && up->type_kind == TYPE_POINTER;
}

/* Whether what was narrowed is used as an address after all. */
static bool used_as_pointer(const struct unit *unit, const struct node *narrow)
{
	const struct node *function = node_function(unit, narrow), *to = narrow, *up;

	if (becomes_pointer(unit, narrow))
		return true;
	if (narrow->kind == NODE_CAST) {
		up = node_parent(unit, narrow);
		while (up && up->kind == NODE_OTHER)
			up = node_parent(unit, up);
		if (!up || (up->kind != NODE_VARIABLE && up->kind != NODE_BINARY))
			return false;
		to = up->kind == NODE_BINARY ? node_bare(unit, node_child(unit, up)) : up;
	}
	if (!function || !to || !to->name)
		return false;
	node_for_each_below(unit, function, it)
	{
		if (it->kind == NODE_REFERENCE && it->name &&
		    !strcmp(it->name, to->name) && becomes_pointer(unit, it))
			return true;
	}
	return false;
}

static bool is_narrow(const struct node *node)
{
	return node->type_kind == TYPE_INTEGER && node->type_size &&
	       node->type_size <= 4 && node->type && strcmp(node->type, "_Bool") &&
	       strcmp(node->type, "bool");
}

static const struct node *last_child(const struct unit *unit, const struct node *node)
{
	const struct node *last = node_child(unit, node);

	while (last && last->next)
		last = node_next(unit, last);
	return last;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const struct node *from = NULL, *to = node;
	enum width width;

	if (node->macro)
		return NULL;
	if (node->kind == NODE_CAST && is_narrow(node)) {
		from = last_child(unit, node);
	} else if (node->kind == NODE_VARIABLE && is_narrow(node)) {
		from = last_child(unit, node);
	} else if (node->kind == NODE_BINARY && node->name && !strcmp(node->name, "=")) {
		to = node_child(unit, node); /* its own type, not what lies inside */
		if (to && is_narrow(to))
			from = last_child(unit, node);
	}
	/* what an inner cast narrows is told there */
	if (!from || (node->kind != NODE_CAST && node_find(unit, from, NODE_CAST)))
		return NULL;
	width = width_of(unit, from);
	if (width == NOT_WIDE || (width == MAYBE_ADDRESS && !used_as_pointer(unit, to)))
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"keep it in unsigned long, u64, mach_vm_address_t or a "
				"pointer",
				"'%s' is cut to %llu bits (%s)",
				node_bare(unit, from)->name,
				(unsigned long long)to->type_size * 8, to->type);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC028, run);
