/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is the kernel's own when an allocation was made to fail, and what is not. */
#include <stdio.h>
#include <string.h>

#include "cycler/kernel_faults.h"
#include "tests/check_main.h"

/* The sites of a sweep: pass 10 fails allocation 1, pass 12 allocation 2 … */
static json_t *sites(const char *text)
{
	json_t *events = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(events);
	return events;
}

#define SITE(n, pass, offset, outcome, stack)                                       \
	"{\"event\":\"failed allocation\",\"leg\":2,\"nth\":" #n ",\"pass\":" #pass \
	",\"region\":2,\"offset\":" #offset ",\"outcome\":\"" outcome               \
	"\",\"stack\":\"" stack "\"}"

/* Two calls of the driver's: class_register() at 80, driver_register() at 120. */
static const char sweep[] = "[" SITE(1, 10, 80, "clean error", "a class init") "," SITE(
	2, 12, 80, "clean error",
	"b class init") "," SITE(3, 14, 120, "clean error",
				 "c driver init") "," SITE(4, 16, 120, "tolerated",
							   "d driver init") "]";

/* One object alive, allocated in @pass below the call at @offset. */
static json_t *census(int pass, int offset)
{
	json_t *json = json_pack(
		"{s:[{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:[{s:i, s:i, s:i, s:i}], "
		"s:[{s:s}, {s:s, s:s, s:i}]}]}",
		"sites", "alive", 1, "alive_asked", 7, "alive_given", 8, "passes", 1,
		"first_pass", pass, "last_pass", pass, "freed", 3, "left_in", "pass",
		pass, "objects", 1, "asked", 7, "given", 8, "stack", "symbol",
		"class_register", "module", "refdrv", "region", "init", "offset", offset);

	ck_assert_ptr_nonnull(json);
	return json;
}

/* How many objects of the census are the driver's, and how many the kernel's. */
static void expect(const char *events_text, json_t *document, int drivers, int kernels)
{
	json_t *events = sites(events_text), *rest = NULL, *faults = NULL;
	const json_t *site;

	ck_assert_ok(kernel_faults_split(document, events, &rest, &faults));
	site = json_array_get(json_object_get(rest, "sites"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(site, "alive")), drivers);
	ck_assert_int_eq((int)json_array_size(faults), kernels);
	json_decref(events);
	json_decref(rest);
	json_decref(faults);
	json_decref(document);
}

START_TEST(what_a_failing_call_leaves_is_the_kernels)
{
	expect(sweep, census(12, 80), 0, 1);
}
END_TEST

START_TEST(what_an_earlier_call_made_stays_the_drivers)
{
	/* driver_register() failed, and what class_register() had made was left */
	expect(sweep, census(14, 80), 1, 0);
}
END_TEST

START_TEST(a_pass_that_nothing_failed_in_is_the_drivers)
{
	expect(sweep, census(15, 80), 1, 0);
	expect(sweep, census(3, 80), 1, 0);
}
END_TEST

START_TEST(a_call_that_told_of_no_error_is_the_drivers_to_undo)
{
	expect(sweep, census(16, 120), 1, 0);
}
END_TEST

START_TEST(a_call_in_a_loop_is_the_drivers)
{
	/* the same stack comes again: the call is made twice, the first time with success
	 */
	static const char loop[] =
		"[" SITE(1, 10, 80, "clean error", "a device init") "," SITE(
			2, 12, 80, "clean error",
			"b device init") "," SITE(3, 14, 80, "clean error",
						  "a device init") "]";

	expect(loop, census(14, 80), 1, 0);
}
END_TEST

START_TEST(a_site_that_the_count_met_twice_is_no_second_call)
{
	static const char drift[] =
		"[" SITE(1, 10, 80, "clean error", "a class init") "," SITE(
			2, 12, 80, "clean error",
			"a class init") "," SITE(3, 14, 80, "clean error",
						 "b class init") "]";
	static const char loop[] =
		"[" SITE(1, 10, 80, "clean error", "a class init") "," SITE(
			2, 12, 80, "clean error", "a class init") "]";

	expect(drift, census(14, 80), 0, 1);
	/* with one allocation a call, a loop looks the same: the driver's */
	expect(loop, census(12, 80), 1, 0);
}
END_TEST

START_TEST(known_faults_need_their_function_below_the_failure)
{
	json_t *events = sites("[" SITE(1, 10, 80, "tolerated",
					"kzalloc module_add_driver bus_add_driver") "]");

	ck_assert_ptr_nonnull(
		kernel_faults_residue(events, 2, "sysfs", "/sys/platform:refdrv"));
	ck_assert_ptr_null(
		kernel_faults_residue(events, 2, "sysfs", "/sys/class/refdrv"));
	/* in another leg nothing was made to fail */
	ck_assert_ptr_null(
		kernel_faults_residue(events, 1, "sysfs", "/sys/platform:refdrv"));
	ck_assert_ptr_nonnull(kernel_faults_line(
		events, 2,
		"sysfs: cannot create duplicate filename '//platform:refdrv'"));
	ck_assert_ptr_null(kernel_faults_line(
		events, 2, "sysfs: cannot create duplicate filename '/class/refdrv'"));
	json_decref(events);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel faults");
	TCase *tc = tcase_create("split");

	tcase_add_test(tc, what_a_failing_call_leaves_is_the_kernels);
	tcase_add_test(tc, what_an_earlier_call_made_stays_the_drivers);
	tcase_add_test(tc, a_pass_that_nothing_failed_in_is_the_drivers);
	tcase_add_test(tc, a_call_that_told_of_no_error_is_the_drivers_to_undo);
	tcase_add_test(tc, a_call_in_a_loop_is_the_drivers);
	tcase_add_test(tc, a_site_that_the_count_met_twice_is_no_second_call);
	tcase_add_test(tc, known_faults_need_their_function_below_the_failure);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
