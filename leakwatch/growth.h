/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much was allocated over a run, in a fixed number of points however long it lasts:
 * when the room is used up, neighbours become one and the interval doubles.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { GROWTH_POINTS = 240 };

struct growth_point {
	uint64_t at_ns;	     /* end of the time that it stands for, since the start */
	uint64_t pass;	     /* that was running then */
	int64_t least, most; /* bytes of the driver in that time */
	uint64_t wired; /* bytes that the whole kernel held at its end; 0: not known */
};

struct growth {
	struct growth_point points[GROWTH_POINTS];
	size_t count;
	uint64_t interval_ns; /* of one point; 0: as they come */
};

/* @point's time must not lie before that of the last. */
void growth_add(struct growth *growth, const struct growth_point *point);
