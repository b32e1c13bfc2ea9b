/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* A kernel stack has 16 KiB for everybody on it; the kernel warns at 2 KiB a frame. */
enum { LARGE = 1024 };

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	if (node->kind != NODE_VARIABLE || !(node->flags & NODE_LOCAL) ||
	    node->flags & NODE_STATIC || node->macro || node->type_size < LARGE)
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"allocate it, or keep it in the device's structure",
				"'%s' takes %llu bytes of the stack", node->name,
				(unsigned long long)node->type_size);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC020, run);
