/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed modules of a bundle, unpacked by other threads while the caller looks at
 * the ones before. They come in the order asked for, whoever was first; what is unpacked
 * and not yet taken is bounded.
 */
#pragma once

#include "readers/bundle.h"

struct unpack_ahead;

/*
 * Starts threads for members[0] to members[count - 1], which must outlive it, as the
 * bundle must. @threads besides the caller's; none at all is fine: the caller does it.
 */
struct error *unpack_ahead_create(const struct bundle *bundle,
				  const struct member *const *members, size_t count,
				  unsigned int threads, struct unpack_ahead **ret);
void unpack_ahead_destroy(struct unpack_ahead *ahead);
CLEANUP_DEFINE(struct unpack_ahead, unpack_ahead_destroy)

/*
 * How many threads pay for these members: as many as there are further processors, if
 * enough of them unpack slowly (xz, gzip). A zstd module is unpacked in about the time
 * that its rules take, and handing it over would cost as much as it saves.
 */
unsigned int unpack_ahead_threads(const struct member *const *members, size_t count);

/* The next member's content, as bundle_read_plain() gives it. */
struct error *unpack_ahead_take(struct unpack_ahead *ahead, struct content *ret);
