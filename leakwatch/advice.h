/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a review of memory would suggest for a place that allocates. */
#pragma once

#include <stdint.h>

struct error;
struct site;
struct strbuf;

/*
 * A short name for what would serve better than what is done, or NULL: "stack", "pool",
 * "cache", "size", "kmalloc". The reason with its figures is added to @why.
 */
const char *advice_for(const struct site *site, uint64_t tick_ns, struct strbuf *why);

/* Freed objects that lived less than 2^@bucket ticks. */
uint64_t advice_lived_below(const struct site *site, unsigned int bucket);

/* The bucket that holds the median of the lives that ended. */
unsigned int advice_median_life(const struct site *site);
