/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/structors.h"

/*
 * The slots that keep a class's vtable the same size from release to release: each one
 * declared must be defined, and in the same way. (The binary's half of the rule looks at
 * symbols.)
 */
static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct structors_list *list, const struct structors *slot)
{
	enum structors_kind other =
		slot->kind == RESERVED_DECLARE ? RESERVED_DEFINE : RESERVED_DECLARE;

	for (size_t i = 0; i < list->count; i++) {
		const struct structors *s = &list->items[i];

		if (s->kind == other && s->used == slot->used &&
		    !strcmp(s->class_name, slot->class_name) &&
		    !strcmp(s->super, slot->super))
			return NULL;
	}
	return source_emit(
		linter, subject, slot->file, slot->token->line, slot->token->column,
		slot->class_name,
		"declare and define every slot, Used with Used and Unused with "
		"Unused",
		"%s(%s, %s) has no counterpart", slot->macro, slot->class_name,
		slot->super);
}

/* Whether the class is this driver's: headers of others lie in many a tree. */
static bool is_defined(const struct structors_list *list, const char *class_name)
{
	for (size_t i = 0; i < list->count; i++)
		if ((list->items[i].kind == STRUCTORS_DEFINE ||
		     list->items[i].kind == RESERVED_DEFINE) &&
		    !strcmp(list->items[i].class_name, class_name))
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	_structors_ struct structors_list list = { 0 };
	struct error *error = structors_find(subject_source(subject), &list);

	for (size_t i = 0; !error && i < list.count; i++)
		if (list.items[i].kind == RESERVED_DEFINE ||
		    (list.items[i].kind == RESERVED_DECLARE &&
		     is_defined(&list, list.items[i].class_name)))
			error = look(linter, subject, &list, &list.items[i]);
	return error;
}

SOURCE_CHECK(MAC003, run);
