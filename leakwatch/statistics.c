/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"

/*
 * LEAST_STEPS: what starting the command itself leaves in the kernel, as its first pages
 * and names do, is some objects a run; growth below this many steps a block is not told
 * from it.
 */
enum { RESAMPLES = 2000, BLOCK = 2, LEAST_STEPS = 32 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double statistics_median(double *values, size_t count)
{
	if (!count)
		return NAN;
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2]
			 : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct error *statistics_theil_sen(const double *x, const double *y, size_t count,
				   double *ret)
{
	_free_ double *slopes = calloc(count * count / 2 + 1, sizeof(*slopes));
	size_t used = 0;

	if (!slopes)
		return error_nomem();
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (x[i] != x[j])
				slopes[used++] = (y[j] - y[i]) / (x[j] - x[i]);
	*ret = used ? statistics_median(slopes, used) : 0;
	return NULL;
}

size_t statistics_warm_up(const double *values, size_t count)
{
	double mean = 0, sum = 0, spread = 0, extreme = 0;
	size_t half = count / 2, at = 0;

	if (count < 2 * ABBA_LEAST)
		return 0;
	for (size_t i = half; i < count; i++)
		mean += values[i] / (double)(count - half);
	for (size_t i = half; i < count; i++)
		spread += fabs(values[i] - mean) / (double)(count - half);
	for (size_t i = 0; i < half; i++) {
		sum += values[i] - mean;
		if (fabs(sum) > extreme) {
			extreme = fabs(sum);
			at = i + 1;
		}
	}
	/* what the noise of the steady half does by itself is no change */
	return extreme > 4 * spread * sqrt((double)half) ? at : 0;
}

/* xorshift64*: the same data always give the same interval. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* The slope of what the groups add up to, over the cycles. */
static struct error *slope_of(const double *growth, size_t count, double cycles,
			      double *x, double *y, double *ret)
{
	x[0] = y[0] = 0;
	for (size_t i = 0; i < count; i++) {
		x[i + 1] = x[i] + cycles;
		y[i + 1] = y[i] + growth[i];
	}
	return statistics_theil_sen(x, y, count + 1, ret);
}

static struct error *bootstrap(const double *growth, size_t count, double cycles,
			       size_t tests, struct abba *ret)
{
	_free_ double *slopes = calloc(RESAMPLES, sizeof(*slopes));
	_free_ double *sample = calloc(count + BLOCK, sizeof(*sample));
	_free_ double *x = calloc(count + 1, sizeof(*x));
	_free_ double *y = calloc(count + 1, sizeof(*y));
	uint64_t state = 0x9e3779b97f4a7c15ULL;
	struct error *error;
	size_t tail;

	if (!slopes || !sample || !x || !y)
		return error_nomem();
	error = slope_of(growth, count, cycles, x, y, &ret->slope);
	for (size_t i = 0; !error && i < RESAMPLES; i++) {
		for (size_t k = 0; k < count; k += BLOCK) {
			size_t from = next_random(&state) % count;

			for (size_t j = 0; j < BLOCK; j++)
				sample[k + j] = growth[(from + j) % count];
		}
		error = slope_of(sample, count, cycles, x, y, &slopes[i]);
	}
	if (error)
		return error;
	qsort(slopes, RESAMPLES, sizeof(*slopes), compare);
	tail = (size_t)(RESAMPLES * 0.005 / (double)(tests ? tests : 1));
	ret->low = slopes[tail];
	ret->high = slopes[RESAMPLES - 1 - tail];
	return NULL;
}

/* How far the idle blocks alone go up and down: growth of them is noise. */
static double idle_noise(const double *growth, size_t groups, double *scratch)
{
	size_t count = 0;
	double median;

	for (size_t i = 0; i < groups; i++) {
		scratch[count++] = growth[4 * i + 1];
		scratch[count++] = growth[4 * i + 2];
	}
	median = statistics_median(scratch, count);
	for (size_t i = 0; i < count; i++)
		scratch[i] = fabs(scratch[i] - median);
	return 1.4826 * statistics_median(scratch, count);
}

struct error *statistics_abba(const double *growth, size_t groups, double cycles,
			      double resolution, size_t tests, struct abba *ret)
{
	_free_ double *differences = calloc(groups + 1, sizeof(*differences));
	_free_ double *scratch = calloc(2 * groups + 1, sizeof(*scratch));
	double noise, kept = 0, positive = 0;
	struct error *error;

	if (!differences || !scratch)
		return error_nomem();
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < groups; i++)
		differences[i] = growth[4 * i] - growth[4 * i + 1] - growth[4 * i + 2] +
				 growth[4 * i + 3];
	ret->warmed = statistics_warm_up(differences, groups);
	ret->fours = groups - ret->warmed;
	ret->enough = ret->fours >= ABBA_LEAST;
	if (!ret->fours)
		return NULL;
	error = bootstrap(differences + ret->warmed, ret->fours, 2 * cycles, tests, ret);
	if (error)
		return error;
	noise = idle_noise(growth + 4 * ret->warmed, ret->fours, scratch);
	for (size_t i = ret->warmed; i < groups; i++)
		positive += differences[i] > 0;
	for (size_t i = 4 * ret->warmed; i < 4 * groups; i++)
		kept += growth[i] / (2 * cycles * (double)ret->fours);
	/* four blocks add up in a group, and groups average */
	ret->limit = fmax((ret->high - ret->low) / 2,
			  fmax(4 * 2 * noise / sqrt((double)ret->fours),
			       2 * LEAST_STEPS * resolution) /
				  (2 * cycles));
	/* so few groups make narrow intervals: zero must lie well outside */
	ret->grows = ret->enough && ret->low > ret->slope / 4 &&
		     ret->slope > ret->limit && positive == (double)ret->fours;
	/* what cycling took and idling gave back was not leaked; it hides as much, though
	 */
	if (ret->grows && kept <= ret->limit) {
		ret->grows = false;
		ret->limit = ret->slope;
	}
	return NULL;
}
