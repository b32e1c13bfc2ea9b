/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

static bool tells_identity(const struct unit *unit, const struct node *node)
{
	static const char *const calls[] = { "__kuid_val",
					     "__kgid_val",
					     "from_kuid",
					     "from_kgid",
					     "from_kuid_munged",
					     "kauth_getuid",
					     "kauth_getgid",
					     "kauth_getruid",
					     "kauth_cred_getuid",
					     "kauth_cred_getgid",
					     "kauth_cred_getruid",
					     "proc_selfuid",
					     NULL };
	const struct node *end = node_subtree_end(unit, node);

	for (const struct node *it = node; it < end; it++)
		if (it->kind == NODE_CALL && name_in(it->name, calls))
			return true;
	return false;
}

static bool is_constant(const struct unit *unit, const struct node *node)
{
	const struct node *bare = node_bare(unit, node);

	return bare && (bare->kind == NODE_INTEGER || bare->flags & NODE_CONSTANT);
}

/* uid_eq(current_uid(), GLOBAL_ROOT_UID) and its like. */
static bool compares_with_root(const struct unit *unit, const struct node *node)
{
	static const char *const calls[] = { "uid_eq", "gid_eq", NULL };
	const struct node *end = node_subtree_end(unit, node);
	bool current = false, root = false;

	if (node->kind != NODE_CALL || !name_in(node->name, calls))
		return false;
	for (const struct node *it = node; it < end; it++) {
		current |= it->macro && !strncmp(it->macro, "current_", 8);
		current |= it->name && (!strcmp(it->name, "current_cred") ||
					!strncmp(it->name, "current_uid", 11));
		root |= it->macro && !strncmp(it->macro, "GLOBAL_ROOT_", 12);
	}
	return current && root;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	bool by_hand = compares_with_root(unit, node);

	if (node->kind == NODE_BINARY && node->name &&
	    (!strcmp(node->name, "==") || !strcmp(node->name, "!=")) && node->child) {
		const struct node *left = node_child(unit, node);
		const struct node *right = node_next(unit, left);

		by_hand |= right &&
			   ((tells_identity(unit, left) && is_constant(unit, right)) ||
			    (tells_identity(unit, right) && is_constant(unit, left)));
	}
	if (!by_hand)
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				unit->cplusplus ? "ask clientHasPrivilege() or kauth"
						: "ask capable(CAP_…) or ns_capable()",
				"compares the user's id by hand");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC024, run);
