/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a noisy counter grows with the cycles. Blocks of cycling (A) and of equal
 * idling (B) come in the order A B B A, which cancels a steady drift of the machine; what
 * is left of each four is growth by cycling. Sources: P. K. Sen, "Estimates of the
 * regression coefficient based on Kendall's tau", 1968; H. Künsch, "The jackknife and the
 * bootstrap for general stationary observations", 1989.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Of the values as they are; they are put in order. NaN when there are none. */
double statistics_median(double *values, size_t count);

/*
 * The median of the slopes of all pairs with different x. 0 when there is no such pair.
 */
struct error *statistics_theil_sen(const double *x, const double *y, size_t count,
				   double *ret);

/*
 * How many of the first values belong to the warm-up: up to the change point (the
 * extreme of the cumulative sum around the mean of the second half), at most half.
 */
size_t statistics_warm_up(const double *values, size_t count);

struct abba {
	double slope;	      /* growth per cycle */
	double low, high;     /* its 99 % interval */
	double limit;	      /* a leak below this per cycle would not be seen */
	size_t fours, warmed; /* ABBA groups used, groups cut as warm-up */
	bool grows;	      /* the interval is above 0 and the slope above the limit */
	bool enough;	      /* at least ABBA_LEAST groups were left */
};

enum { ABBA_LEAST = 4 };

/*
 * @growth: of the counter in each block, four for a group in the order A B B A;
 * @cycles: in one block of cycling; @resolution: the smallest step the counter makes;
 * @tests: how many counters are asked at once (the level is divided among them).
 */
struct error *statistics_abba(const double *growth, size_t groups, double cycles,
			      double resolution, size_t tests, struct abba *ret);
