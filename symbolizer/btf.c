/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/btf.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

enum {
	MAGIC = 0xeb9f,
	HEADER_SIZE = 24,
	DEPTH_LIMIT = 32, /* pointers to pointers to … */
	PARAMETER_LIMIT = 32,
};

enum kind {
	KIND_VOID,
	KIND_INT,
	KIND_PTR,
	KIND_ARRAY,
	KIND_STRUCT,
	KIND_UNION,
	KIND_ENUM,
	KIND_FWD,
	KIND_TYPEDEF,
	KIND_VOLATILE,
	KIND_CONST,
	KIND_RESTRICT,
	KIND_FUNC,
	KIND_FUNC_PROTO,
	KIND_VAR,
	KIND_DATASEC,
	KIND_FLOAT,
	KIND_DECL_TAG,
	KIND_TYPE_TAG,
	KIND_ENUM64,
	KIND_COUNT,
};

/* What follows a type's twelve bytes: so much once, and so much for each of vlen. */
static const struct {
	uint8_t once, each;
} shapes[KIND_COUNT] = {
	[KIND_INT] = { 4, 0 },	    [KIND_ARRAY] = { 12, 0 },
	[KIND_STRUCT] = { 0, 12 },  [KIND_UNION] = { 0, 12 },
	[KIND_ENUM] = { 0, 8 },	    [KIND_FUNC_PROTO] = { 0, 8 },
	[KIND_VAR] = { 4, 0 },	    [KIND_DATASEC] = { 0, 12 },
	[KIND_DECL_TAG] = { 4, 0 }, [KIND_ENUM64] = { 0, 12 },
};

struct btf_types {
	uint8_t *bytes;
	struct span strings;
	uint32_t *offsets; /* of each type in bytes, by its number less first */
	size_t count, capacity;
	uint32_t first;	       /* number of the first type: those before are the base's */
	uint32_t string_start; /* likewise of strings */
	struct span all;
	const struct btf_types *base;
	uint32_t *functions; /* numbers of functions, by name */
	size_t function_count, function_capacity;
};

struct type {
	uint32_t name, info, value; /* value: a size or another type */
	uint64_t offset;	    /* of what follows */
	const struct btf_types *owner;
};

static uint32_t number_at(struct span bytes, uint64_t offset)
{
	uint32_t value = 0;

	span_read(bytes, offset, &value, sizeof(value));
	return value;
}

static enum kind kind_of(const struct type *type)
{
	return type->info >> 24 & 31;
}

static uint32_t count_of(const struct type *type)
{
	return type->info & 0xffff;
}

static const char *string_at(const struct btf_types *types, uint32_t offset)
{
	if (offset < types->string_start)
		return types->base ? string_at(types->base, offset) : "";
	offset -= types->string_start;
	return offset < types->strings.size ? (const char *)types->strings.data + offset
					    : "";
}

/* False for void, and for what there is not. */
static bool type_at(const struct btf_types *types, uint32_t number, struct type *ret)
{
	uint64_t offset;

	if (number < types->first)
		return types->base && number && type_at(types->base, number, ret);
	if (number - types->first >= types->count)
		return false;
	offset = types->offsets[number - types->first];
	*ret = (struct type){ number_at(types->all, offset),
			      number_at(types->all, offset + 4),
			      number_at(types->all, offset + 8), offset + 12, types };
	return true;
}

static struct error *broken(const char *why)
{
	return error_new(ERROR_INPUT, "BTF is damaged: %s", why);
}

static struct error *read_types(struct btf_types *types, uint64_t offset, uint64_t end)
{
	while (offset + 12 <= end) {
		uint32_t info = number_at(types->all, offset + 4);
		unsigned int kind = info >> 24 & 31;
		uint64_t next;

		if (!kind || kind >= KIND_COUNT)
			return broken("a type is of no known kind");
		next = offset + 12 + shapes[kind].once +
		       (uint64_t)(info & 0xffff) * shapes[kind].each;
		if (next > end)
			return broken("it ends within a type");
		if (!array_grow(types->offsets, types->count, types->capacity))
			return error_nomem();
		if (kind == KIND_FUNC) {
			if (!array_grow(types->functions, types->function_count,
					types->function_capacity))
				return error_nomem();
			types->functions[types->function_count++] =
				types->first + (uint32_t)types->count;
		}
		types->offsets[types->count++] = (uint32_t)offset;
		offset = next;
	}
	return NULL;
}

static const char *function_name(const struct btf_types *types, uint32_t number)
{
	struct type type;

	return type_at(types, number, &type) ? string_at(types, type.name) : "";
}

static int by_name(const void *left, const void *right, void *context)
{
	return strcmp(function_name(context, *(const uint32_t *)left),
		      function_name(context, *(const uint32_t *)right));
}

static struct error *read_header(struct btf_types *types)
{
	struct span all = types->all;
	uint64_t header = number_at(all, 4), type_start = number_at(all, 8);
	uint64_t type_size = number_at(all, 12), string_start = number_at(all, 16);
	uint64_t string_size = number_at(all, 20);
	struct error *error;

	if (all.size < HEADER_SIZE || (number_at(all, 0) & 0xffff) != MAGIC)
		return broken("it has no header");
	if (header < HEADER_SIZE || type_start + type_size > all.size - HEADER_SIZE ||
	    header > all.size ||
	    !span_slice(all, header + string_start, string_size, &types->strings))
		return broken("its parts lie outside of it");
	if (!types->strings.size || types->strings.data[types->strings.size - 1])
		return broken("its strings have no end");
	if (header + type_start + type_size > all.size)
		return broken("its parts lie outside of it");
	error = read_types(types, header + type_start, header + type_start + type_size);
	if (!error && types->function_count > 1)
		qsort_r(types->functions, types->function_count,
			sizeof(*types->functions), by_name, types);
	return error;
}

struct error *btf_types_create(struct span bytes, const struct btf_types *base,
			       struct btf_types **ret)
{
	_cleanup_(btf_types_destroy) struct btf_types *types = calloc(1, sizeof(*types));
	struct error *error;

	if (!types)
		return error_nomem();
	types->bytes = malloc(bytes.size + 1);
	if (!types->bytes)
		return error_nomem();
	memcpy(types->bytes, bytes.data, bytes.size);
	types->all = (struct span){ types->bytes, bytes.size };
	types->base = base;
	types->first = base ? base->first + (uint32_t)base->count : 1;
	types->string_start =
		base ? base->string_start + (uint32_t)base->strings.size : 0;
	error = read_header(types);
	if (!error)
		*ret = take(types);
	return error;
}

void btf_types_destroy(struct btf_types *types)
{
	if (!types)
		return;
	free(types->bytes);
	free(types->offsets);
	free(types->functions);
	free(types);
}

/* The section's bytes; owned by @elf. */
static bool find_section(Elf *elf, struct span *ret)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &header) || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		data = name && !strcmp(name, ".BTF") ? elf_rawdata(scn, NULL) : NULL;
		if (data && data->d_buf) {
			*ret = (struct span){ data->d_buf, data->d_size };
			return true;
		}
	}
	return false;
}

struct error *btf_types_load(const char *path, const struct btf_types *base,
			     struct btf_types **ret)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);
	struct span section;
	Elf *elf;

	if (error)
		return error;
	if (mapping.bytes.size < 4 || memcmp(mapping.bytes.data, ELFMAG, SELFMAG)) {
		error = btf_types_create(mapping.bytes, base, ret);
		return error ? error_wrap(error, "cannot read %s", path) : NULL;
	}
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)mapping.bytes.data, mapping.bytes.size);
	if (!elf || !find_section(elf, &section))
		error = error_new(ERROR_MISSING, "%s holds no BTF", path);
	else
		error = btf_types_create(section, base, ret);
	elf_end(elf);
	return error;
}

static void add_type(const struct btf_types *types, uint32_t number, int depth,
		     struct strbuf *out);

static void add_word(struct strbuf *out, const char *word, const char *name)
{
	strbuf_addf(out, "%s %s", word, *name ? name : "{…}");
}

/* A pointer to a function is told as such; what it takes is left out. */
static void add_pointer(const struct btf_types *types, uint32_t target, int depth,
			struct strbuf *out)
{
	struct type type;

	if (type_at(types, target, &type) && kind_of(&type) == KIND_FUNC_PROTO) {
		add_type(types, type.value, depth + 1, out);
		strbuf_adds(out, " (*)(…)");
		return;
	}
	add_type(types, target, depth + 1, out);
	if (out->length && out->data[out->length - 1] != '*')
		strbuf_addc(out, ' ');
	strbuf_addc(out, '*');
}

static void add_type(const struct btf_types *types, uint32_t number, int depth,
		     struct strbuf *out)
{
	struct type type;
	const char *name;

	if (depth > DEPTH_LIMIT || !type_at(types, number, &type)) {
		strbuf_adds(out, number && depth <= DEPTH_LIMIT ? "?" : "void");
		return;
	}
	name = string_at(types, type.name);
	switch (kind_of(&type)) {
	case KIND_PTR:
		add_pointer(types, type.value, depth, out);
		return;
	case KIND_STRUCT:
		add_word(out, "struct", name);
		return;
	case KIND_UNION:
		add_word(out, "union", name);
		return;
	case KIND_FWD:
		add_word(out, type.info >> 31 ? "union" : "struct", name);
		return;
	case KIND_ENUM:
	case KIND_ENUM64:
		add_word(out, "enum", name);
		return;
	case KIND_CONST:
		strbuf_adds(out, "const ");
		add_type(types, type.value, depth + 1, out);
		return;
	case KIND_VOLATILE:
		strbuf_adds(out, "volatile ");
		add_type(types, type.value, depth + 1, out);
		return;
	case KIND_RESTRICT:
	case KIND_TYPE_TAG:
		add_type(types, type.value, depth + 1, out);
		return;
	case KIND_ARRAY:
		add_type(types, number_at(type.owner->all, type.offset), depth + 1, out);
		strbuf_adds(out, " []");
		return;
	default:
		strbuf_adds(out, *name ? name : "?");
	}
}

static void add_parameters(const struct btf_types *types, const struct type *proto,
			   struct strbuf *out)
{
	uint32_t count = count_of(proto);

	for (uint32_t i = 0; i < count && i < PARAMETER_LIMIT; i++) {
		uint32_t name = number_at(proto->owner->all, proto->offset + 8 * i);
		uint32_t type = number_at(proto->owner->all, proto->offset + 8 * i + 4);
		const char *text = string_at(types, name);

		strbuf_adds(out, i ? ", " : "");
		if (!type) {
			strbuf_adds(out, "...");
			continue;
		}
		add_type(types, type, 0, out);
		if (*text && out->length && out->data[out->length - 1] != '*')
			strbuf_addc(out, ' ');
		strbuf_adds(out, text);
	}
	if (!count)
		strbuf_adds(out, "void");
}

bool btf_types_declare(const struct btf_types *types, const char *function,
		       struct strbuf *out)
{
	size_t low = 0, high = types->function_count;
	struct type type, proto;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(function_name(types, types->functions[middle]), function) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == types->function_count ||
	    strcmp(function_name(types, types->functions[low]), function) != 0)
		return types->base && btf_types_declare(types->base, function, out);
	if (!type_at(types, types->functions[low], &type) ||
	    !type_at(types, type.value, &proto) || kind_of(&proto) != KIND_FUNC_PROTO)
		return false;
	add_type(types, proto.value, 0, out);
	if (out->length && out->data[out->length - 1] != '*')
		strbuf_addc(out, ' ');
	strbuf_addf(out, "%s(", function);
	add_parameters(types, &proto, out);
	strbuf_addc(out, ')');
	return true;
}
