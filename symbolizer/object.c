/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/object.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "symbolizer/assigned.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/gsym.h"
#include "symbolizer/index_cache.h"
#include "symbolizer/unit.h"

/* Functions that are read one by one before the whole file is indexed instead. */
enum { UNIT_LIMIT = 128 };

struct unit_index {
	struct unit_range range;
	struct index *index;
};

struct object {
	char *path;
	char build_id[64];
	struct debugfile *file; /* opened when something is not in an index */
	struct index *whole;
	struct index *symbols; /* while there is no whole index */
	struct unit_index *units;
	size_t unit_count, unit_capacity;
	bool cache;
};

/* A GSYM file is no debug file: its index is made at once, and not kept. */
static struct error *open_gsym(struct object *object)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(object->path, &mapping);

	if (!error && gsym_recognise(mapping.bytes))
		error = gsym_read(mapping.bytes, object->path, &object->whole);
	return error;
}

struct error *object_create(const char *path, const char *build_id, bool cache,
			    struct object **ret)
{
	_cleanup_(object_destroy) struct object *object = calloc(1, sizeof(*object));
	struct error *error;
	bool lines;

	if (!object)
		return error_nomem();
	object->path = strdup(path);
	object->cache = cache;
	if (!object->path)
		return error_nomem();
	error = debugfile_glance(path, build_id, object->build_id, &lines);
	if (!error)
		error = open_gsym(object);
	if (!error && cache && !object->whole)
		error = index_cache_open(path, object->build_id, &object->whole);
	if (!error)
		*ret = take(object);
	return error;
}

void object_destroy(struct object *object)
{
	if (!object)
		return;
	for (size_t i = 0; i < object->unit_count; i++)
		index_close(object->units[i].index);
	free(object->units);
	index_close(object->whole);
	index_close(object->symbols);
	debugfile_close(object->file);
	free(object->path);
	free(object);
}

const char *object_path(const struct object *object)
{
	return object->path;
}

const char *object_build_id(const struct object *object)
{
	return object->build_id;
}

bool object_relocatable(const struct object *object)
{
	return object->whole ? index_head(object->whole)->relocatable
			     : object->file && object->file->relocatable;
}

static struct error *open_file(struct object *object)
{
	return object->file
		       ? NULL
		       : debugfile_open(object->path, object->build_id, &object->file);
}

struct error *object_index(struct object *object)
{
	struct error *error;
	uint8_t *bytes;
	size_t size;

	if (object->whole && !index_damaged(object->whole))
		return NULL;
	error = open_file(object);
	if (!error)
		error = debugfile_make_index(object->file, &bytes, &size);
	if (error)
		return error;
	/* An index that cannot be kept is no less good now. */
	if (object->cache)
		error_destroy(
			index_cache_store(object->path, object->build_id, bytes, size));
	index_close(object->whole);
	object->whole = NULL;
	return index_wrap(bytes, size, &object->whole);
}

static struct error *need_symbols(struct object *object, struct index **ret)
{
	struct error *error = NULL;

	if (object->whole && index_damaged(object->whole))
		error = object_index(object);
	if (!error && !object->whole && !object->symbols) {
		error = open_file(object);
		if (!error)
			error = debugfile_make_symbols(object->file, &object->symbols);
	}
	*ret = object->whole ? object->whole : object->symbols;
	return error;
}

/* The index of the function at @address; NULL when there is none. */
static struct error *need_unit(struct object *object, uint64_t address,
			       struct index **ret)
{
	struct unit_index one = { 0 };
	struct error *error;

	*ret = NULL;
	for (size_t i = 0; i < object->unit_count; i++)
		if (address >= object->units[i].range.start &&
		    address < object->units[i].range.end) {
			*ret = object->units[i].index;
			return NULL;
		}
	if (!array_grow(object->units, object->unit_count, object->unit_capacity))
		return error_nomem();
	error = debugfile_make_function(object->file, address, &one.range, &one.index);
	if (error || !one.index)
		return error;
	object->units[object->unit_count++] = one;
	*ret = one.index;
	return NULL;
}

static struct error *lookup_in_units(struct object *object, uint64_t address,
				     struct index_hit *ret)
{
	struct index_symbol_hit symbol = ret->symbol;
	struct index *unit;
	struct error *error = need_unit(object, address, &unit);

	if (error || !unit)
		return error;
	index_lookup(unit, address, ret);
	ret->symbol = symbol;
	return NULL;
}

struct error *object_lookup(struct object *object, uint64_t address,
			    struct index_hit *ret)
{
	struct index *symbols;
	struct error *error;

	if (!object->whole && object->unit_count >= UNIT_LIMIT) {
		error = object_index(object);
		if (error)
			return error;
	}
	error = need_symbols(object, &symbols);
	if (error)
		return error;
	index_lookup(symbols, address, ret);
	if (!object->whole)
		return lookup_in_units(object, address, ret);
	if (!index_damaged(object->whole))
		return NULL;
	error = object_index(object);
	if (!error)
		index_lookup(object->whole, address, ret);
	return error;
}

struct error *object_find_symbol(struct object *object, const char *name, size_t nth,
				 struct index_symbol_hit *ret, bool *found)
{
	struct index *symbols;
	struct error *error = need_symbols(object, &symbols);

	if (!error)
		*found = index_find_symbol(symbols, name, nth, ret);
	return error;
}

struct error *object_area(struct object *object, size_t nth, const char **name,
			  uint64_t *address, uint64_t *size, bool *found)
{
	struct index *symbols;
	struct error *error = need_symbols(object, &symbols);

	if (!error)
		*found = index_area(symbols, nth, name, address, size);
	return error;
}

struct error *object_assigned(struct object *object, uint64_t address, uint64_t bytes,
			      bool direct, struct assigned *ret)
{
	struct error *error = open_file(object);

	return error ? error : assigned_find(object->file, address, bytes, direct, ret);
}

const struct index *object_whole(const struct object *object)
{
	return object->whole;
}
