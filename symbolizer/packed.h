/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that one program has compressed: xz, zstd, gzip. As modules are, and snapshots.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By its first bytes: at least six of them. */
bool packed_recognise(const uint8_t *head, size_t size);

/*
 * A file descriptor of memory that holds what @path unpacks to; at most @limit bytes,
 * else an error.
 */
struct error *packed_open(const char *path, size_t limit, int *ret);

/* The text of a file, packed or not, terminated; owned by the caller. */
struct error *packed_read_text(const char *path, size_t limit, char **ret);
