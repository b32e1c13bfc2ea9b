/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the debug file of a kernel or module: by build-id first, then by name in the
 * folders given, the system's own places, and debuginfod where DEBUGINFOD_URLS is set.
 * A file whose build-id differs from the one asked for is never returned. Of a stripped
 * file the debug file that it names (.gnu_debuglink) is taken, when it is of that build.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/cleanup.h"

struct finder;

struct error *finder_create(struct finder **ret);
void finder_destroy(struct finder *finder);
CLEANUP_DEFINE(struct finder, finder_destroy)

/* A debug file, or a folder that is searched to the bottom. */
struct error *finder_add_path(struct finder *finder, const char *path);
struct error *finder_set_release(struct finder *finder, const char *release);

/* What is asked for is of macOS: only the paths that were given are searched. */
void finder_set_apple(struct finder *finder, bool apple);

/* Borrowed; NULL when it was not set. */
const char *finder_release(const struct finder *finder);

struct wanted {
	const char *name;     /* "vmlinux", "refdrv" */
	const char *build_id; /* hex; NULL: not known, then a name has to do */
};

/*
 * The path of the file in @ret, owned by the caller; NULL there when none was found,
 * and then finder_searched() has an entry more.
 */
struct error *finder_find(struct finder *finder, const struct wanted *wanted, char **ret);

/* Borrowed: the array that symbolizer_searched() describes. */
json_t *finder_searched(const struct finder *finder);
