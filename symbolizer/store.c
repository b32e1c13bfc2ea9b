/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoding: Intel SDM volume 2, chapter 2 and appendix A; registers of DWARF: AMD64 ABI,
 * figure 3.36. */
#include "symbolizer/store.h"

#include "common/array.h"

enum { INSTRUCTIONS = 10, RAX = 0, RSP = 4, NO_BASE = 16 };

/* One instruction with a ModRM byte, as far as it matters here. */
struct operands {
	unsigned int reg, rm; /* as encoded, 0 to 15 */
	bool memory;
	unsigned int base; /* NO_BASE: none, or scaled */
	int32_t displacement;
	size_t length; /* of ModRM, SIB and displacement */
};

static int32_t read_signed(const uint8_t *bytes, size_t size)
{
	uint32_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return size == 1 ? (int8_t)value : (int32_t)value;
}

/* @code is at the ModRM byte. */
static bool read_operands(struct span code, unsigned int rex, struct operands *ret)
{
	unsigned int mod, rm;
	size_t size;

	if (!code.size)
		return false;
	mod = code.data[0] >> 6;
	rm = code.data[0] & 7;
	*ret = (struct operands){ .reg = (code.data[0] >> 3 & 7) | (rex & 4) << 1,
				  .rm = rm | (rex & 1) << 3,
				  .memory = mod != 3,
				  .base = rm | (rex & 1) << 3,
				  .length = 1 };
	if (!ret->memory)
		return true;
	if (rm == 4) {
		if (code.size < 2)
			return false;
		/* base alone, without an index, is how r12 has to be written */
		ret->base = (code.data[1] >> 3 & 7) == 4 && !(rex & 2)
				    ? (code.data[1] & 7u) | (rex & 1) << 3
				    : NO_BASE;
		ret->length = 2;
	}
	size = mod == 1 ? 1 : mod == 2 || (!mod && rm == 5) ? 4 : 0;
	if (!mod && (rm == 5 || (rm == 4 && (code.data[1] & 7) == 5))) {
		ret->base = NO_BASE;
		size = 4;
	}
	if (code.size < ret->length + size)
		return false;
	ret->displacement = size ? read_signed(code.data + ret->length, size) : 0;
	ret->length += size;
	return true;
}

/* What one instruction did. */
enum step { STEP_ON, STEP_STORED, STEP_END };

struct search {
	struct span code;
	size_t at;
	uint32_t copies; /* bit for each register that holds the result */
	struct store *found;
};

/* Instructions with a ModRM byte that are passed over or followed. */
static const struct form {
	uint8_t opcode, immediate;
	enum { FORM_COMPARE, FORM_GROUP, FORM_SET, FORM_STORE, FORM_LOAD } kind;
} forms[] = {
	{ 0x39, 0, FORM_COMPARE }, { 0x3b, 0, FORM_COMPARE }, { 0x84, 0, FORM_COMPARE },
	{ 0x85, 0, FORM_COMPARE }, { 0x80, 1, FORM_GROUP },   { 0x81, 4, FORM_GROUP },
	{ 0x83, 1, FORM_GROUP },   { 0xc6, 1, FORM_SET },     { 0xc7, 4, FORM_SET },
	{ 0x89, 0, FORM_STORE },   { 0x8b, 0, FORM_LOAD },
};

static const struct form *find_form(uint8_t opcode)
{
	for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
		if (forms[i].opcode == opcode)
			return &forms[i];
	return NULL;
}

static enum step overwrite(struct search *search, unsigned int to, bool with_result)
{
	search->copies &= ~(1u << to);
	search->copies |= (uint32_t)with_result << to;
	return search->copies ? STEP_ON : STEP_END;
}

static enum step follow(struct search *search, const struct form *form,
			const struct operands *o, bool wide)
{
	bool result = wide && search->copies >> o->reg & 1;

	switch (form->kind) {
	case FORM_COMPARE:
		return STEP_ON;
	case FORM_GROUP: /* only its member 7 is a comparison */
		return (o->reg & 7) == 7 ? STEP_ON : STEP_END;
	case FORM_SET:
		return o->memory ? STEP_ON : overwrite(search, o->rm, false);
	case FORM_LOAD:
		return overwrite(search, o->reg,
				 wide && !o->memory && search->copies >> o->rm & 1);
	case FORM_STORE:
		break;
	}
	if (!o->memory)
		return overwrite(search, o->rm, result);
	if (!result)
		return STEP_ON;
	if (o->base == NO_BASE || o->base == RSP)
		return STEP_END;
	search->found->at = search->at;
	search->found->base = o->base;
	search->found->displacement = o->displacement;
	return STEP_STORED;
}

/* Comparisons and conditional jumps are passed over, for success goes straight on. */
static enum step step(struct search *search)
{
	const uint8_t *bytes = search->code.data;
	size_t at = search->at;
	unsigned int rex = 0;
	const struct form *form;
	struct operands o;
	enum step did;

	if (at < search->code.size && (bytes[at] & 0xf0) == 0x40)
		rex = bytes[at++];
	if (at + 2 > search->code.size)
		return STEP_END;
	if ((bytes[at] & 0xf0) == 0x70 || bytes[at] == 0x3d ||
	    (bytes[at] == 0x0f && (bytes[at + 1] & 0xf0) == 0x80)) {
		search->at = at + (bytes[at] == 0x0f ? 6 : bytes[at] == 0x3d ? 5 : 2);
		return STEP_ON;
	}
	form = find_form(bytes[at++]);
	if (!form ||
	    !read_operands((struct span){ bytes + at, search->code.size - at }, rex, &o))
		return STEP_END;
	did = follow(search, form, &o, rex & 8);
	search->at = at + o.length + form->immediate;
	return did;
}

bool store_of_result(struct span code, struct store *ret)
{
	/* rax rcx rdx rbx rsp rbp rsi rdi, as encoded, in DWARF's numbers */
	static const uint8_t dwarf[] = { 0, 2, 1, 3, 7, 6, 4, 5 };
	struct search search = { code, 0, 1u << RAX, ret };
	enum step did = STEP_ON;

	*ret = (struct store){ .reach = 0 };
	for (int i = 0; i < INSTRUCTIONS && did == STEP_ON; i++) {
		if (search.copies >> RAX & 1)
			ret->reach = search.at;
		did = step(&search);
	}
	if (did != STEP_STORED)
		return false;
	if (ret->base < 8)
		ret->base = dwarf[ret->base];
	return true;
}
