/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/structors.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/source/text.h"

static const struct {
	const char *macro;
	enum structors_kind kind;
	bool abstract, used;
} macros[] = {
	{ "OSDeclareDefaultStructors", STRUCTORS_DECLARE, false, false },
	{ "OSDeclareDefaultStructorsWithDispatch", STRUCTORS_DECLARE, false, false },
	{ "OSDeclareFinalStructors", STRUCTORS_DECLARE, false, false },
	{ "OSDeclareAbstractStructors", STRUCTORS_DECLARE, true, false },
	{ "OSDeclareCommonStructors", STRUCTORS_DECLARE, false, false },
	{ "OSDefineMetaClassAndStructors", STRUCTORS_DEFINE, false, false },
	{ "OSDefineMetaClassAndFinalStructors", STRUCTORS_DEFINE, false, false },
	{ "OSDefineMetaClassAndAbstractStructors", STRUCTORS_DEFINE, true, false },
	{ "OSDefineMetaClassAndStructorsWithInit", STRUCTORS_DEFINE, false, false },
	{ "OSDefineMetaClassAndAbstractStructorsWithInit", STRUCTORS_DEFINE, true,
	  false },
	{ "OSDefineMetaClass", STRUCTORS_DEFINE, false, false },
	{ "OSMetaClassDeclareReservedUnused", RESERVED_DECLARE, false, false },
	{ "OSMetaClassDeclareReservedUsed", RESERVED_DECLARE, false, true },
	{ "OSMetaClassDefineReservedUnused", RESERVED_DEFINE, false, false },
	{ "OSMetaClassDefineReservedUsed", RESERVED_DEFINE, false, true },
};

/* The first token of an argument that is no comment. */
static const struct token *word(const struct lexed *l,
				const struct text_argument *argument)
{
	for (size_t i = argument->first; i < argument->end; i++)
		if (l->tokens[i].kind != TOKEN_COMMENT)
			return &l->tokens[i];
	return NULL;
}

static struct error *look(const struct source_file *file, size_t index,
			  struct structors_list *ret)
{
	const struct lexed *l = &file->lexed;
	const struct token *token = &l->tokens[index], *name, *super;
	struct text_call call;
	struct structors *s;
	size_t i = 0;

	if (token->kind != TOKEN_IDENTIFIER ||
	    token->flags & (TOKEN_DIRECTIVE | TOKEN_DEAD))
		return NULL;
	while (i < ARRAY_LENGTH(macros) && !token_is(l, token, macros[i].macro))
		i++;
	if (i == ARRAY_LENGTH(macros) || !text_call(l, index, &call))
		return NULL;
	name = word(l, &call.arguments[0]);
	super = call.count > 1 ? word(l, &call.arguments[1]) : NULL;
	if (!name)
		return NULL;
	if (!array_grow(ret->items, ret->count, ret->capacity))
		return error_nomem();
	s = &ret->items[ret->count++];
	*s = (struct structors){ .kind = macros[i].kind,
				 .abstract = macros[i].abstract,
				 .used = macros[i].used,
				 .file = file,
				 .token = token };
	text_copy(l, token, s->macro, sizeof(s->macro));
	text_copy(l, name, s->class_name, sizeof(s->class_name));
	if (super)
		text_copy(l, super, s->super, sizeof(s->super));
	return NULL;
}

struct error *structors_find(const struct source_model *model, struct structors_list *ret)
{
	struct error *error = NULL;

	model_for_each_file(model, file)
	{
		for (size_t i = 0;
		     !error && (file->kernel || file->cplusplus) && i < file->lexed.count;
		     i++)
			error = look(file, i, ret);
	}
	return error;
}

void structors_deinit(struct structors_list *list)
{
	free(list->items);
	*list = (struct structors_list){ 0 };
}
