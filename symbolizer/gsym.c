/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout: header; offsets of functions from the base address; offsets of their
 * information in the file; files as pairs of strings; strings; information. Each
 * function's information is size and name, then blocks of type, length and data: 1 a
 * line table, 2 a tree of inlined calls, 0 the end.
 */
#include "symbolizer/gsym.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/index.h"

enum { VERSION = 1, UUID_SIZE = 20, STRINGS_OFFSET = 20 /* in the header */ };
enum { OP_END, OP_SET_FILE, OP_ADVANCE_PC, OP_ADVANCE_LINE };
enum { INFO_END, INFO_LINES, INFO_INLINES };

static const uint32_t magic = 0x4753594d;

struct entry {
	uint64_t address, size;
	const char *name;
	ptrdiff_t function; /* in the index, -1: only a symbol */
};

struct node {
	struct index_inline_info info;
	ptrdiff_t parent; /* -1: directly in the function */
	size_t children;
};

struct writer {
	const struct index *index;
	struct entry *entries;
	size_t count, capacity;
	struct strbuf strings, infos;
	struct strbuf *data; /* being written */
	struct node *nodes;
	size_t node_count, node_capacity;
	uint64_t address; /* of the row before */
	uint32_t file, line;
	bool rows, failed;
};

static void put(struct strbuf *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		strbuf_addc(out, (char)(value >> 8 * i));
}

static void put_unsigned(struct strbuf *out, uint64_t value)
{
	do {
		strbuf_addc(out, (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0)));
		value >>= 7;
	} while (value);
}

static void put_signed(struct strbuf *out, int64_t value)
{
	for (;;) {
		uint8_t byte = value & 0x7f;

		value >>= 7;
		if ((!value && !(byte & 0x40)) || (value == -1 && byte & 0x40)) {
			strbuf_addc(out, (char)byte);
			return;
		}
		strbuf_addc(out, (char)(byte | 0x80));
	}
}

static uint32_t add_string(struct writer *w, const char *text)
{
	uint32_t offset = (uint32_t)w->strings.length;

	strbuf_add(&w->strings, text, strlen(text) + 1);
	return offset;
}

static bool add_entry(struct writer *w, struct entry entry)
{
	if (!array_grow(w->entries, w->count, w->capacity))
		return false;
	w->entries[w->count++] = entry;
	return true;
}

/* Whether one of the first @count entries, which are sorted, holds @address. */
static bool in_function(const struct writer *w, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - w->entries[low - 1].address < w->entries[low - 1].size;
}

/* Functions, and the symbols that lie in none: code of assemblers. */
static bool gather(struct writer *w)
{
	struct index_function_info fn;
	struct index_symbol_hit symbol;
	size_t functions;

	for (size_t i = 0; index_function_at(w->index, i, &fn); i++)
		if (!add_entry(w, (struct entry){ fn.address, fn.size, fn.name,
						  (ptrdiff_t)i }))
			return false;
	functions = w->count;
	for (size_t i = 0; index_symbol_at(w->index, i, &symbol); i++)
		if (symbol.size && !in_function(w, functions, symbol.address) &&
		    !add_entry(w, (struct entry){ symbol.address, symbol.size,
						  symbol.name, -1 }))
			return false;
	return true;
}

static int by_address(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	/* A function of DWARF's comes before its symbol: the first one stays. */
	return (b->function >= 0) - (a->function >= 0);
}

static void drop_twins(struct writer *w)
{
	size_t kept = 0;

	qsort(w->entries, w->count, sizeof(*w->entries), by_address);
	for (size_t i = 0; i < w->count; i++)
		if (!kept || w->entries[kept - 1].address != w->entries[i].address)
			w->entries[kept++] = w->entries[i];
	w->count = kept;
}

static void visit_row(void *context, uint64_t address, uint32_t file, uint32_t line)
{
	struct writer *w = context;

	if (!w->rows) {
		put_signed(w->data, 0);
		put_signed(w->data, 0);
		put_unsigned(w->data, line);
		w->line = line;
		w->file = 1;
	}
	w->rows = true;
	if (file != w->file) {
		put(w->data, OP_SET_FILE, 1);
		put_unsigned(w->data, file);
	}
	if (line != w->line) {
		put(w->data, OP_ADVANCE_LINE, 1);
		put_signed(w->data, (int64_t)line - (int64_t)w->line);
	}
	put(w->data, OP_ADVANCE_PC, 1);
	put_unsigned(w->data, address - w->address);
	w->address = address;
	w->file = file;
	w->line = line;
}

static void visit_inline(void *context, const struct index_inline_info *info)
{
	struct writer *w = context;
	ptrdiff_t parent = (ptrdiff_t)w->node_count - 1;

	if (!array_grow(w->nodes, w->node_count, w->node_capacity)) {
		w->failed = true;
		return;
	}
	while (parent >= 0 && (w->nodes[parent].info.depth >= info->depth ||
			       info->address - w->nodes[parent].info.address >=
				       w->nodes[parent].info.size))
		parent = w->nodes[parent].parent;
	if (parent < 0 && info->depth)
		return;
	if (parent >= 0)
		w->nodes[parent].children++;
	w->nodes[w->node_count++] = (struct node){ *info, parent, 0 };
}

/* Writes the node and what is inlined in it; @base: where its parent begins. */
static void put_node(struct writer *w, size_t number, uint64_t base, int depth)
{
	const struct node *node = &w->nodes[number];

	put_unsigned(w->data, 1);
	put_unsigned(w->data, node->info.address - base);
	put_unsigned(w->data, node->info.size);
	put(w->data, node->children && depth < INDEX_DEPTH, 1);
	put(w->data, add_string(w, node->info.name), 4);
	put_unsigned(w->data, node->info.file);
	put_unsigned(w->data, node->info.line);
	if (!node->children || depth >= INDEX_DEPTH)
		return;
	for (size_t i = number + 1; i < w->node_count; i++)
		if (w->nodes[i].parent == (ptrdiff_t)number)
			put_node(w, i, node->info.address, depth + 1);
	put_unsigned(w->data, 0);
}

static void put_inlines(struct writer *w, const struct entry *entry, uint32_t name)
{
	put_unsigned(w->data, 1);
	put_unsigned(w->data, 0);
	put_unsigned(w->data, entry->size);
	put(w->data, 1, 1);
	put(w->data, name, 4);
	put_unsigned(w->data, 0);
	put_unsigned(w->data, 0);
	for (size_t i = 0; i < w->node_count; i++)
		if (w->nodes[i].parent < 0)
			put_node(w, i, entry->address, 1);
	put_unsigned(w->data, 0);
}

static void put_block(struct writer *w, uint32_t type, const struct strbuf *data)
{
	put(&w->infos, type, 4);
	put(&w->infos, data->length, 4);
	strbuf_add(&w->infos, data->data, data->length);
}

static void put_info(struct writer *w, const struct entry *entry)
{
	_strbuf_ struct strbuf lines = STRBUF_INIT, inlines = STRBUF_INIT;
	uint32_t name = add_string(w, entry->name);

	put(&w->infos, entry->size, 4);
	put(&w->infos, name, 4);
	w->data = &lines;
	w->rows = false;
	w->address = entry->address;
	index_each_row(w->index, entry->address, entry->address + entry->size, visit_row,
		       w);
	if (w->rows) {
		put(&lines, OP_END, 1);
		put_block(w, INFO_LINES, &lines);
	}
	w->node_count = 0;
	if (entry->function >= 0)
		index_each_inline(w->index, (size_t)entry->function, visit_inline, w);
	if (w->node_count) {
		w->data = &inlines;
		put_inlines(w, entry, name);
		put_block(w, INFO_INLINES, &inlines);
	}
	put(&w->infos, INFO_END, 4);
	put(&w->infos, 0, 4);
	w->failed |= lines.failed || inlines.failed;
}

static void put_header(const struct writer *w, struct strbuf *out)
{
	const char *id = index_head(w->index)->build_id;
	size_t size = strlen(id) / 2 < UUID_SIZE ? strlen(id) / 2 : UUID_SIZE;
	uint8_t uuid[UUID_SIZE] = { 0 };

	for (size_t i = 0; i < size; i++) {
		char digits[3] = { id[2 * i], id[2 * i + 1], 0 };

		uuid[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	put(out, magic, 4);
	put(out, VERSION, 2);
	put(out, 4, 1);
	put(out, size, 1);
	put(out, w->entries[0].address, 8);
	put(out, w->count, 4);
	put(out, 0, 8); /* place and size of the strings: known later */
	strbuf_add(out, uuid, sizeof(uuid));
}

/* Writes the table of files: folder and name of each. */
static void put_files(struct writer *w, struct strbuf *out)
{
	size_t at = out->length, count = 0;
	const char *path;

	put(out, 0, 4);
	for (; (path = index_file_at(w->index, (uint32_t)count)); count++) {
		const char *slash = strrchr(path, '/');
		_free_ char *folder = slash ? strndup(path, slash - path) : NULL;

		put(out, folder ? add_string(w, folder) : 0, 4);
		put(out, *path ? add_string(w, slash ? slash + 1 : path) : 0, 4);
	}
	for (int i = 0; i < 4 && !out->failed; i++)
		out->data[at + i] = (char)(count >> 8 * i);
}

static struct error *assemble(struct writer *w, struct strbuf *out)
{
	_strbuf_ struct strbuf offsets = STRBUF_INIT, files = STRBUF_INIT;
	size_t before, strings;

	for (size_t i = 0; i < w->count; i++) {
		strbuf_pad(&w->infos, 0, -w->infos.length & 3);
		put(&offsets, w->infos.length, 4);
		put_info(w, &w->entries[i]);
	}
	put_files(w, &files);
	put_header(w, out);
	for (size_t i = 0; i < w->count; i++)
		put(out, w->entries[i].address - w->entries[0].address, 4);
	before = out->length + offsets.length + files.length;
	strings = w->strings.length + (-(before + w->strings.length) & 3);
	strbuf_pad(&w->strings, 0, strings - w->strings.length);
	if (offsets.failed || files.failed || w->strings.failed || w->infos.failed ||
	    w->failed)
		return error_nomem();
	for (size_t i = 0; i < w->count; i++) {
		uint32_t offset;

		memcpy(&offset, offsets.data + 4 * i, 4);
		put(out, before + strings + offset, 4);
	}
	strbuf_add(out, files.data, files.length);
	strbuf_add(out, w->strings.data, strings);
	strbuf_add(out, w->infos.data, w->infos.length);
	for (int i = 0; i < 4 && !out->failed; i++) {
		out->data[STRINGS_OFFSET + i] = (char)(before >> 8 * i);
		out->data[STRINGS_OFFSET + 4 + i] = (char)(strings >> 8 * i);
	}
	return strbuf_error(out);
}

struct error *gsym_write(const struct index *index, struct strbuf *out)
{
	struct writer w = { .index = index };
	struct error *error = NULL;

	add_string(&w, "");
	if (!gather(&w))
		error = error_nomem();
	else if (!w.count)
		error = error_new(ERROR_INPUT, "there are no functions to write");
	if (!error) {
		drop_twins(&w);
		error = assemble(&w, out);
	}
	free(w.entries);
	free(w.nodes);
	strbuf_deinit(&w.strings);
	strbuf_deinit(&w.infos);
	return error;
}
