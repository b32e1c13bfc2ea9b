/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/layout.h"

#include <stdbool.h>

enum { DEEPEST = 32 };

struct layout {
	uint64_t size, align;
	bool is_union, unknown;
	unsigned int depth;
};

static struct layout layout_of(CXType type, unsigned int depth);

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return align ? (value + align - 1) / align * align : value;
}

static enum CXVisitorResult add_field(CXCursor field, CXClientData data)
{
	struct layout *all = data;
	struct layout one = layout_of(clang_getCursorType(field), all->depth + 1);

	if (clang_Cursor_isBitField(field))
		one.unknown = true;
	all->unknown |= one.unknown;
	if (all->unknown)
		return CXVisit_Break;
	if (one.align > all->align)
		all->align = one.align;
	if (all->is_union)
		all->size = one.size > all->size ? one.size : all->size;
	else
		all->size = round_up(all->size, one.align) + one.size;
	return CXVisit_Continue;
}

static struct layout record_layout(CXType type, unsigned int depth)
{
	CXCursor declaration = clang_getTypeDeclaration(type);
	struct layout all = { .align = 1, .depth = depth };

	all.is_union = clang_getCursorKind(declaration) == CXCursor_UnionDecl;
	clang_Type_visitFields(type, add_field, &all);
	/* a packed or specially aligned record does not follow the sum of its fields */
	if (clang_Type_getAlignOf(type) == 1 && all.align > 1)
		all.unknown = true;
	all.size = round_up(all.size, all.align);
	return all;
}

static struct layout layout_of(CXType type, unsigned int depth)
{
	struct layout plain = { 0 };
	long long size, count;

	type = clang_getCanonicalType(type);
	if (depth > DEEPEST) {
		plain.unknown = true;
		return plain;
	}
	switch (type.kind) {
	case CXType_Pointer:
	case CXType_Long:
	case CXType_ULong:
		return (struct layout){ .size = 4, .align = 4 };
	case CXType_Record:
		return record_layout(type, depth);
	case CXType_ConstantArray:
		plain = layout_of(clang_getArrayElementType(type), depth + 1);
		count = clang_getArraySize(type);
		if (count < 0 || count > 1 << 24)
			plain.unknown = true;
		else
			plain.size *= (uint64_t)count;
		return plain;
	default:
		size = clang_Type_getSizeOf(type);
		plain.unknown = size <= 0;
		plain.size = size > 0 ? (uint64_t)size : 0;
		plain.align = plain.size > 4 ? 4 : plain.size;
		return plain;
	}
}

uint64_t layout_size32(CXType type)
{
	struct layout layout = layout_of(type, 0);

	return layout.unknown ? 0 : layout.size;
}
