/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run folder keeps beside its logs and dumps: where modules lay, and symbols. */
#pragma once

struct error;

/*
 * The path of the first of @names (NULL at the end) that lies in the folder of @path,
 * with the number that @path has: console-2.log, kallsyms-2.gz. NULL in @ret: none of
 * them does. Owned by the caller.
 */
struct error *beside_find(const char *path, const char *const *names, char **ret);

/* Files that the cycler keeps. */
extern const char *const beside_kallsyms[];
extern const char *const beside_layouts[];
