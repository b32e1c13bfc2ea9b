/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/array.h"

#include <stdlib.h>

bool array_reserve(void **items, size_t count, size_t *capacity, size_t size)
{
	size_t grown;
	void *moved;

	if (count < *capacity)
		return true;
	grown = *capacity ? *capacity * 2 : 16;
	moved = reallocarray(*items, grown, size);
	if (!moved)
		return false;
	*items = moved;
	*capacity = grown;
	return true;
}
