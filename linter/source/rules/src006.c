/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/text.h"

static bool is_table_field(const char *name)
{
	static const char *const fields[] = { "id_table", "of_match_table",
					      "acpi_match_table", NULL };

	return name_in(name, fields);
}

/* Whether a driver structure's match field refers to the table. */
static const struct node *used_by_driver(const struct unit *unit, const char *table)
{
	unit_for_each(unit, node)
	{
		if (node->kind != NODE_INIT || !is_table_field(node->name))
			continue;
		node_for_each_below(unit, node, below)
		{
			if (below->kind == NODE_REFERENCE && below->name &&
			    !strcmp(below->name, table))
				return node;
		}
	}
	return NULL;
}

static bool is_declared(const struct source_model *model, const char *table)
{
	model_for_each_file(model, file)
	{
		const struct lexed *l = &file->lexed;

		for (size_t i = 0; i < l->count; i++) {
			struct text_call call;

			if (token_is(l, &l->tokens[i], "MODULE_DEVICE_TABLE") &&
			    text_call(l, i, &call) && call.count == 2 &&
			    token_is(l, &l->tokens[call.arguments[1].first], table))
				return true;
		}
	}
	return false;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	if (node->kind != NODE_VARIABLE || node->flags & NODE_LOCAL || !node->name ||
	    !node->type || node->type_kind != TYPE_ARRAY ||
	    !strstr(node->type, "_device_id") || !used_by_driver(unit, node->name) ||
	    is_declared(subject_source(subject), node->name))
		return NULL;
	return source_emit(linter, subject, &subject_source(subject)->files[node->file],
			   node->line, node->column, node->name,
			   "add MODULE_DEVICE_TABLE(bus, table) below it",
			   "the driver's id table has no MODULE_DEVICE_TABLE: udev will "
			   "not load the module for these devices");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC006, run);
