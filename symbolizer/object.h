/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One debug file as lookups see it: by its index when there is one, otherwise by indexes
 * of single units, until so many were needed that the whole index is cheaper.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/index.h"

struct object;

/* Opens the debug file at @path. @build_id (may be NULL) chooses from a fat file. With
 * @cache indexes on disk are read and written. */
struct error *object_create(const char *path, const char *build_id, bool cache,
			    struct object **ret);
void object_destroy(struct object *object);
CLEANUP_DEFINE(struct object, object_destroy)

const char *object_path(const struct object *object);
const char *object_build_id(const struct object *object);
bool object_relocatable(const struct object *object);

/* Reads the file and makes the whole index now. */
struct error *object_index(struct object *object);

/* The whole index, NULL before object_index(). */
const struct index *object_whole(const struct object *object);

struct error *object_lookup(struct object *object, uint64_t address,
			    struct index_hit *ret);

/* As index_find_symbol() and index_area(). */
struct error *object_find_symbol(struct object *object, const char *name, size_t nth,
				 struct index_symbol_hit *ret, bool *found);
struct error *object_area(struct object *object, size_t nth, const char **name,
			  uint64_t *address, uint64_t *size, bool *found);

/* As assigned_find(), opening the file itself. */
struct assigned;
struct error *object_assigned(struct object *object, uint64_t address, uint64_t bytes,
			      bool direct, struct assigned *ret);
