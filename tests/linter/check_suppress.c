/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "linter/baseline.h"
#include "linter/linter.h"
#include "linter/overrides.h"
#include "linter/suppress.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/bookend-suppress-XXXXXX";
static char overrides_path[128], baseline_path[128];
static struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
static struct report *report;
static struct linter *linter;

static void setup(void)
{
	strcpy(folder, "/tmp/bookend-suppress-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(overrides_path, sizeof(overrides_path), "%s/overrides", folder);
	snprintf(baseline_path, sizeof(baseline_path), "%s/baseline.json", folder);
	setenv("SOURCE_DATE_EPOCH", "1767225600", 1); /* 2026-01-01 */
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
}

static void teardown(void)
{
	linter_destroy(linter);
	report_destroy(report);
	ck_assert_ok(file_remove_tree(folder));
}

static void found(const char *rule, const char *path, unsigned int line)
{
	ck_assert_ok(report_add_finding(report, &(struct finding){ .rule = rule,
								   .level = LEVEL_WARNING,
								   .path = path,
								   .line = line,
								   .message = "m" }));
}

static size_t count(const char *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < report->findings_count; i++)
		n += !strcmp(report->findings[i].rule, rule);
	return n;
}

static struct error *apply(const char *text, bool baseline, bool update)
{
	struct suppress_options o = { .overrides = overrides_path,
				      .baseline = baseline ? baseline_path : NULL,
				      .update_baseline = update };
	struct string_list subjects = { 0 };

	ck_assert_ok(file_write(overrides_path, text, strlen(text), 0644));
	return suppress(linter, &o, &subjects);
}

START_TEST(takes_out_what_rule_and_path_match)
{
	found("SRC004", "./src/boot.c", 3);
	found("SRC004", "./src/main.c", 3);
	found("SRC001", "./src/boot.c", 4);
	ck_assert_ok(
		apply("# a comment\n\nSRC004 boot.c owner=joe -- waits\n", false, false));
	ck_assert_uint_eq(count("SRC004"), 1);
	ck_assert_uint_eq(count("SRC001"), 1);
	ck_assert_uint_eq(report->findings_count, 2);
	ck_assert_uint_eq(json_array_size(report_section(report, "suppressed")), 1);
}
END_TEST

START_TEST(unused_overrides_are_told)
{
	ck_assert_ok(apply("SRC004 boot.c -- waits\n", false, false));
	ck_assert_uint_eq(count("OVR001"), 1);
	ck_assert_uint_eq(report->findings[0].line, 1);
}
END_TEST

START_TEST(expired_overrides_do_nothing_and_are_told)
{
	found("SRC004", "src/boot.c", 3);
	ck_assert_ok(apply("SRC004 *boot.c until=2025-12-31 -- waits\n", false, false));
	ck_assert_uint_eq(count("SRC004"), 1);
	ck_assert_uint_eq(count("OVR002"), 1);
}
END_TEST

START_TEST(overrides_work_through_their_last_day)
{
	found("SRC004", "src/boot.c", 3);
	ck_assert_ok(apply("SRC004 *boot.c until=2026-01-01 -- waits\n", false, false));
	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(bad_lines_are_named)
{
	ck_assert_fails(apply("\nSRC004 boot.c\n", false, false),
			"overrides:2: the reason is missing");
	ck_assert_fails(apply("SRC004 -- why\n", false, false), "glob of paths");
	ck_assert_fails(apply("SRC004 a until=2025-13-01 -- why\n", false, false),
			"no date: 2025-13-01");
	ck_assert_fails(apply("SRC004 a colour=red -- why\n", false, false),
			"unknown word: colour=red");
	ck_assert_fails(apply("SRC999 a -- why\n", false, false),
			"no rule is called SRC999");
}
END_TEST

START_TEST(the_baseline_hides_old_findings_only)
{
	found("SRC004", "a.c", 3);
	found("SRC004", "a.c", 9);
	ck_assert_ok(apply("", true, true));
	ck_assert_uint_eq(report->findings_count, 0);
	found("SRC004", "a.c", 4); /* moved by a line */
	found("SRC004", "a.c", 10);
	found("SRC004", "a.c", 20); /* one more than there was */
	found("SRC001", "a.c", 1);
	ck_assert_ok(apply("", true, false));
	ck_assert_uint_eq(count("SRC004"), 1);
	ck_assert_uint_eq(count("SRC001"), 1);
}
END_TEST

START_TEST(mended_findings_of_the_baseline_are_told)
{
	found("SRC004", "a.c", 3);
	ck_assert_ok(apply("", true, true));
	ck_assert_ok(apply("", true, false));
	ck_assert_uint_eq(count("OVR003"), 1);
	ck_assert_int_eq(report_exit_status(report), EXIT_CLEAN);
}
END_TEST

START_TEST(broken_baselines_are_named)
{
	static const char wrong[] = "{\"schema\": \"bookend-baseline/1\", "
				    "\"findings\": [{\"rule\": \"SRC001\"}]}";

	ck_assert_ok(file_write(baseline_path, wrong, sizeof(wrong) - 1, 0644));
	ck_assert_fails(apply("", true, false), "/findings/0: needs fingerprint");
	ck_assert_ok(file_write(baseline_path, "{\n\n,}", 6, 0644));
	ck_assert_fails(apply("", true, false), "baseline.json:3:");
}
END_TEST

START_TEST(updating_needs_a_baseline)
{
	ck_assert_fails(apply("", false, true), "--update-baseline needs --baseline");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suppress");
	TCase *tcase = tcase_create("suppress");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, takes_out_what_rule_and_path_match);
	tcase_add_test(tcase, unused_overrides_are_told);
	tcase_add_test(tcase, expired_overrides_do_nothing_and_are_told);
	tcase_add_test(tcase, overrides_work_through_their_last_day);
	tcase_add_test(tcase, bad_lines_are_named);
	tcase_add_test(tcase, the_baseline_hides_old_findings_only);
	tcase_add_test(tcase, mended_findings_of_the_baseline_are_told);
	tcase_add_test(tcase, broken_baselines_are_named);
	tcase_add_test(tcase, updating_needs_a_baseline);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
