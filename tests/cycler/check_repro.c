/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search for a shorter schedule, on a target that only reads the plan. */
#include <string.h>

#include "cycler/repro.h"
#include "tests/check_main.h"

static const char night[] =
	"{ \"schema\": \"bookend-plan/1\", \"legs\": ["
	"{ \"name\": \"load\", \"cycles\": ["
	"  { \"kind\": \"module\", \"module\": \"a.ko\", \"passes\": 20 } ] },"
	"{ \"name\": \"all\", \"hold\": ["
	"  { \"kind\": \"module\", \"module\": \"a.ko\" },"
	"  { \"kind\": \"module\", \"module\": \"b.ko\" } ],"
	"  \"cycles\": ["
	"  { \"kind\": \"exec\", \"command\": [\"x\"], \"undo\": [\"x\"], \"passes\": 9 },"
	"  { \"kind\": \"device\", \"device\": \"/dev/a\", \"for\": \"8h\","
	"    \"probe\": [\"read:1\", \"poll\", \"write:00\"] } ] } ] }";

/* Fails from the 7th pass on, with a.ko loaded, when the device is polled. */
static bool would_fail(const struct plan *plan)
{
	for (size_t i = 0; i < plan->leg_count; i++) {
		const struct plan_leg *leg = &plan->legs[i];
		bool loaded = false;

		for (size_t k = 0; k < leg->hold_count; k++)
			loaded = loaded || strstr(leg->holds[k].name, "a.ko");
		for (size_t k = 0; k < leg->cycle_count; k++)
			for (size_t s = 0; s < leg->cycles[k].step_count; s++)
				if (loaded && leg->cycles[k].passes >= 7 &&
				    !strcmp(plan_step_name(&leg->cycles[k], s), "poll"))
					return true;
	}
	return false;
}

static struct error *run(void *context, const struct plan *plan, struct report *report)
{
	const struct finding panic = { .rule = "PANIC001",
				       .level = LEVEL_ERROR,
				       .symbol = "a_poll",
				       .message = "NULL dereference in a_poll" };
	const struct finding other = { .rule = "PANIC001",
				       .level = LEVEL_ERROR,
				       .symbol = "b_init",
				       .message = "NULL dereference in b_init" };

	++*(unsigned int *)context;
	return report_add_finding(report, would_fail(plan) ? &panic : &other);
}

static void shorten(uint64_t limit, struct repro_result *ret, unsigned int *runs)
{
	const struct repro_trial trial = { run, runs };
	const struct repro_signature signature = { "PANIC001", "a_poll", "" };
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	_cleanup_(report_destroy) struct report *failed = NULL;
	const struct run account = { .cycle = "all: device /dev/a", .passes = 4000 };
	json_t *json = json_loads(night, 0, NULL);

	ck_assert_ok(plan_create(json, &plan));
	json_decref(json);
	ck_assert_ok(report_create("cycle", "night", &failed));
	ck_assert_ok(report_add_run(failed, &account));
	ck_assert_ok(repro_shorten(plan, failed, &signature, limit, &trial, ret));
}

START_TEST(what_has_no_part_in_the_failure_is_left_out)
{
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	struct repro_result result;
	unsigned int runs = 0;

	shorten(100, &result, &runs);
	ck_assert_uint_eq(runs, result.runs);
	ck_assert(result.proven && !result.exhausted);
	ck_assert_ok(plan_create(result.plan, &plan));
	ck_assert_uint_eq(plan->leg_count, 1);
	ck_assert_uint_eq(plan->legs[0].hold_count, 1);
	ck_assert_str_eq(plan->legs[0].holds[0].name, "module a.ko");
	ck_assert_uint_eq(plan->legs[0].cycle_count, 1);
	ck_assert_uint_eq(plan->legs[0].cycles[0].passes, 7);
	ck_assert_uint_eq(plan->legs[0].cycles[0].step_count, 3);
	json_decref(result.plan);
}
END_TEST

START_TEST(a_limit_is_kept_and_what_was_found_is_proven)
{
	struct repro_result result;
	unsigned int runs = 0;

	shorten(5, &result, &runs);
	ck_assert_uint_eq(runs, 5);
	ck_assert(result.proven && result.exhausted);
	json_decref(result.plan);
}
END_TEST

START_TEST(the_finding_that_tells_most_is_looked_for)
{
	const struct finding findings[] = {
		{ .rule = "LOG002", .level = LEVEL_WARNING, .message = "m" },
		{ .rule = "CYC001",
		  .level = LEVEL_ERROR,
		  .symbol = "open",
		  .message = "open fails with EBUSY" },
		{ .rule = "RES001",
		  .level = LEVEL_ERROR,
		  .symbol = "/proc/a",
		  .message = "m" },
	};
	_cleanup_(report_destroy) struct report *report = NULL;
	struct repro_signature signature;

	ck_assert_ok(report_create("cycle", "x", &report));
	ck_assert(!repro_signature_of(report, &signature));
	for (size_t i = 0; i < 3; i++)
		ck_assert_ok(report_add_finding(report, &findings[i]));
	ck_assert(repro_signature_of(report, &signature));
	ck_assert_str_eq(signature.rule, "CYC001");
	ck_assert_str_eq(signature.message, "open fails with EBUSY");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("repro");
	TCase *tc = tcase_create("search");

	tcase_add_test(tc, what_has_no_part_in_the_failure_is_left_out);
	tcase_add_test(tc, a_limit_is_kept_and_what_was_found_is_proven);
	tcase_add_test(tc, the_finding_that_tells_most_is_looked_for);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
