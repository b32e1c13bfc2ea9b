/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of source files, where the source is there. */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct sources;

struct error *sources_create(struct sources **ret);
void sources_destroy(struct sources *sources);
CLEANUP_DEFINE(struct sources, sources_destroy)

struct error *sources_add_path(struct sources *sources, const char *path);

/*
 * The text of @line without its indentation, owned by the caller; NULL when the file is
 * not there. @file is the compiler's path, @short_file the same below the build folder.
 */
char *sources_line(struct sources *sources, const char *file, const char *short_file,
		   unsigned int line);
