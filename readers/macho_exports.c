/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The export trie of LC_DYLD_INFO and LC_DYLD_EXPORTS_TRIE: what a slice offers, also
 * where its symbol table is gone. Format: <mach-o/loader.h>, EXPORT_SYMBOL_FLAGS_….
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/macho.h"

enum {
	FLAG_WEAK = 0x4,
	FLAG_REEXPORT = 0x8,
	NAME_LIMIT = 16384,
	DEPTH_LIMIT = 512,
};

/* A place in the trie, and how much of the name leads there. */
struct step {
	size_t at; /* of the next child's label */
	unsigned int children;
	size_t length;
};

struct walk {
	const struct macho *macho;
	struct macho_exports *ret;
	struct span trie;
	struct step *steps;
	size_t depth, capacity;
	char name[NAME_LIMIT];
	size_t nodes, bytes, work; /* left, before the trie is taken for hostile */
};

static bool read_uleb(struct span bytes, size_t *at, uint64_t *ret)
{
	unsigned int shift = 0;

	*ret = 0;
	while (*at < bytes.size) {
		uint8_t byte = bytes.data[(*at)++];

		if (shift < 64)
			*ret |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

void macho_exports_deinit(struct macho_exports *exports)
{
	for (size_t i = 0; i < exports->count; i++)
		free(exports->items[i].name);
	free(exports->items);
	*exports = (struct macho_exports){ 0 };
}

/* What a node with something to export says of it. */
static bool read_terminal(struct walk *w, struct span info, struct macho_export *ret)
{
	uint64_t flags, value;
	size_t at = 0;

	if (!read_uleb(info, &at, &flags) || !read_uleb(info, &at, &value))
		return false;
	*ret = (struct macho_export){ .weak = flags & FLAG_WEAK,
				      .elsewhere = flags & FLAG_REEXPORT };
	if (!ret->elsewhere) {
		const struct macho_segment *text = macho_find_segment(w->macho, "__TEXT");

		ret->address = (text ? text->address : 0) + value;
	}
	return true;
}

static struct error *add(struct walk *w, size_t length, const struct macho_export *export)
{
	struct macho_exports *e = w->ret;

	if (length > w->bytes) {
		e->incomplete = true;
		return NULL;
	}
	w->bytes -= length;
	if (!array_grow(e->items, e->count, e->capacity))
		return error_nomem();
	e->items[e->count] = *export;
	e->items[e->count].name = strndup(w->name, length);
	return e->items[e->count++].name ? NULL : error_nomem();
}

/* Enters the node at @offset; the name so far has @length bytes. */
static struct error *enter(struct walk *w, uint64_t offset, size_t length)
{
	struct macho_export export;
	struct error *error = NULL;
	struct span info;
	uint64_t size;
	size_t at = offset;

	if (offset >= w->trie.size || !w->nodes || w->depth == DEPTH_LIMIT ||
	    !read_uleb(w->trie, &at, &size) || !span_slice(w->trie, at, size, &info) ||
	    at + size >= w->trie.size) {
		w->ret->incomplete = true;
		return NULL;
	}
	w->nodes--;
	if (size && read_terminal(w, info, &export))
		error = add(w, length, &export);
	else if (size)
		w->ret->incomplete = true;
	if (error)
		return error;
	if (!array_grow(w->steps, w->depth, w->capacity))
		return error_nomem();
	w->steps[w->depth++] =
		(struct step){ at + size + 1, w->trie.data[at + size], length };
	return NULL;
}

/* Follows the next child of the innermost node, or leaves it. */
static struct error *proceed(struct walk *w)
{
	struct step *s = &w->steps[w->depth - 1];
	size_t length;
	const char *label;
	uint64_t offset;

	if (!s->children) {
		w->depth--;
		return NULL;
	}
	s->children--;
	label = macho_name(w->trie, s->at);
	length = label ? strlen(label) : 0;
	if (!label || s->length + length >= NAME_LIMIT || length >= w->work) {
		w->ret->incomplete = true;
		s->children = 0;
		return NULL;
	}
	w->work -= length + 1;
	s->at += length + 1;
	if (!read_uleb(w->trie, &s->at, &offset)) {
		w->ret->incomplete = true;
		s->children = 0;
		return NULL;
	}
	memcpy(w->name + s->length, label, length);
	return enter(w, offset, s->length + length);
}

static int by_name(const void *a, const void *b)
{
	const struct macho_export *x = a, *y = b;

	return strcmp(x->name, y->name);
}

struct error *macho_exports_read(const struct macho *macho, struct macho_exports *ret)
{
	_macho_exports_ struct macho_exports exports = { 0 };
	_free_ struct walk *w = calloc(1, sizeof(*w));
	struct error *error;

	*ret = (struct macho_exports){ 0 };
	if (!macho->exports_trie.size)
		return NULL;
	if (!w)
		return error_nomem();
	w->macho = macho;
	w->ret = &exports;
	w->trie = macho->exports_trie;
	w->nodes = w->trie.size;
	/* names share their beginnings, but not without end */
	w->bytes = w->work = 64 * w->trie.size + NAME_LIMIT;
	error = enter(w, 0, 0);
	while (!error && w->depth)
		error = proceed(w);
	free(w->steps);
	if (error)
		return error;
	if (exports.count)
		qsort(exports.items, exports.count, sizeof(*exports.items), by_name);
	*ret = exports;
	exports = (struct macho_exports){ 0 };
	return NULL;
}
