/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Indexes on disk, one a build-id, below $XDG_CACHE_HOME/bookend/index. Any number of
 * processes may use it at once: files appear whole by rename, are checked when read, and
 * the oldest go when the folder grows beyond its limit ($BOOKEND_INDEX_LIMIT, 2 GiB).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct index;

/*
 * The index of the debug file at @path; NULL in @ret when there is none, it is damaged,
 * or the debug file changed since. @build_id may be "".
 */
struct error *index_cache_open(const char *path, const char *build_id,
			       struct index **ret);

/* Failing to write is told, but is no reason to fail: the bytes are still good. */
struct error *index_cache_store(const char *path, const char *build_id,
				const uint8_t *bytes, size_t size);

/* Owned path of the index file of that debug file. */
struct error *index_cache_path(const char *path, const char *build_id, char **ret);
