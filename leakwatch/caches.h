/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slab caches of the kernel whose objects have a name that people know. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* "struct file" for "filp"; NULL when the cache has no such name. */
const char *cache_object(const char *cache);

/* Whether its objects live by references, as an open file. */
bool cache_is_referenced(const char *cache);

/*
 * Whether they are gone when the processes that made them have ended, so that one that
 * is left is held by somebody: no file system keeps it for later.
 */
bool cache_ends_with_process(const char *cache);

/* The names of all these caches; NULL after the last. */
const char *cache_at(size_t index);
