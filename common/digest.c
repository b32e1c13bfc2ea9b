/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/digest.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>

void digest_sha256(const void *data, size_t size, char ret[DIGEST_HEX_SIZE])
{
	struct sha256_ctx context;
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_init(&context);
	sha256_update(&context, size, data);
	sha256_digest(&context, sizeof(digest), digest);
	base16_encode_update(ret, sizeof(digest), digest);
	ret[DIGEST_HEX_SIZE - 1] = '\0';
}
