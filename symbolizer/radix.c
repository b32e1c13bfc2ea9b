/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/radix.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 11, DIGITS = 1 << BITS, FEW = 64 };

static uint64_t key_at(const char *items, size_t i, size_t size)
{
	uint64_t key;

	memcpy(&key, items + i * size, sizeof(key));
	return key;
}

/* One pass: the digit at @shift. */
static void distribute(const char *from, char *to, size_t count, size_t size,
		       unsigned int shift)
{
	size_t starts[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < count; i++)
		starts[key_at(from, i, size) >> shift & (DIGITS - 1)]++;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = starts[i];

		starts[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = starts[key_at(from, i, size) >> shift & (DIGITS - 1)]++;

		memcpy(to + at * size, from + i * size, size);
	}
}

static void sort_equals(char *items, size_t count, size_t size,
			int (*compare)(const void *, const void *))
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1;
		     end < count && key_at(items, end, size) == key_at(items, i, size);
		     end++)
			;
		if (end - i > 1)
			qsort(items + i * size, end - i, size, compare);
	}
}

bool radix_sort(void *items, size_t count, size_t size,
		int (*compare)(const void *, const void *))
{
	char *from = items, *to, *scratch;
	uint64_t all = ~UINT64_C(0), any = 0;

	if (count < 2)
		return true;
	if (count < FEW && compare) {
		qsort(items, count, size, compare);
		return true;
	}
	to = scratch = malloc(count * size);
	if (!scratch)
		return false;
	for (size_t i = 0; i < count; i++) {
		all &= key_at(from, i, size);
		any |= key_at(from, i, size);
	}
	for (unsigned int shift = 0; shift < 64; shift += BITS) {
		char *swap = from;

		if (!((all ^ any) >> shift & (DIGITS - 1)))
			continue;
		distribute(from, to, count, size, shift);
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * size);
	free(scratch);
	if (compare)
		sort_equals(items, count, size, compare);
	return true;
}
