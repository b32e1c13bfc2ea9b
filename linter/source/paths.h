/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiler's arguments without the folder that they were meant from. */
#pragma once

#include <stddef.h>

struct arena;
struct error;

/* "a/./b/../c" to "a/c", in place; links stay as they are. */
void path_tidy(char *path);

/*
 * Copies @count arguments to @ret, with every path that is relative made absolute from
 * @directory (NULL: all stay), so that nobody has to go there to read a unit: the
 * working folder is the whole process's. "-include NAME" is only changed where @directory
 * has such a file, as NAME is else looked for along the include path. What is new is of
 * @arena.
 */
struct error *paths_settle(struct arena *arena, const char *directory,
			   const char *const *arguments, size_t count, const char **ret);
