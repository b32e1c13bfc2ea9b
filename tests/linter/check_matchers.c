/* SPDX-License-Identifier: GPL-2.0-or-later */
/* House rules: read, refused with their place, and run over what fixture.c makes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "linter/linter.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/bookend-matchers-XXXXXX";

static void put(const char *name, const char *text)
{
	_free_ char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
	ck_assert_ok(file_write(path, text, strlen(text), 0644));
}

static void make(const char *name)
{
	_free_ char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
	ck_assert_ok(file_make_folder(path, 0755));
}

static void setup(void)
{
	strcpy(folder, "/tmp/bookend-matchers-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make("rules");
	make("subject");
	make("subject/Demo.kext");
	make("subject/Demo.kext/Contents");
	put("subject/refdrv.c", "#include <linux/module.h>\n"
				"void refdrv_wait(void)\n{\n\tmdelay(20);\n}\n");
	put("subject/dkms.conf", "PACKAGE_NAME=refdrv\nPACKAGE_VERSION=1.0\n"
				 "MAKE[0]=\"make\"\nBUILT_MODULE_NAME[0]=refdrv\n");
	put("subject/notes.log", "x");
	put("subject/Demo.kext/Contents/Info.plist",
	    "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict>\n"
	    "<key>OSBundleRequired</key><string>Root</string>\n"
	    "</dict></plist>\n");
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static void rule(const char *check)
{
	_free_ char *text = NULL;

	ck_assert_int_gt(asprintf(&text,
				  "{\"id\": \"ACME001\", \"title\": \"t\", \"levels\": "
				  "{\"dev\": \"error\", \"ci\": \"error\", \"release\": "
				  "\"error\"}, \"subjects\": [\"ko\"], \"explanation\": "
				  "\"e\", \"check\": %s}",
				  check),
			 0);
	put("rules/ACME001.json", text);
}

static struct error *run(struct report **report)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *rules = NULL, *subject = NULL;
	struct error *error;

	ck_assert_ok(file_join(folder, "rules", &rules));
	ck_assert_ok(file_join(folder, "subject", &subject));
	ck_assert_ok(string_list_add(&options.rules, rules));
	ck_assert_ok(string_list_add(&options.only, "ACME*"));
	ck_assert_ok(report_create("lint", "x", report));
	error = linter_create(&options, *report, &linter);
	if (!error)
		error = linter_path(linter, subject);
	if (!error)
		error = linter_finish(linter);
	string_list_deinit(&options.rules);
	string_list_deinit(&options.only);
	return error;
}

static void expect(const char *check, size_t findings, const char *symbol,
		   unsigned int line)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	rule(check);
	ck_assert_ok(run(&report));
	ck_assert_msg(report->findings_count == findings, "%s: %zu findings", check,
		      report->findings_count);
	if (symbol)
		ck_assert_str_eq(report->findings[0].symbol, symbol);
	if (line)
		ck_assert_uint_eq(report->findings[0].line, line);
}

static void refused(const char *check, const char *why)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	rule(check);
	ck_assert_fails(run(&report), why);
}

START_TEST(members_by_path)
{
	expect("{\"member\": \"*.log\"}", 1, "notes.log", 0);
	expect("{\"member\": \"*.bak\"}", 0, NULL, 0);
	expect("{\"member\": \"*.bak\", \"absent\": true}", 1, "*.bak", 0);
}
END_TEST

START_TEST(calls_in_sources_with_line)
{
	expect("{\"call\": \"mdelay\"}", 1, "mdelay", 4);
	expect("{\"call\": \"mdelay\", \"in\": \"*.cpp\"}", 0, NULL, 0);
}
END_TEST

START_TEST(directives_of_dkms_with_value)
{
	expect("{\"dkms\": \"PACKAGE_VERSION\", \"value\": \"1.*\"}", 1,
	       "PACKAGE_VERSION", 2);
	expect("{\"dkms\": \"PACKAGE_VERSION\", \"not_value\": \"1.*\"}", 0, NULL, 0);
	expect("{\"dkms\": \"MAKE[0]\"}", 1, "MAKE[0]", 3);
	expect("{\"dkms\": \"AUTOINSTALL\", \"absent\": true}", 1, "AUTOINSTALL", 0);
}
END_TEST

START_TEST(keys_of_property_lists_with_line)
{
	expect("{\"plist\": \"OSBundleRequired\", \"value\": \"Root\"}", 1,
	       "OSBundleRequired", 3);
	expect("{\"plist\": \"OSBundleRequired\", \"not_value\": \"Root\"}", 0, NULL, 0);
}
END_TEST

START_TEST(messages_name_what_matched)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	rule("{\"call\": \"mdelay\", \"message\": \"%s() waits\", \"hint\": \"h\"}");
	ck_assert_ok(run(&report));
	ck_assert_str_eq(report->findings[0].message, "mdelay() waits");
	ck_assert_str_eq(report->findings[0].hint, "h");
}
END_TEST

START_TEST(wrong_rules_are_refused_with_their_place)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	refused("{}", "ACME001.json: /check: needs one of");
	refused("{\"call\": \"a\", \"member\": \"b\"}", "only one kind of thing");
	refused("{\"call\": \"\"}", "/check/call: must be a string");
	refused("{\"call\": \"a\", \"valu\": \"b\"}", "/check/valu: unknown key");
	refused("{\"call\": \"a\", \"value\": \"b\"}", "/check/value: only plist");
	refused("{\"call\": \"a\", \"absent\": 1}", "/check/absent: must be true");
	refused("{\"call\": \"a\", \"message\": \"%d\"}", "/check/message: may have one");
	refused("{\"call\": \"a\", \"message\": \"%s %n\"}", "/check/message: may have");
	refused("\"magic\"", "/check: must be \"builtin\"");
	put("rules/ACME001.json", "{\n\"id\": \"ACME001\",,\n}");
	ck_assert_fails(run(&report), "ACME001.json:2:");
}
END_TEST

START_TEST(the_examples_of_the_manual_work)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *rules = NULL, *subject = NULL;

	make("subject/src");
	put("subject/src/a.c",
	    "#include <linux/module.h>\nvoid f(void)\n{\n\tmdelay(1);\n"
	    "}\n");
	ck_assert_ok(file_data_folder("docs/examples/rules", &rules));
	ck_assert_ok(string_list_add(&options.rules, rules));
	ck_assert_ok(string_list_add(&options.only, "ACME*"));
	ck_assert_ok(file_join(folder, "subject", &subject));
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, subject));
	report_sort(report);
	ck_assert_uint_eq(report->findings_count, 2);
	ck_assert_str_eq(report->findings[0].rule, "ACME002");
	ck_assert_str_eq(report->findings[1].message,
			 "mdelay() keeps the processor busy");
	string_list_deinit(&options.rules);
	string_list_deinit(&options.only);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matchers");
	TCase *tcase = tcase_create("matchers");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, members_by_path);
	tcase_add_test(tcase, calls_in_sources_with_line);
	tcase_add_test(tcase, directives_of_dkms_with_value);
	tcase_add_test(tcase, keys_of_property_lists_with_line);
	tcase_add_test(tcase, messages_name_what_matched);
	tcase_add_test(tcase, wrong_rules_are_refused_with_their_place);
	tcase_add_test(tcase, the_examples_of_the_manual_work);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
