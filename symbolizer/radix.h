/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting by numbers: several times faster than comparing, for a hundred thousand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Sorts @count items of @size bytes by the uint64_t that each begins with; those with
 * the same number by @compare (NULL: they keep their order). False: no memory.
 */
bool radix_sort(void *items, size_t count, size_t size,
		int (*compare)(const void *, const void *));
