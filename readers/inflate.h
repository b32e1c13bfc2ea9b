/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short way for the commonest compressed module; bundle_inflate() knows all ways. */
#pragma once

#include "readers/bundle.h"

/*
 * Unpacks one whole zstd frame (RFC 8878) that names its size. False: @bytes are
 * something else, or broken, or larger than @limit; the long way says which.
 */
bool inflate_zstd_frame(struct span bytes, uint64_t limit, struct content *ret);
