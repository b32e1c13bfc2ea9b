/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A package's files in a private folder, where a compiler finds them. */
#pragma once

#include <stdbool.h>

struct bundle;
struct container;
struct error;

/*
 * Makes a folder that only this user can enter and writes the files of @container there,
 * without modules and what is too large to be source. Links are written as the file of
 * the same package that they lead to; nothing is written outside. The folder is owned by
 * the caller, who removes it with file_remove_tree(). @ret_cut: a limit left files out.
 */
struct error *unpack_files(const struct bundle *bundle, const struct container *container,
			   char **ret, bool *ret_cut);
