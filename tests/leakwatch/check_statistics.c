/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "leakwatch/statistics.h"
#include "tests/check_main.h"

static uint64_t seed = 88172645463325252ULL;

/* -1 to 1 */
static double noise(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) / (double)(1ULL << 52) - 1;
}

/* Growth of blocks: a machine's own noise, with a memory of the block before. */
static void fill(double *growth, size_t groups, double leak, double spread, double drift)
{
	double last = 0;

	for (size_t i = 0; i < 4 * groups; i++) {
		bool cycling = i % 4 == 0 || i % 4 == 3;

		last = 0.4 * last + spread * noise();
		growth[i] = floor(last + drift + (cycling ? leak : 0));
	}
}

START_TEST(median_of_even_count_is_the_mean_of_the_middle)
{
	double values[] = { 4, 1, 3, 2 };

	ck_assert_double_eq(statistics_median(values, 4), 2.5);
	ck_assert(isnan(statistics_median(values, 0)));
}
END_TEST

START_TEST(theil_sen_ignores_a_quarter_of_outliers)
{
	double x[20], y[20], slope;

	for (int i = 0; i < 20; i++) {
		x[i] = i;
		y[i] = 3 * i + 7 + (i % 5 == 0 ? 1e6 : 0);
	}
	ck_assert_ok(statistics_theil_sen(x, y, 20, &slope));
	ck_assert_double_eq_tol(slope, 3, 0.5);
}
END_TEST

START_TEST(warm_up_is_cut_at_the_change)
{
	double values[16];

	for (int i = 0; i < 16; i++)
		values[i] = i < 4 ? 500 : noise();
	ck_assert_uint_eq(statistics_warm_up(values, 16), 4);
	for (int i = 0; i < 16; i++)
		values[i] = noise();
	ck_assert_uint_eq(statistics_warm_up(values, 16), 0);
}
END_TEST

START_TEST(idle_counters_raise_at_most_one_alarm_in_a_hundred)
{
	double growth[64];
	struct abba abba;
	int alarms = 0;

	for (int run = 0; run < 1000; run++) {
		fill(growth, 8, 0, 100, run % 7);
		ck_assert_ok(statistics_abba(growth, 8, 1250, 1, 1, &abba));
		alarms += abba.grows;
	}
	ck_assert_int_le(alarms, 10);
}
END_TEST

START_TEST(a_leak_above_the_limit_is_found)
{
	double growth[64];
	struct abba abba;
	int found = 0;

	for (int run = 0; run < 100; run++) {
		/* one object a cycle, 625 cycles a block: 10 000 in all */
		fill(growth, 8, 625, 84, 3);
		ck_assert_ok(statistics_abba(growth, 8, 625, 1, 1, &abba));
		ck_assert_double_gt(abba.slope, 0.8);
		ck_assert_double_lt(abba.slope, 1.2);
		found += abba.grows;
	}
	ck_assert_int_eq(found, 100);
}
END_TEST

START_TEST(never_clean_below_its_own_noise)
{
	double growth[64];
	struct abba abba;

	fill(growth, 8, 0, 1000, 0);
	ck_assert_ok(statistics_abba(growth, 8, 100, 1, 1, &abba));
	ck_assert(!abba.grows);
	/* noise of hundreds in blocks of 100 cycles: objects a cycle go unseen */
	ck_assert_double_gt(abba.limit, 1);
}
END_TEST

START_TEST(a_steady_drift_is_no_leak)
{
	double growth[64];
	struct abba abba;

	fill(growth, 8, 0, 5, 400);
	ck_assert_ok(statistics_abba(growth, 8, 1000, 1, 1, &abba));
	ck_assert(!abba.grows);
	ck_assert_double_lt(fabs(abba.slope), 0.05);
}
END_TEST

START_TEST(objects_left_by_each_start_of_the_command_are_no_leak)
{
	double growth[64];
	struct abba abba;

	/* ten objects of 24 bytes a run, whatever it does */
	for (int i = 0; i < 16; i++)
		growth[i] = i % 4 == 0 || i % 4 == 3 ? 240 + 24 * (i % 3) : 0;
	ck_assert_ok(statistics_abba(growth, 4, 1250, 24, 40, &abba));
	ck_assert(!abba.grows);
}
END_TEST

START_TEST(what_idling_gives_back_was_not_leaked)
{
	double growth[64];
	struct abba abba;

	/* objects freed late: cycling takes them, idling gives them back */
	for (int i = 0; i < 32; i++)
		growth[i] =
			(i % 4 == 0 || i % 4 == 3 ? 1 : -1) * (500000 + 1000 * (i % 5));
	ck_assert_ok(statistics_abba(growth, 8, 1, 24, 40, &abba));
	ck_assert(!abba.grows);
	ck_assert_double_ge(abba.limit, 500000);
	/* a leak beside them is still one */
	for (int i = 0; i < 32; i++)
		growth[i] += i % 4 == 0 || i % 4 == 3 ? 400000 : 0;
	ck_assert_ok(statistics_abba(growth, 8, 1, 24, 40, &abba));
	ck_assert(abba.grows);
}
END_TEST

START_TEST(too_few_groups_prove_nothing)
{
	double growth[8] = { 100, 0, 0, 100, 100, 0, 0, 100 };
	struct abba abba;

	ck_assert_ok(statistics_abba(growth, 2, 100, 1, 1, &abba));
	ck_assert(!abba.enough);
	ck_assert(!abba.grows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("statistics");
	TCase *tests = tcase_create("statistics");

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, median_of_even_count_is_the_mean_of_the_middle);
	tcase_add_test(tests, theil_sen_ignores_a_quarter_of_outliers);
	tcase_add_test(tests, warm_up_is_cut_at_the_change);
	tcase_add_test(tests, idle_counters_raise_at_most_one_alarm_in_a_hundred);
	tcase_add_test(tests, a_leak_above_the_limit_is_found);
	tcase_add_test(tests, never_clean_below_its_own_noise);
	tcase_add_test(tests, a_steady_drift_is_no_leak);
	tcase_add_test(tests, objects_left_by_each_start_of_the_command_are_no_leak);
	tcase_add_test(tests, what_idling_gives_back_was_not_leaked);
	tcase_add_test(tests, too_few_groups_prove_nothing);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
