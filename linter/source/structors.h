/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The macros that tie a class to I/O Kit's run-time type information, as written. */
#pragma once

#include "linter/source/model.h"

enum structors_kind {
	STRUCTORS_DECLARE, /* OSDeclareDefaultStructors(Class) … */
	STRUCTORS_DEFINE,  /* OSDefineMetaClassAndStructors(Class, Super) … */
	RESERVED_DECLARE,  /* OSMetaClassDeclareReservedUnused(Class, n) or …Used */
	RESERVED_DEFINE,   /* OSMetaClassDefineReservedUnused(Class, n) or …Used */
};

struct structors {
	enum structors_kind kind;
	bool abstract, used; /* …Abstract…; …ReservedUsed… */
	const struct source_file *file;
	const struct token *token;
	char macro[64], class_name[128], super[128]; /* super: or the slot's number */
};

struct structors_list {
	struct structors *items;
	size_t count, capacity;
};

struct error *structors_find(const struct source_model *model,
			     struct structors_list *ret);
void structors_deinit(struct structors_list *list);
#define _structors_ __attribute__((cleanup(structors_deinit)))
