/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Latencies in log-linear buckets, as HdrHistogram has them: 32 to an octave, so a value
 * is known to 3 %. Plain memory of a fixed layout, so that it can lie in shared memory
 * and outlive its writer. One writer each.
 */
#pragma once

#include <stdint.h>

enum {
	HISTOGRAM_LINEAR_BITS = 5,
	HISTOGRAM_OCTAVES = 40, /* up to 2^44 stamps: an hour of a 4 GHz counter */
	HISTOGRAM_BUCKETS = (HISTOGRAM_OCTAVES + 1) << HISTOGRAM_LINEAR_BITS,
};

struct histogram {
	uint64_t count, minimum, maximum, sum;
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* a weekend at full speed is 10^10 */
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* Adds what @other has to @histogram. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The value below which @share (0 to 1) lies; a bucket's upper end. 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);
