/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/advice.h"

#include <stddef.h>
#include <string.h>

#include "common/strbuf.h"
#include "common/units.h"
#include "leakwatch/model.h"

enum {
	FEW = 20,	   /* objects about which nothing can be said */
	MANY = 1000,	   /* that come and go: worth a pool */
	SMALL = 256,	   /* bytes of which a slab holds a dozen and more */
	ON_STACK = 128,	   /* bytes that a kernel stack bears without a thought */
	CROWD = 64,	   /* alive at once: several slabs */
	LONG_BUCKET = 8,   /* 2^8 ticks: a second at 250 Hz */
	AREA_LEAST = 8192, /* bytes from which an area of pages pays */
};

uint64_t advice_lived_below(const struct site *site, unsigned int bucket)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= bucket && i < json_array_size(site->lifetimes); i++)
		sum += (uint64_t)json_integer_value(json_array_get(site->lifetimes, i));
	return sum;
}

unsigned int advice_median_life(const struct site *site)
{
	unsigned int bucket = 0;

	while (bucket < json_array_size(site->lifetimes) &&
	       2 * advice_lived_below(site, bucket) < site->freed)
		bucket++;
	return bucket;
}

/* Whether the driver called the allocator itself, not something that allocates for it. */
static bool is_direct(const struct site *site)
{
	for (size_t i = 0; i < site->frame_count && i < 2; i++)
		if (site->frames[i].module)
			return true;
	return false;
}

static uint64_t lost_each(const struct site *site)
{
	return site->bytes_given > site->bytes_asked
		       ? (site->bytes_given - site->bytes_asked) / site->allocated
		       : 0;
}

static void add_size(struct strbuf *why, uint64_t bytes)
{
	units_add_count(why, bytes);
	strbuf_adds(why, " B");
}

static const char *for_size(const struct site *site, struct strbuf *why)
{
	uint64_t asked = site->bytes_asked / site->allocated;

	strbuf_adds(why, "takes ");
	add_size(why, asked + lost_each(site));
	strbuf_adds(why, " for ");
	add_size(why, asked);
	if (site->smallest == site->largest)
		strbuf_adds(why, ": a cache of its own, or a size just below the step");
	else
		strbuf_adds(why, " on average: sizes just below the steps");
	strbuf_adds(why, " would save ");
	units_add_size(why, lost_each(site) * site->alive_most);
	strbuf_adds(why, " at the peak");
	return "size";
}

const char *advice_for(const struct site *site, uint64_t tick_ns, struct strbuf *why)
{
	bool slab = !strcmp(site->kind, "kmalloc"), brief, long_lived;
	uint64_t asked;

	if (site->allocated < FEW || !is_direct(site))
		return NULL;
	asked = site->bytes_asked / site->allocated;
	brief = site->freed && site->freed == site->allocated &&
		advice_lived_below(site, 0) * 100 >= site->freed * 99;
	long_lived = advice_lived_below(site, LONG_BUCKET) * 10 < site->allocated;
	if (slab && brief && asked <= ON_STACK && site->smallest == site->largest &&
	    site->alive_most <= 2) {
		strbuf_adds(why, "small, and gone within ");
		units_add_duration(why, tick_ns);
		strbuf_adds(why, ": a variable on the stack would serve");
		return "stack";
	}
	if (slab && asked >= ON_STACK / 2 &&
	    lost_each(site) * 4 > asked + lost_each(site))
		return for_size(site, why);
	if (!strcmp(site->kind, "vmalloc") && site->largest < AREA_LEAST) {
		strbuf_adds(why, "an area of pages, and of the kernel's addresses, for ");
		add_size(why, asked);
		strbuf_adds(why, ": kmalloc would serve");
		return "kmalloc";
	}
	if (slab && brief && site->allocated >= MANY) {
		strbuf_adds(why, "made and freed ");
		units_add_count(why, site->allocated);
		strbuf_adds(why, " times, at most ");
		units_add_count(why, site->alive_most);
		strbuf_adds(why, " at once: a pool, or one kept with each open file");
		return "pool";
	}
	if (slab && asked <= SMALL && site->alive_most >= CROWD && long_lived) {
		units_add_count(why, site->alive_most);
		strbuf_adds(why,
			    " small ones that live long keep slabs which others share: "
			    "a cache of its own keeps them together");
		return "cache";
	}
	return NULL;
}
