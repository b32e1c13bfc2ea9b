/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent tells of failed allocations, as findings. */
#include <string.h>

#include "cycler/error_paths.h"
#include "tests/check_main.h"

static struct report *judge(const char *event)
{
	const struct run_options options = { 0 };
	const struct carried_list none = { 0 };
	const struct trace_context context = { &none, &options, NULL };
	struct report *report;
	json_t *json = json_loads(event, 0, NULL);

	ck_assert_ptr_nonnull(json);
	ck_assert_ok(report_create("cycle", "refdrv", &report));
	ck_assert_ok(error_paths_add_site(json, "error paths", &context, report));
	json_decref(json);
	return report;
}

START_TEST(broken_afterwards_is_an_error_with_its_stack)
{
	_cleanup_(report_destroy) struct report *report =
		judge("{\"nth\":7,\"outcome\":\"broken afterwards\",\"result\":-12,"
		      "\"afterwards\":-16,\"size\":192,"
		      "\"stack\":\"[<0>] kmalloc_trace+0x1a/0x90\\n"
		      "[<0>] refdrv_init+0x32/0x80 [refdrv]\\n\"}");
	const struct finding *finding = report->findings;

	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(finding->rule, "ERR001");
	ck_assert_int_eq(finding->level, LEVEL_ERROR);
	ck_assert_ptr_nonnull(strstr(finding->message, "fails with EBUSY"));
	ck_assert_ptr_nonnull(strstr(finding->evidence, "allocation 7"));
	ck_assert_ptr_nonnull(strstr(finding->evidence, "ended with ENOMEM"));
	ck_assert_uint_eq(finding->stack_count, 2);
}
END_TEST

START_TEST(clean_and_tolerated_failures_are_no_findings)
{
	static const char *const events[] = {
		"{\"nth\":7,\"outcome\":\"clean error\",\"result\":-12}",
		"{\"nth\":7,\"outcome\":\"tolerated\",\"result\":0}",
		/* no device: the probe failed, the load did not */
		"{\"nth\":7,\"outcome\":\"another error\",\"result\":-2,\"stack\":\"\"}",
		"{}",
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		_cleanup_(report_destroy) struct report *report = judge(events[i]);

		ck_assert_uint_eq(report->findings_count, 0);
	}
}
END_TEST

START_TEST(a_sweep_that_lost_calls_is_not_complete)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	json_t *event =
		json_loads("{\"module\":\"refdrv\",\"tried\":40,\"missed\":2}", 0, NULL);

	ck_assert_ok(report_create("cycle", "refdrv", &report));
	ck_assert_ok(error_paths_add_sweep(event, report));
	json_decref(event);
	ck_assert_str_eq(report->measurements[0].name, "error_paths.refdrv.tried");
	ck_assert_double_eq(report->measurements[0].value, 40);
	ck_assert_int_eq(report_verdict(report), VERDICT_INCOMPLETE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error paths");
	TCase *t = tcase_create("error paths");

	tcase_add_test(t, broken_afterwards_is_an_error_with_its_stack);
	tcase_add_test(t, clean_and_tolerated_failures_are_no_findings);
	tcase_add_test(t, a_sweep_that_lost_calls_is_not_complete);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
