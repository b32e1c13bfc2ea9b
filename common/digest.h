/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

enum { DIGEST_HEX_SIZE = 65 };

/* SHA-256 of @data as 64 lower-case hex digits and a terminator. */
void digest_sha256(const void *data, size_t size, char ret[DIGEST_HEX_SIZE]);
