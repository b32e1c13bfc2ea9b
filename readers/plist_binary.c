/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binary property lists, through libplist. It copies an object for every reference to it,
 * so a file of a few hundred bytes can ask for any amount of memory: how large the tree
 * will be is counted first, from the object table.
 */
#include <plist/plist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#include "readers/plist_build.h"

enum { TRAILER = 32, COUNTING = UINT32_MAX };

/* The table of objects, before libplist sees it. */
struct objects {
	struct span bytes;
	unsigned int offset_size, reference_size;
	uint64_t count, top, table;
	uint32_t *sizes; /* nodes each expands to; 0: not known yet */
};

static uint64_t big_endian(const uint8_t *p, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

static struct error *broken(const char *what)
{
	return error_new(ERROR_INPUT, "binary property list: %s", what);
}

static struct error *read_trailer(struct span bytes, struct objects *ret)
{
	const uint8_t *trailer;
	struct span table;

	if (bytes.size < 8 + TRAILER)
		return broken("cut off");
	trailer = bytes.data + bytes.size - TRAILER;
	*ret = (struct objects){
		.bytes = bytes,
		.offset_size = trailer[6],
		.reference_size = trailer[7],
		.count = big_endian(trailer + 8, 8),
		.top = big_endian(trailer + 16, 8),
		.table = big_endian(trailer + 24, 8),
	};
	if (ret->offset_size < 1 || ret->offset_size > 8 || ret->reference_size < 1 ||
	    ret->reference_size > 8 || ret->count == 0 || ret->count > PLIST_NODES ||
	    ret->top >= ret->count ||
	    !span_slice(bytes, ret->table, ret->count * ret->offset_size, &table))
		return broken("its trailer contradicts its size");
	return NULL;
}

/* The references of an array, set or dictionary; none for anything else. */
static bool references(const struct objects *o, uint64_t index, struct span *ret)
{
	uint64_t offset = big_endian(o->bytes.data + o->table + index * o->offset_size,
				     o->offset_size);
	uint64_t count, each = o->reference_size;
	uint8_t marker, kind;

	*ret = (struct span){ 0 };
	if (!span_read(o->bytes, offset++, &marker, 1))
		return false;
	kind = marker >> 4;
	if (kind != 0xa && kind != 0xb && kind != 0xc && kind != 0xd)
		return true;
	count = marker & 0x0f;
	if (count == 0x0f) {
		uint8_t length;
		struct span number;

		if (!span_read(o->bytes, offset++, &length, 1) || length >> 4 != 1 ||
		    (length & 0x0f) > 3 ||
		    !span_slice(o->bytes, offset, 1u << (length & 0x0f), &number))
			return false;
		count = big_endian(number.data, number.size);
		offset += number.size;
	}
	if (kind == 0xd)
		count = count > SIZE_MAX / 2 ? count : count * 2;
	if (count > o->bytes.size / each)
		return false;
	return span_slice(o->bytes, offset, count * each, ret);
}

/* How many nodes object @index becomes, all references followed. */
static struct error *expand(struct objects *o, uint64_t index, unsigned int depth,
			    uint32_t *ret)
{
	struct error *error = NULL;
	struct span refs;
	uint64_t total = 1;

	if (index >= o->count || !references(o, index, &refs))
		return broken("an object lies outside the file");
	if (o->sizes[index] == COUNTING)
		return broken("an object holds itself");
	if (depth > PLIST_DEPTH)
		return broken("too deep");
	if (o->sizes[index]) {
		*ret = o->sizes[index];
		return NULL;
	}
	o->sizes[index] = COUNTING;
	for (size_t at = 0; at < refs.size && !error; at += o->reference_size) {
		uint32_t nodes = 0;

		error = expand(o, big_endian(refs.data + at, o->reference_size),
			       depth + 1, &nodes);
		total += nodes;
		if (!error && total > PLIST_NODES)
			error = broken("its references make it larger than any "
				       "driver's");
	}
	if (!error)
		*ret = o->sizes[index] = total;
	return error;
}

static struct error *check_size(struct span bytes)
{
	struct objects o;
	struct error *error = read_trailer(bytes, &o);
	uint32_t nodes;

	if (error)
		return error;
	o.sizes = calloc(o.count, sizeof(*o.sizes));
	if (!o.sizes)
		return error_nomem();
	error = expand(&o, o.top, 0, &nodes);
	free(o.sizes);
	return error;
}

static struct error *copy(struct property_list *document, plist_t from,
			  struct property *parent, const char *key);

static struct error *copy_dict(struct property_list *document, plist_t from,
			       struct property *node)
{
	struct error *error = NULL;
	plist_dict_iter it = NULL;

	plist_dict_new_iter(from, &it);
	while (it && !error) {
		plist_t value = NULL;
		char *key = NULL;

		plist_dict_next_item(from, it, &key, &value);
		if (!value) {
			free(key);
			break;
		}
		error = copy(document, value, node, key ? key : "");
		free(key);
	}
	free(it);
	return error;
}

static struct error *copy_array(struct property_list *document, plist_t from,
				struct property *node)
{
	struct error *error = NULL;
	plist_array_iter it = NULL;

	plist_array_new_iter(from, &it);
	while (it && !error) {
		plist_t value = NULL;

		plist_array_next_item(from, it, &value);
		if (!value)
			break;
		error = copy(document, value, node, NULL);
	}
	free(it);
	return error;
}

static struct error *copy_date(plist_t from, struct property *node)
{
	int32_t seconds = 0, microseconds;

	plist_get_date_val(from, &seconds, &microseconds);
	if (asprintf(&node->string, "%d", seconds) < 0) {
		node->string = NULL;
		return error_nomem();
	}
	return NULL;
}

static struct error *copy_value(struct property_list *document, plist_t from,
				struct property *node)
{
	uint64_t number = 0;
	uint8_t boolean = 0;

	switch (plist_get_node_type(from)) {
	case PLIST_DICT:
		return copy_dict(document, from, node);
	case PLIST_ARRAY:
		return copy_array(document, from, node);
	case PLIST_STRING:
		plist_get_string_val(from, &node->string);
		if (!node->string)
			return error_nomem();
		node->size = strlen(node->string);
		return NULL;
	case PLIST_UINT:
		plist_get_uint_val(from, &number);
		node->integer = number;
		return NULL;
	case PLIST_REAL:
		plist_get_real_val(from, &node->real);
		return NULL;
	case PLIST_BOOLEAN:
		plist_get_bool_val(from, &boolean);
		node->integer = boolean;
		return NULL;
	case PLIST_DATE:
		return copy_date(from, node);
	case PLIST_DATA:
		plist_get_data_ptr(from, &number);
		node->size = number;
		return NULL;
	case PLIST_UID:
		plist_get_uid_val(from, &number);
		node->integer = number;
		return NULL;
	default:
		return plist_note(document, PLIST_MALFORMED, node, 0,
				  "a value of no known kind");
	}
}

static enum property_type type_of(plist_t from)
{
	switch (plist_get_node_type(from)) {
	case PLIST_DICT:
		return PROPERTY_DICT;
	case PLIST_ARRAY:
		return PROPERTY_ARRAY;
	case PLIST_UINT:
		return PROPERTY_INTEGER;
	case PLIST_REAL:
		return PROPERTY_REAL;
	case PLIST_BOOLEAN:
		return PROPERTY_BOOLEAN;
	case PLIST_DATE:
		return PROPERTY_DATE;
	case PLIST_DATA:
		return PROPERTY_DATA;
	case PLIST_UID:
		return PROPERTY_UID;
	default:
		return PROPERTY_STRING;
	}
}

static struct error *copy(struct property_list *document, plist_t from,
			  struct property *parent, const char *key)
{
	struct property *node;
	struct error *error = property_node(parent, key, type_of(from), 0, &node);

	if (error)
		return error;
	if (!parent)
		document->root = node;
	return copy_value(document, from, node);
}

struct error *plist_read_binary(struct span bytes, struct property_list *document)
{
	struct error *error = check_size(bytes);
	plist_t root = NULL;

	if (error)
		return error;
	if (bytes.size > UINT32_MAX)
		return broken("too large");
	plist_from_bin((const char *)bytes.data, bytes.size, &root);
	if (!root)
		return broken("libplist cannot read it");
	error = copy(document, root, NULL, NULL);
	plist_free(root);
	return error;
}
