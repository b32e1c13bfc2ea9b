/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/structors.h"

static const struct structors *find(const struct structors_list *list,
				    enum structors_kind kind, const char *class_name)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind == kind &&
		    !strcmp(list->items[i].class_name, class_name))
			return &list->items[i];
	return NULL;
}

/*
 * Whether any source file, rather than a header, has code of the class: others' classes
 * are in the tree by their headers only.
 */
static bool has_code(const struct source_model *model, const char *class_name)
{
	model_for_each_unit(model, unit)
	{
		unit_for_each(unit, node)
		{
			if (node->kind == NODE_FUNCTION && node->owner &&
			    node->flags & NODE_DEFINITION &&
			    !strcmp(node->owner, class_name) &&
			    !strcmp(model->files[node->file].path, unit->path))
				return true;
		}
	}
	return false;
}

static struct error *look_class(struct linter *linter, const struct subject *subject,
				const struct unit *unit, const struct node *class,
				const struct structors_list *list)
{
	const struct source_file *file = &subject_source(subject)->files[class->file];
	const struct structors *declare = find(list, STRUCTORS_DECLARE, class->name);
	const struct structors *define = find(list, STRUCTORS_DEFINE, class->name);
	const struct node *base = node_find(unit, class, NODE_BASE);

	if (!declare)
		return source_emit(linter, subject, file, class->line, class->column,
				   class->name, "add OSDeclareDefaultStructors(Class)",
				   "class %s is below OSObject but declares no structors",
				   class->name);
	if (!define && !has_code(subject_source(subject), class->name))
		return NULL;
	if (!define)
		return source_emit(
			linter, subject, declare->file, declare->token->line,
			declare->token->column, class->name,
			"add OSDefineMetaClassAndStructors(Class, Super) to one "
			"source file",
			"class %s declares structors that nothing defines", class->name);
	if (base && base->name && strcmp(base->name, define->super))
		return source_emit(
			linter, subject, define->file, define->token->line,
			define->token->column, class->name,
			"name the class that it is derived from",
			"%s says that %s is derived from %s, the class says %s",
			define->macro, class->name, define->super, base->name);
	if (declare->abstract != define->abstract)
		return source_emit(linter, subject, define->file, define->token->line,
				   define->token->column, class->name,
				   "use both macros with or both without Abstract",
				   "%s does not go with %s", define->macro,
				   declare->macro);
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	_structors_ struct structors_list list = { 0 };
	struct error *error = structors_find(subject_source(subject), &list);

	model_for_each_unit(subject_source(subject), unit)
	{
		unit_for_each(unit, node)
		{
			if (!error && unit->primary && node->kind == NODE_RECORD &&
			    node->name && node->flags & NODE_OSOBJECT &&
			    node->flags & NODE_DEFINITION)
				error = look_class(linter, subject, unit, node, &list);
		}
	}
	return error;
}

SOURCE_CHECK(SRC017, run);
