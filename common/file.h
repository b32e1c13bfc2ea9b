/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: mapped, read, written at once, and folders made and removed. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/span.h"

struct error;

/* A file's bytes, mapped read-only (or read, where it cannot be mapped). */
struct mapping {
	struct span bytes;
	size_t mapped; /* bytes mapped, 0 when the memory is from malloc */
};

/* An empty file gives an empty span. @path must be a regular file. */
struct error *file_map(const char *path, struct mapping *ret);
void file_unmap(struct mapping *mapping);
#define _mapping_ __attribute__((cleanup(file_unmap)))

/* The same bytes in memory that the caller frees: cheaper where the file is small. */
struct error *file_read(const char *path, void **memory, struct span *ret);

/*
 * The text of a small file (at most @limit bytes, else an error), terminated; owned by
 * the caller. Works on /proc and /sys, where sizes lie.
 */
struct error *file_read_text(const char *path, size_t limit, char **ret);

/* Writes to a temporary name beside @path, then renames: never half a file. */
struct error *file_write(const char *path, const void *data, size_t size, mode_t mode);

/* mkdir -p. */
struct error *file_make_folder(const char *path, mode_t mode);

/* rm -r; links are removed, not followed. A path that is not there is no error. */
struct error *file_remove_tree(const char *path);

/* Owned "folder/name". */
struct error *file_join(const char *folder, const char *name, char **ret);

/* The folder this executable lies in, and (in @prefix) what is installed beside it. */
struct error *file_own_folder(char **ret);

/*
 * Finds a data folder of bookend's ("rules", "docs/schema"): below $BOOKEND_DATA, in
 * the source tree above a build tree, or in PREFIX/share/bookend. Owned by the caller.
 */
struct error *file_data_folder(const char *name, char **ret);
