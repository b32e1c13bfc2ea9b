/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/strbuf.h"
#include "cycler/agent/kmsg.h"
#include "cycler/complaints.h"
#include "cycler/flags.h"
#include "cycler/plan.h"
#include "cycler/trace.h"
#include "tests/check_main.h"

static struct error *parse(const char *legs, struct plan **ret)
{
	char text[2048];
	json_t *json;
	struct error *error;

	snprintf(text, sizeof(text), "{\"schema\": \"bookend-plan/1\", %s}", legs);
	json = json_loads(text, 0, NULL);
	ck_assert_msg(json != NULL, "test's own plan: %s", text);
	error = plan_create(json, ret);
	json_decref(json);
	return error;
}

#define CYCLE(text) "\"legs\": [{\"cycles\": [{" text "}]}]"
#define DEVICE	    "\"kind\": \"device\", \"device\": \"/dev/null\""

START_TEST(what_is_wrong_is_named_by_its_place)
{
	struct plan *plan = NULL;

	ck_assert_fails(parse("\"legs\": []", &plan), "/legs");
	ck_assert_fails(parse("\"lags\": []", &plan), "unknown key 'lags'");
	ck_assert_fails(parse(CYCLE("\"passes\": 1"), &plan), "/legs/0/cycles/0/kind");
	ck_assert_fails(parse(CYCLE("\"kind\": \"warp\""), &plan), "there are ");
	ck_assert_fails(parse(CYCLE(DEVICE), &plan), "would never end");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"colour\": 1"), &plan),
			"unknown key 'colour'");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"rate\": -1"), &plan),
			"/legs/0/cycles/0/rate");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"rate\": 1e99"), &plan),
			"rate");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"errors\": [\"EFOO\"]"),
			      &plan),
			"EFOO");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"probe\": [\"ioctl:x\"]"),
			      &plan),
			"no probe");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"schedule\": \"ramp\","
					   " \"rate\": 5"),
			      &plan),
			"rate_end");
	ck_assert_fails(parse(CYCLE("\"kind\": \"device\", \"passes\": 1"), &plan),
			"/legs/0/cycles/0/device is missing");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"health\": {\"shut\": []}"),
			      &plan),
			"/legs/0/cycles/0/health has an unknown key");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"health\": {\"open\": "
					   "[{\"kind\": \"check\"}]}"),
			      &plan),
			"/legs/0/cycles/0/health/open/0 needs one of");
	ck_assert_fails(
		parse("\"setup\": [{\"command\": []}], " CYCLE(DEVICE ", \"passes\": 1"),
		      &plan),
		"/setup/0/command");
	ck_assert_fails(parse("\"on_stuck\": \"panic\", " CYCLE(DEVICE ", \"passes\": 1"),
			      &plan),
			"/on_stuck");
	ck_assert_fails(parse("\"log\": {\"lines_per_pass\": \"many\"}, " CYCLE(
				      DEVICE ", \"passes\": 1"),
			      &plan),
			"/log/lines_per_pass");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"rate\": 5, \"schedule\": "
					   "\"burst\", \"burst\": -2"),
			      &plan),
			"/legs/0/cycles/0/burst");
	ck_assert_fails(parse(CYCLE(DEVICE ", \"passes\": 1, \"rate\": 5, \"jitter\": "
					   "\"much\""),
			      &plan),
			"/legs/0/cycles/0/jitter");
}
END_TEST

START_TEST(what_is_inside_runs_between_the_halves)
{
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	_strbuf_ struct strbuf steps = STRBUF_INIT;
	const struct plan_cycle *cycle;

	ck_assert_ok(parse(CYCLE("\"kind\": \"module\", \"module\": \"a-b.ko\","
				 " \"passes\": 2, \"inside\": [{" DEVICE
				 ", \"probe\": [\"read:4\", \"poll\"]}]"),
			   &plan));
	cycle = &plan->legs[0].cycles[0];
	for (size_t i = 0; i < cycle->step_count; i++)
		strbuf_addf(&steps, "%s ", plan_step_name(cycle, i));
	ck_assert_str_eq(strbuf_string(&steps), "load open read poll close unload ");
	ck_assert_str_eq(cycle->name, "module a-b.ko");
}
END_TEST

START_TEST(health_is_probed_before_and_after_each_half)
{
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	_strbuf_ struct strbuf steps = STRBUF_INIT;
	const struct plan_cycle *cycle;

	ck_assert_ok(
		parse(CYCLE("\"kind\": \"module\", \"module\": \"a.ko\", \"passes\": 1,"
			    "\"health\": {"
			    "\"closed\": [{\"kind\": \"check\", \"absent\": \"/a\"}],"
			    "\"open\": [{\"kind\": \"check\", \"exists\": \"/b\"}]},"
			    "\"inside\": [{" DEVICE "}]"),
		      &plan));
	cycle = &plan->legs[0].cycles[0];
	for (size_t i = 0; i < cycle->step_count; i++)
		strbuf_addf(&steps, "%s, ", plan_step_name(cycle, i));
	ck_assert_str_eq(strbuf_string(&steps),
			 "check absence, load, check presence, open, close, "
			 "check presence, unload, check absence, ");
	/* what is looked at while it is open depends on its being so, and on no more */
	ck_assert(cycle->steps[2].probe && cycle->steps[5].probe);
	ck_assert_int_eq(cycle->steps[2].needs, (int)cycle->steps[1].pair_number);
	ck_assert_int_eq(cycle->steps[7].needs, -1);
	ck_assert(!cycle->steps[3].probe);
	/* a hold stays where all is open */
	ck_assert_uint_eq(cycle->middle, 5);
}
END_TEST

START_TEST(setup_is_what_a_leg_holds_first)
{
	_cleanup_(plan_destroy) struct plan *plan = NULL;

	ck_assert_ok(parse("\"setup\": [{\"command\": [\"/a\"]}], \"legs\": [{"
			   "\"teardown\": [{\"command\": [\"/b\", \"c\"]}],"
			   "\"hold\": [{" DEVICE "}],"
			   "\"cycles\": [{" DEVICE ", \"passes\": 1}]}]",
			   &plan));
	ck_assert_uint_eq(plan->legs[0].hold_count, 3);
	ck_assert_str_eq(plan_step_name(&plan->legs[0].holds[0], 0), "/a");
	ck_assert_uint_eq(plan->legs[0].holds[0].middle, 1);
	ck_assert_str_eq(plan_step_name(&plan->legs[0].holds[1], 0), "/b");
	ck_assert_uint_eq(plan->legs[0].holds[1].middle, 0);
}
END_TEST

START_TEST(flags_make_the_plan_that_is_printed)
{
	const struct plan_flags flags = {
		.module = "x/refdrv.ko",
		.device = "/dev/refdrv0",
		.passes = 1000,
		.turbo = true,
		.rate.per_second = 0,
	};
	const struct plan_flags lone = { .turbo = true, .device = "/dev/null" };
	json_t *json = NULL;
	_cleanup_(plan_destroy) struct plan *plan = NULL;

	ck_assert_ok(flags_to_plan(&flags, &json));
	ck_assert_ok(plan_create(json, &plan));
	json_decref(json);
	ck_assert_uint_eq(plan->leg_count, 3);
	ck_assert(plan->legs[0].turbo);
	ck_assert(!plan->legs[1].turbo);
	ck_assert_uint_eq(plan->legs[0].cycles[0].passes, 900);
	ck_assert_uint_eq(plan->legs[1].cycles[0].passes, 100);
	ck_assert_uint_eq(plan->legs[2].cycles[0].passes, 100000);
	ck_assert_uint_eq(plan->legs[2].hold_count, 1);
	ck_assert_fails(flags_to_plan(&lone, &json), "--turbo needs --module");
}
END_TEST

static struct schedule schedule(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	struct schedule s;

	ck_assert_ok(schedule_parse(json, "", &s));
	json_decref(json);
	return s;
}

START_TEST(deadlines_are_absolute)
{
	struct schedule s = schedule("{\"rate\": \"100/s\", \"phase\": \"1s\"}");
	struct schedule_state state;

	schedule_start(&state, &s, 1);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t due = schedule_next(&state);

		ck_assert_uint_ge(due + 10, 1000000000 + i * 10000000);
		ck_assert_uint_le(due, 1000000000 + i * 10000000 + 10);
	}
	/* a second late: ninety-nine slots are gone, the hundredth is run late */
	ck_assert_uint_eq(schedule_skip(&state, 11000000000 + 995000000), 99);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_times)
{
	struct schedule s = schedule("{\"rate\": 50, \"schedule\": \"poisson\"}");
	struct schedule_state a, b;
	uint64_t last = 0;

	schedule_start(&a, &s, 7);
	schedule_start(&b, &s, 7);
	for (int i = 0; i < 100000; i++) {
		last = schedule_next(&a);
		ck_assert_uint_eq(last, schedule_next(&b));
	}
	/* the mean is kept: 2,000 s within 1 % */
	ck_assert_uint_gt(last, UINT64_C(1980000000000));
	ck_assert_uint_lt(last, UINT64_C(2020000000000));
}
END_TEST

START_TEST(bursts_and_ramps_keep_their_rates)
{
	struct schedule burst =
		schedule("{\"rate\": 10, \"schedule\": \"burst\", \"burst\": 5}");
	struct schedule ramp =
		schedule("{\"rate\": 10, \"rate_end\": 100, \"over\": \"10s\","
			 "\"schedule\": \"ramp\"}");
	struct schedule_state state;
	uint64_t due = 0, passes = 0;

	schedule_start(&state, &burst, 1);
	for (int i = 0; i <= 50; i++)
		due = schedule_next(&state);
	ck_assert_uint_eq(due, 5000000000);
	schedule_start(&state, &ramp, 1);
	while ((due = schedule_next(&state)) < 10000000000)
		passes++;
	/* the mean of 10 and 100, ten seconds long */
	ck_assert_uint_gt(passes, 540);
	ck_assert_uint_lt(passes, 560);
}
END_TEST

START_TEST(log_records_are_taken_apart)
{
	char record[] = "4,1234,567890,-;WARNING: at x\n SUBSYSTEM=pci\n";
	char user[] = "30,1,2,c;hello", broken[] = "nothing";
	struct kmsg_line line;

	ck_assert(kmsg_parse(record, &line));
	ck_assert_int_eq(line.level, 4);
	ck_assert(line.kernel);
	ck_assert_uint_eq(line.sequence, 1234);
	ck_assert_uint_eq(line.time_us, 567890);
	ck_assert_str_eq(line.text, "WARNING: at x");
	ck_assert(kmsg_parse(user, &line));
	ck_assert(!line.kernel);
	ck_assert(!kmsg_parse(broken, &line));
}
END_TEST

START_TEST(stack_lines_are_places)
{
	char line[] = "[<0>] refdrv_exit+0x1d/0x30 [refdrv]";
	char plain[] = "[<0>] do_syscall_64+0x5d/0x90", other[] = "State: D";
	struct symbol_place place;

	ck_assert(trace_stack_line(line, &place));
	ck_assert_str_eq(place.function, "refdrv_exit");
	ck_assert_uint_eq(place.offset, 0x1d);
	ck_assert_uint_eq(place.size, 0x30);
	ck_assert_str_eq(place.module, "refdrv");
	ck_assert(trace_stack_line(plain, &place));
	ck_assert_ptr_null(place.module);
	ck_assert(!trace_stack_line(other, &place));
}
END_TEST

START_TEST(a_drivers_line_that_names_our_process_is_the_drivers)
{
	ck_assert(kmsg_is_own("bookend_recorder: loading out-of-tree module"));
	ck_assert(kmsg_is_own("bookend-recorder: the last 5 of 5 records of steps:"));
	ck_assert(kmsg_is_own("agent (87): drop_caches: 2"));
	ck_assert(!kmsg_is_own("refdrv: bookend-cycle (91) asks for the status"));
	ck_assert(!kmsg_is_own("CPU: 0 PID: 91 Comm: bookend-cycle Tainted: G"));
}
END_TEST

START_TEST(complaints_are_told_from_chatter)
{
	ck_assert_ptr_nonnull(
		complaint_of("sysfs: cannot create duplicate filename '/x'"));
	ck_assert_ptr_nonnull(complaint_of("irq 9: nobody cared"));
	ck_assert_ptr_null(
		complaint_of("refdrv: loading out-of-tree module taints kernel."));
}
END_TEST

START_TEST(errors_have_names_both_ways)
{
	ck_assert_int_eq(plan_errno("ENODEV"), -ENODEV);
	ck_assert_int_eq(plan_errno("ENOTHING"), 0);
	ck_assert_str_eq(plan_errno_name(-EBUSY), "EBUSY");
	ck_assert_str_eq(plan_errno_name(-5000), "an unknown error");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("plan");

	tcase_add_test(tc, what_is_wrong_is_named_by_its_place);
	tcase_add_test(tc, what_is_inside_runs_between_the_halves);
	tcase_add_test(tc, health_is_probed_before_and_after_each_half);
	tcase_add_test(tc, setup_is_what_a_leg_holds_first);
	tcase_add_test(tc, flags_make_the_plan_that_is_printed);
	tcase_add_test(tc, deadlines_are_absolute);
	tcase_add_test(tc, the_same_seed_gives_the_same_times);
	tcase_add_test(tc, bursts_and_ramps_keep_their_rates);
	tcase_add_test(tc, log_records_are_taken_apart);
	tcase_add_test(tc, stack_lines_are_places);
	tcase_add_test(tc, a_drivers_line_that_names_our_process_is_the_drivers);
	tcase_add_test(tc, complaints_are_told_from_chatter);
	tcase_add_test(tc, errors_have_names_both_ways);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
