/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/strbuf.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/json.h"
#include "tests/check_main.h"

static struct report *sample(void)
{
	static const struct frame stack[] = {
		{ .function = "helper", .kind = FRAME_INLINE, .file = "a.c", .line = 7 },
		{ .function = "refdrv_open",
		  .kind = FRAME_RETURN,
		  .address = 0xffffffffc0001234,
		  .offset = 4,
		  .size = 64,
		  .module = "refdrv",
		  .file = "a.c",
		  .line = 9 },
	};
	static const struct latency latency[] = { { "open", 10, 1, 2, 3, 4, 5, 6 } };
	struct report *report = NULL;

	ck_assert_ok(report_create("cycle", "refdrv.ko", &report));
	ck_assert_ok(
		report_add_finding(report, &(struct finding){ .rule = "LEAK001",
							      .level = LEVEL_ERROR,
							      .path = "refdrv.ko",
							      .symbol = "refdrv_open",
							      .message = "192 B × 1000",
							      .stack = stack,
							      .stack_count = 2 }));
	ck_assert_ok(report_add_finding(report, &(struct finding){ .rule = "KOM013",
								   .level = LEVEL_WARNING,
								   .path = "a.ko",
								   .message = "m" }));
	ck_assert_ok(report_measure(report, "open.rate", 16600.5, "1/s"));
	ck_assert_ok(report_add_run(report, &(struct run){ .cycle = "device",
							   .passes = 10,
							   .rate_kept = 5,
							   .latency = latency,
							   .latency_count = 1 }));
	ck_assert_ok(report_not_checked(report, false, "BTF", "none in %s", "a.ko"));
	return report;
}

START_TEST(survives_a_round_trip)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_cleanup_(report_destroy) struct report *again = NULL;
	json_t *first = NULL, *second = NULL;

	report_sort(report);
	ck_assert_ok(report_to_json(report, &first));
	ck_assert_ok(report_from_json(first, &again));
	ck_assert_ok(report_to_json(again, &second));
	ck_assert(json_equal(first, second));
	json_decref(first);
	json_decref(second);
}
END_TEST

START_TEST(sorts_and_drops_repeats)
{
	_cleanup_(report_destroy) struct report *report = sample();

	ck_assert_ok(report_add_finding(report, &(struct finding){ .rule = "KOM013",
								   .level = LEVEL_WARNING,
								   .path = "a.ko",
								   .message = "m" }));
	report_sort(report);
	ck_assert_uint_eq(report->findings_count, 2);
	ck_assert_str_eq(report->findings[0].path, "a.ko");
}
END_TEST

START_TEST(infos_never_change_the_verdict)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_int_eq(report_exit_status(report), EXIT_CLEAN);
	ck_assert_ok(report_add_finding(report, &(struct finding){ .rule = "KOM020",
								   .level = LEVEL_INFO,
								   .message = "m" }));
	ck_assert_int_eq(report_exit_status(report), EXIT_CLEAN);
}
END_TEST

START_TEST(unchecked_is_never_clean)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(report_not_checked(report, true, "ABI007", "no BTF"));
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
	ck_assert_ok(report_fail(report, "the target vanished"));
	ck_assert_int_eq(report_exit_status(report), EXIT_FINDINGS);
	ck_assert_int_eq(report_verdict(report), VERDICT_FAILED);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_stay_printable)
{
	json_t *json = json_any_string("a\xff"
				       "b");

	ck_assert_str_eq(json_string_value(json), "a\xef\xbf\xbd"
						  "b");
	json_decref(json);
}
END_TEST

START_TEST(text_shows_finding_and_stack)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct format_context context = { .style = style_plain };

	report_sort(report);
	ck_assert_ok(format_find("text")->write(report, &context, &out));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "LEAK001"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "a.c:9"));
	ck_assert_ptr_nonnull(
		strstr(strbuf_string(&out), "findings: 1 error, 1 warning"));
}
END_TEST

START_TEST(html_escapes_what_it_shows)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct format_context context = { .style = style_plain };

	ck_assert_ok(report_create("lint", "<script>x", &report));
	ck_assert_ok(format_find("html")->write(report, &context, &out));
	ck_assert_ptr_null(strstr(strbuf_string(&out), "<script>"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "&lt;script&gt;x"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");

	tcase_add_test(tcase, survives_a_round_trip);
	tcase_add_test(tcase, sorts_and_drops_repeats);
	tcase_add_test(tcase, infos_never_change_the_verdict);
	tcase_add_test(tcase, unchecked_is_never_clean);
	tcase_add_test(tcase, bytes_that_are_no_utf8_stay_printable);
	tcase_add_test(tcase, text_shows_finding_and_stack);
	tcase_add_test(tcase, html_escapes_what_it_shows);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
