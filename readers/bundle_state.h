/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of folders and of archives share; for readers/bundle*.c alone. */
#pragma once

#include "readers/bundle.h"

struct bundle_state {
	struct bundle_limits limits;
	uint64_t kept;		  /* bytes in memory */
	struct mapping *mappings; /* of archives on disk */
	size_t mapping_count, mapping_capacity;
	void **memory; /* everything else that the members point to */
	size_t memory_count, memory_capacity;
};

/* Keeps @memory until the bundle goes; on failure it is freed. */
struct error *bundle_keep(struct bundle *bundle, void *memory);
struct error *bundle_string(struct bundle *bundle, char **ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct error *bundle_fact(struct bundle *bundle, enum bundle_fact_kind kind,
			  size_t container, const char *name, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Appends; the strings must be kept already. False in @ret: too many. */
struct error *bundle_add_member(struct bundle *bundle, const struct member *member,
				bool *ret);
struct error *bundle_add_container(struct bundle *bundle, enum container_kind kind,
				   const char *name, size_t parent, const char *disk,
				   struct span bytes, size_t *ret);

/* The kind that a name and its first bytes speak for; CONTAINER_FILE: none. */
enum container_kind bundle_probe(const char *name, struct span head);

/* Reads the archive @bytes as @container, whose depth is @depth. */
struct error *bundle_read_archive(struct bundle *bundle, size_t container,
				  unsigned int depth);

/* Opens @bytes as a container called @name below @parent, if it is one. */
struct error *bundle_enter(struct bundle *bundle, const char *name, const char *disk,
			   size_t parent, struct span bytes, unsigned int depth);

/* Walks the folder of @container. */
struct error *bundle_walk_folder(struct bundle *bundle, size_t container);
