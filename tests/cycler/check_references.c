/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/references.h"
#include "tests/check_main.h"

/* Findings for the module @name, of two that a leg holds. */
static size_t judge(const char *name, int count)
{
	struct plan_leg leg = { .name = (char[]){ "open" } };
	const struct plan plan = { .legs = &leg, .leg_count = 1 };
	json_t *events =
		json_pack("[{s:s, s:i, s:s, s:s, s:i}, {s:s, s:i, s:s, s:s, s:i}]",
			  "event", "references", "leg", 0, "when", "before", "module",
			  "busy", "count", 3, "event", "references", "leg", 0, "when",
			  "before", "module", "idle", "count", 0);
	json_t *after =
		json_pack("{s:s, s:i, s:s, s:s, s:i}", "event", "references", "leg", 0,
			  "when", "after", "module", name, "count", count);
	const struct results results = { .plan = &plan, .events = events };
	_cleanup_(report_destroy) struct report *report = NULL;
	size_t findings;

	ck_assert_ok(report_create("cycle", "x", &report));
	ck_assert_ok(references_add(&results, after, report));
	findings = report->findings_count;
	json_decref(events);
	json_decref(after);
	return findings;
}

START_TEST(each_module_is_held_against_its_own_count)
{
	ck_assert_uint_eq(judge("busy", 3), 0);
	ck_assert_uint_eq(judge("busy", 4), 1);
	ck_assert_uint_eq(judge("idle", 0), 0);
	ck_assert_uint_eq(judge("idle", 1), 1);
	/* one that nobody held before */
	ck_assert_uint_eq(judge("other", 1), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("references");
	TCase *tc = tcase_create("counts");

	tcase_add_test(tc, each_module_is_held_against_its_own_count);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
