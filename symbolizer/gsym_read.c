/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GSYM into an index; the layout is told in gsym.c. Offsets are checked, one by one. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/span.h"
#include "common/strbuf.h"
#include "symbolizer/gsym.h"
#include "symbolizer/index_build.h"

enum { HEADER = 48, UUID = 28, UUID_LIMIT = 20, ROW_LIMIT = 1 << 20 };
enum { OP_END, OP_SET_FILE, OP_ADVANCE_PC, OP_ADVANCE_LINE, OP_SPECIAL };
enum { INFO_END, INFO_LINES, INFO_INLINES };

struct gsym {
	struct span all, strings;
	struct index_builder *builder;
	uint64_t base, end;		  /* end: of the function that reaches farthest */
	uint64_t addresses, infos, files; /* offsets */
	uint32_t count, file_count;
	uint8_t address_size, uuid_size;
	struct builder_row *rows;
	size_t row_count, row_capacity;
	struct builder_inline *inlines;
	size_t inline_count, inline_capacity;
	bool nomem;
};

/* A place in a block; reading beyond its end gives 0 and marks it. */
struct cursor {
	struct span data;
	size_t at;
	bool failed;
};

bool gsym_recognise(struct span file)
{
	return span_starts_with(file, "MYSG", 4);
}

static uint64_t read_unsigned(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (!span_read(c->data, c->at, &byte, 1))
			break;
		c->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->failed = true;
	return 0;
}

static int64_t read_signed(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64;) {
		uint8_t byte;

		if (!span_read(c->data, c->at, &byte, 1))
			break;
		c->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (byte & 0x40 && shift < 64)
			value |= ~0ULL << shift;
		return (int64_t)value;
	}
	c->failed = true;
	return 0;
}

static uint64_t read_fixed(struct cursor *c, size_t size)
{
	uint64_t value = 0;

	if (!span_read(c->data, c->at, &value, size))
		c->failed = true;
	c->at += size;
	return value;
}

static const char *string_at(const struct gsym *g, uint32_t offset)
{
	const char *text = span_string(g->strings, offset);

	return text ? text : "";
}

static uint32_t file_number(struct gsym *g, uint64_t number)
{
	char path[4096];
	uint32_t parts[2];
	const char *folder;

	if (!number || number >= g->file_count ||
	    !span_read(g->all, g->files + 4 + number * 8, parts, 8))
		return 0;
	folder = string_at(g, parts[0]);
	if (snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "",
		     string_at(g, parts[1])) >= (int)sizeof(path))
		return 0;
	return builder_file(g->builder, path, 0);
}

static void add_row(struct gsym *g, uint64_t address, uint32_t file, uint64_t line)
{
	if (g->row_count >= ROW_LIMIT || line > UINT32_MAX)
		return;
	if (!array_grow(g->rows, g->row_count, g->row_capacity)) {
		g->nomem = true;
		return;
	}
	g->rows[g->row_count++] =
		(struct builder_row){ address, file, (uint32_t)line, 0 };
}

static bool read_lines(struct gsym *g, struct span data, uint64_t start, uint64_t end)
{
	struct cursor c = { .data = data };
	int64_t least = read_signed(&c), most = read_signed(&c);
	uint64_t range = (uint64_t)most - (uint64_t)least + 1;
	uint64_t line = read_unsigned(&c), address = start;
	uint32_t file = file_number(g, 1);

	g->row_count = 0;
	while (!c.failed && !g->nomem) {
		uint64_t op = read_fixed(&c, 1), delta;

		if (c.failed || op == OP_END)
			break;
		if (op == OP_SET_FILE) {
			file = file_number(g, read_unsigned(&c));
			continue;
		}
		if (op == OP_ADVANCE_LINE) {
			line += (uint64_t)read_signed(&c);
			continue;
		}
		if (op >= OP_SPECIAL && !range)
			return false;
		delta = op == OP_ADVANCE_PC ? read_unsigned(&c)
					    : (op - OP_SPECIAL) / range;
		if (op >= OP_SPECIAL)
			line += (uint64_t)least + (op - OP_SPECIAL) % range;
		/* Ascending, and inside the function. */
		if (delta > end - address)
			return false;
		address += delta;
		add_row(g, address, file, line);
	}
	return !c.failed;
}

/* One inlined call and all in it; false at the end of a list, or where it is broken. */
static bool read_inline(struct gsym *g, struct cursor *c, uint64_t base, uint64_t limit,
			unsigned int depth)
{
	uint64_t count = read_unsigned(c), first = base, call_file, call_line;
	size_t before = g->inline_count;
	uint32_t name;
	bool children;

	if (c->failed || !count || depth > INDEX_DEPTH)
		return false;
	for (uint64_t i = 0; i < count && !c->failed; i++) {
		uint64_t start = base + read_unsigned(c), size = read_unsigned(c);

		first = i ? first : start;
		/* The outermost is the function itself. */
		if (!depth || !size || start < base || start > limit ||
		    size > limit - start)
			continue;
		if (!array_grow(g->inlines, g->inline_count, g->inline_capacity)) {
			g->nomem = true;
			return false;
		}
		g->inlines[g->inline_count++] = (struct builder_inline){
			.address = start, .size = size, .depth = depth - 1
		};
	}
	children = read_fixed(c, 1);
	name = builder_string(g->builder, string_at(g, (uint32_t)read_fixed(c, 4)));
	call_file = read_unsigned(c);
	call_line = read_unsigned(c);
	for (size_t i = before; i < g->inline_count; i++) {
		g->inlines[i].name = name;
		g->inlines[i].file = file_number(g, call_file);
		g->inlines[i].line = (uint32_t)call_line;
	}
	while (children && !g->nomem && read_inline(g, c, first, limit, depth + 1))
		;
	return !c->failed && depth <= INDEX_DEPTH;
}

static void read_blocks(struct gsym *g, struct cursor *c, uint64_t start, uint64_t end)
{
	bool lines = false;

	g->inline_count = 0;
	while (!c->failed) {
		uint64_t type = read_fixed(c, 4), size = read_fixed(c, 4);
		struct cursor inside = { 0 };

		if (c->failed || type == INFO_END ||
		    !span_slice(c->data, c->at, size, &inside.data))
			break;
		c->at += size;
		if (type == INFO_LINES && !lines)
			lines = read_lines(g, inside.data, start, end) && g->row_count;
		else if (type == INFO_INLINES && !g->inline_count)
			read_inline(g, &inside, start, end, 0);
	}
	if (lines) {
		add_row(g, end, 0, 0);
		builder_rows(g->builder, g->rows, g->row_count);
	}
}

static bool read_function(struct gsym *g, uint32_t number)
{
	struct cursor c = { .data = g->all };
	uint64_t start, size;
	const char *name;

	c.at = g->addresses + (uint64_t)number * g->address_size;
	start = g->base + read_fixed(&c, g->address_size);
	c.at = g->infos + (uint64_t)number * 4;
	c.at = read_fixed(&c, 4);
	size = read_fixed(&c, 4);
	name = string_at(g, (uint32_t)read_fixed(&c, 4));
	if (c.failed || start < g->base || start + size < start)
		return false;
	if (!size || !*name)
		return true;
	read_blocks(g, &c, start, start + size);
	builder_symbol(g->builder, name, start, size);
	builder_function(g->builder, start, size, builder_string(g->builder, name),
			 g->inlines, g->inline_count);
	g->end = start + size > g->end ? start + size : g->end;
	return true;
}

static bool read_header(struct gsym *g)
{
	struct cursor c = { .data = g->all };
	uint64_t strings, size;

	if (read_fixed(&c, 4) != 0x4753594d || read_fixed(&c, 2) != 1)
		return false;
	g->address_size = (uint8_t)read_fixed(&c, 1);
	g->uuid_size = (uint8_t)read_fixed(&c, 1);
	g->base = g->end = read_fixed(&c, 8);
	g->count = (uint32_t)read_fixed(&c, 4);
	strings = read_fixed(&c, 4);
	size = read_fixed(&c, 4);
	if (g->uuid_size > UUID_LIMIT || !g->address_size || g->address_size > 8 ||
	    g->address_size & (g->address_size - 1) ||
	    !span_slice(g->all, strings, size, &g->strings))
		return false;
	g->addresses = HEADER;
	g->infos = (HEADER + (uint64_t)g->count * g->address_size + 3) & ~3ULL;
	g->files = g->infos + (uint64_t)g->count * 4;
	c.at = g->files;
	g->file_count = (uint32_t)read_fixed(&c, 4);
	return !c.failed && g->file_count <= (g->all.size - g->files - 4) / 8;
}

bool gsym_read_uuid(struct span file, char ret[64])
{
	struct gsym g = { .all = file };

	*ret = 0;
	if (!read_header(&g))
		return false;
	for (size_t i = 0; i < g.uuid_size; i++)
		sprintf(ret + 2 * i, "%02x", file.data[UUID + i]);
	return true;
}

static struct error *build(struct gsym *g, const char *path, uint8_t **bytes,
			   size_t *size)
{
	struct index_header head = { .machine = EM_NONE };

	for (uint32_t i = 0; i < g->count && !g->nomem; i++)
		if (!read_function(g, i))
			return error_new(ERROR_INPUT,
					 "%s: broken GSYM file: function %u of %u", path,
					 i, g->count);
	if (g->nomem)
		return error_nomem();
	builder_area(g->builder, ".text", g->base, g->end - g->base);
	gsym_read_uuid(g->all, head.build_id);
	return index_builder_finish(g->builder, &head, bytes, size);
}

struct error *gsym_read(struct span file, const char *path, struct index **ret)
{
	_cleanup_(index_builder_destroy) struct index_builder *builder = NULL;
	struct gsym g = { .all = file };
	struct error *error;
	uint8_t *bytes;
	size_t size;

	if (!read_header(&g))
		return error_new(
			ERROR_INPUT,
			"%s: broken GSYM file: its header is wrong, or of another "
			"version than 1",
			path);
	error = index_builder_create(&builder);
	g.builder = builder;
	if (!error)
		error = build(&g, path, &bytes, &size);
	free(g.rows);
	free(g.inlines);
	return error ? error : index_wrap(bytes, size, ret);
}
