/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays: three plain variables (items, count, capacity) and one macro. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Makes room for one more item of @size bytes in *@items; false when memory is out. */
bool array_reserve(void **items, size_t count, size_t *capacity, size_t size);

/*
 * array_grow(s->items, s->count, s->capacity): true when s->items[s->count] may be
 * written; the caller then counts up.
 */
#define array_grow(items, count, capacity) \
	array_reserve((void **)&(items), (count), &(capacity), sizeof(*(items)))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
