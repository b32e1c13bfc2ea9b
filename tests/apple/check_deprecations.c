/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the headers of an SDK call deprecated, and what a kext makes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/apple/deprecations.h"
#include "linter/linter.h"
#include "tests/apple/macho_writer.h"
#include "tests/check_main.h"

static char *sdk;

static const struct deprecation *find(const struct deprecations *d, const char *symbol)
{
	const struct deprecation *found = deprecations_find(d, symbol);

	ck_assert_msg(found, "%s", symbol);
	return found;
}

START_TEST(reads_every_spelling_of_the_attribute)
{
	_cleanup_(deprecations_destroy) struct deprecations *d = NULL;

	ck_assert_ok(deprecations_read(sdk, &d));
	ck_assert_str_eq(find(d, "_IOOldAlloc")->header, "IOKit/IOLib.h");
	ck_assert_uint_eq(find(d, "_IOOldAlloc")->major, 0);
	ck_assert_str_eq(find(d, "_card_open")->message, "use card_open_by_id()");
	ck_assert_uint_eq(find(d, "_card_count")->major, 10);
	ck_assert_uint_eq(find(d, "_card_count")->minor, 15);
	ck_assert_str_eq(find(d, "_card_count")->message, "count them yourself");
	find(d, "_card_table");
	ck_assert_str_eq(find(d, "__ZN9IOService8oldStartEPS_")->message, "use start()");
	find(d, "__ZN9IOService4makeEv");
}
END_TEST

START_TEST(leaves_out_what_is_not_deprecated)
{
	static const char *const others[] = { "_card_open_by_id", "_card_speed", "_IOLog",
					      "__ZN9IOService5startEPS_" };
	_cleanup_(deprecations_destroy) struct deprecations *d = NULL;

	ck_assert_ok(deprecations_read(sdk, &d));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		ck_assert_ptr_null(deprecations_find(d, others[i]));
}
END_TEST

static void write_header(const char *folder, const char *name, const char *text)
{
	_free_ char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(file_write(path, text, strlen(text), 0600));
}

START_TEST(a_header_that_does_not_parse_is_told_and_hides_no_other)
{
	_cleanup_(deprecations_destroy) struct deprecations *d = NULL;
	char folder[] = "/tmp/bookend-sdk-XXXXXX";
	_free_ char *own = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_join(folder, "IOKit", &own));
	ck_assert_ok(file_make_folder(own, 0700));
	write_header(own, "IOLib.h", "#pragma once\n");
	write_header(own, "IOService.h", "#pragma once\n");
	write_header(folder, "a.h",
		     "#include <nowhere/to/be/found.h>\n"
		     "unknown_t lost(int) __attribute__((deprecated));\n");
	write_header(folder, "b.h",
		     "extern \"C\" int kept(int) __attribute__((deprecated));\n");
	ck_assert_ok(deprecations_read(folder, &d));
	ck_assert_uint_gt(d->errors, 0);
	ck_assert_uint_eq(d->headers, 2);
	find(d, "_kept");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(a_folder_without_headers_is_refused)
{
	_cleanup_(deprecations_destroy) struct deprecations *d = NULL;

	ck_assert_fails(deprecations_read("/nowhere", &d), "has no kernel headers");
}
END_TEST

/* DEP014 on a kext of one slice, with or without the SDK. */
static struct report *lint(const char *spec, const char *with)
{
	struct linter_options options = { .profile = PROFILE_RELEASE,
					  .sdk = with,
					  .no_members = true };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_strbuf_ struct strbuf code = STRBUF_INIT;
	char path[] = "/tmp/bookend-sdk-XXXXXX";
	struct report *report = NULL;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_ok(macho_write(spec, &code));
	ck_assert_ok(file_write(path, code.data, code.length, 0600));
	ck_assert_ok(string_list_add(&options.only, "DEP014"));
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, path));
	ck_assert_ok(linter_finish(linter));
	string_list_deinit(&options.only);
	unlink(path);
	return report;
}

#define KEXT "arch x86_64\nmin 10.9 10.15\nkmod org.example.A 1.0\n"

START_TEST(an_import_that_the_sdk_calls_deprecated_is_told)
{
	_cleanup_(report_destroy) struct report *report =
		lint(KEXT "function _f _IOLog _card_count _card_open", sdk);

	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(report->findings[0].symbol, "_card_count");
	ck_assert_ptr_nonnull(strstr(report->findings[0].evidence,
				     "_card_count since macOS 10.15 <sys/card.h>: count "
				     "them yourself"));
	ck_assert_ptr_nonnull(strstr(report->findings[0].evidence, "_card_open"));
	ck_assert_ptr_null(strstr(report->findings[0].evidence, "_IOLog"));
}
END_TEST

START_TEST(a_kext_that_uses_none_is_clean)
{
	_cleanup_(report_destroy) struct report *report =
		lint(KEXT "function _f _IOLog _card_speed", sdk);

	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(without_an_sdk_it_is_not_checked)
{
	_cleanup_(report_destroy) struct report *report =
		lint(KEXT "function _f _IOLog _card_count", NULL);

	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "--sdk"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deprecations");
	TCase *tcase = tcase_create("deprecations");
	_free_ char *headers = NULL;
	struct error *error = file_data_folder("tests/linter/headers", &headers);

	if (!error)
		error = file_join(headers, "sdk", &sdk);
	if (error)
		return EXIT_FAILURE;
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, reads_every_spelling_of_the_attribute);
	tcase_add_test(tcase, leaves_out_what_is_not_deprecated);
	tcase_add_test(tcase, a_header_that_does_not_parse_is_told_and_hides_no_other);
	tcase_add_test(tcase, a_folder_without_headers_is_refused);
	tcase_add_test(tcase, an_import_that_the_sdk_calls_deprecated_is_told);
	tcase_add_test(tcase, a_kext_that_uses_none_is_clean);
	tcase_add_test(tcase, without_an_sdk_it_is_not_checked);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
