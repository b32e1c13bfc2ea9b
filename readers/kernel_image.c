/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/kernel_image.h"

#include <string.h>

#include "common/error.h"

/* Documentation/x86/boot.rst: the real-mode header. */
enum {
	SETUP_SECTORS = 0x1f1,
	MAGIC = 0x202,
	PAYLOAD = 0x248, /* payload_offset, payload_length */
	HEADER_SIZE = 0x260,
	TRAILER = 4, /* the payload's unpacked size stands behind it */
	MAXIMUM = 256 << 20,
};

static uint32_t little32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

bool kernel_image_is_packed(struct span bytes)
{
	return bytes.size >= HEADER_SIZE && !memcmp(bytes.data + MAGIC, "HdrS", 4);
}

struct error *kernel_image_open(const char *path, struct span bytes, struct content *ret)
{
	struct span payload;
	uint64_t start;

	if (span_starts_with(bytes, "\177ELF", 4)) {
		*ret = (struct content){ .bytes = bytes };
		return NULL;
	}
	if (!kernel_image_is_packed(bytes))
		return error_new(ERROR_INPUT, "%s is no kernel image that is understood",
				 path);
	start = (bytes.data[SETUP_SECTORS] + 1) * 512ULL + little32(bytes.data + PAYLOAD);
	if (little32(bytes.data + PAYLOAD + 4) < TRAILER ||
	    !span_slice(bytes, start, little32(bytes.data + PAYLOAD + 4) - TRAILER,
			&payload))
		return error_new(ERROR_INPUT, "%s is cut", path);
	return bundle_inflate(path, payload, MAXIMUM, ret);
}
