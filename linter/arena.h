/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that lives as long as a run: allocated in blocks, given back at once. */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct arena;

struct error *arena_create(struct arena **ret);
void arena_destroy(struct arena *arena);
CLEANUP_DEFINE(struct arena, arena_destroy)

/* Zeroed and aligned; NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_string(struct arena *arena, const char *text);

/* One copy for equal strings: equal means the same pointer. NULL: out of memory. */
const char *arena_intern(struct arena *arena, const char *text);
