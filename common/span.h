/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view of foreign bytes, and reads that cannot leave it. Nothing is owned. Every
 * function returns false (or an empty span) instead of reading out of bounds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t size;
};

/* The @size bytes at @offset; false, and *ret untouched, when they are not all there. */
static inline bool span_slice(struct span s, uint64_t offset, uint64_t size,
			      struct span *ret)
{
	if (offset > s.size || size > s.size - offset)
		return false;
	*ret = (struct span){ s.data + offset, (size_t)size };
	return true;
}

static inline bool span_read(struct span s, uint64_t offset, void *ret, size_t size)
{
	struct span part;

	if (!span_slice(s, offset, size, &part))
		return false;
	memcpy(ret, part.data, size);
	return true;
}

/* The terminated string at @offset, or NULL when no terminator follows in the span. */
static inline const char *span_string(struct span s, uint64_t offset)
{
	if (offset >= s.size || !memchr(s.data + offset, 0, s.size - offset))
		return NULL;
	return (const char *)s.data + offset;
}

static inline bool span_starts_with(struct span s, const void *prefix, size_t size)
{
	return s.size >= size && !memcmp(s.data, prefix, size);
}
