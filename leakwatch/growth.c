/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/growth.h"

static void join(struct growth_point *into, const struct growth_point *from)
{
	into->at_ns = from->at_ns;
	into->pass = from->pass;
	into->wired = from->wired;
	if (from->least < into->least)
		into->least = from->least;
	if (from->most > into->most)
		into->most = from->most;
}

static void halve(struct growth *growth)
{
	size_t count = growth->count / 2;

	for (size_t i = 0; i < count; i++) {
		growth->points[i] = growth->points[2 * i];
		join(&growth->points[i], &growth->points[2 * i + 1]);
	}
	growth->count = count;
	growth->interval_ns = 2 * (growth->points[count - 1].at_ns / count);
}

/* Where the time of the last point but one ends, the last one's begins. */
static uint64_t last_begin(const struct growth *growth)
{
	return growth->count > 1 ? growth->points[growth->count - 2].at_ns : 0;
}

void growth_add(struct growth *growth, const struct growth_point *point)
{
	if (growth->count && growth->interval_ns &&
	    point->at_ns - last_begin(growth) < growth->interval_ns) {
		join(&growth->points[growth->count - 1], point);
		return;
	}
	if (growth->count == GROWTH_POINTS)
		halve(growth);
	growth->points[growth->count++] = *point;
}
