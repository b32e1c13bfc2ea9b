/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* About 2 KB of wired memory each, for the metaclass and two vtables. */
enum { MANY = 16 };

static bool seen_before(const struct source_model *model, const struct unit *unit,
			const struct node *class)
{
	model_for_each_unit(model, it)
	{
		unit_for_each(it, node)
		{
			if (it == unit && node == class)
				return false;
			if (node->kind == NODE_RECORD && node->flags & NODE_OSOBJECT &&
			    node->flags & NODE_DEFINITION && node->name && class->name &&
			    !strcmp(node->name, class->name))
				return true;
		}
	}
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct source_model *model = subject_source(subject);
	const struct node *last = NULL;
	size_t count = 0;

	model_for_each_unit(model, unit)
	{
		unit_for_each(unit, node)
		{
			if (node->kind != NODE_RECORD || !(node->flags & NODE_OSOBJECT) ||
			    !(node->flags & NODE_DEFINITION) ||
			    seen_before(model, unit, node))
				continue;
			count++;
			last = node;
		}
	}
	if (count < MANY)
		return NULL;
	return source_emit(linter, subject, &model->files[last->file], last->line,
			   last->column, last->name,
			   "helpers that never leave the kext can be plain C++ classes",
			   "%zu classes are below OSObject: about %zu KB of wired memory",
			   count, count * 2);
}

SOURCE_CHECK(MAC011, run);
