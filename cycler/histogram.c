/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/histogram.h"

enum { LINEAR = 1 << HISTOGRAM_LINEAR_BITS };

static unsigned int bucket_of(uint64_t value)
{
	unsigned int octave, index;

	if (value < LINEAR)
		return (unsigned int)value;
	octave = 63 - (unsigned int)__builtin_clzll(value) - HISTOGRAM_LINEAR_BITS;
	index = ((octave + 1) << HISTOGRAM_LINEAR_BITS) +
		(unsigned int)((value >> octave) & (LINEAR - 1));
	return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into the bucket. */
static uint64_t upper_end(unsigned int index)
{
	unsigned int octave = index >> HISTOGRAM_LINEAR_BITS;

	if (octave == 0)
		return index;
	return ((((uint64_t)(index & (LINEAR - 1)) | LINEAR) + 1) << (octave - 1)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->buckets[bucket_of(value)]++;
	if (!histogram->count || value < histogram->minimum)
		histogram->minimum = value;
	if (value > histogram->maximum)
		histogram->maximum = value;
	histogram->sum += value;
	histogram->count++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	if (!other->count)
		return;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] += other->buckets[i];
	if (!histogram->count || other->minimum < histogram->minimum)
		histogram->minimum = other->minimum;
	if (other->maximum > histogram->maximum)
		histogram->maximum = other->maximum;
	histogram->sum += other->sum;
	histogram->count += other->count;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(share * (double)histogram->count);

	if (!histogram->count)
		return 0;
	if (wanted >= histogram->count)
		wanted = histogram->count - 1;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen > wanted) {
			uint64_t end = upper_end(i);

			return end < histogram->maximum ? end : histogram->maximum;
		}
	}
	return histogram->maximum;
}
