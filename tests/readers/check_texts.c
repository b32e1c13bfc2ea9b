/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small text formats: dkms.conf, Module.symvers, modinfo. */
#include <string.h>

#include "common/array.h"
#include "readers/changelog.h"
#include "readers/dkms_conf.h"
#include "readers/modinfo.h"
#include "readers/symvers.h"
#include "tests/check_main.h"

static struct span text_span(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static struct dkms_conf *parse(const char *text)
{
	struct dkms_conf *conf = NULL;

	ck_assert_ok(dkms_conf_create(text_span(text), &conf));
	return conf;
}

static const char *value(const struct dkms_conf *conf, const char *name, size_t index)
{
	const struct dkms_directive *d = dkms_conf_find(conf, name, index);

	return d ? d->value : NULL;
}

START_TEST(dkms_puts_in_what_it_assigned_before)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf =
		parse("PACKAGE_NAME=refdrv\nBUILT_MODULE_NAME[0]=\"${PACKAGE_NAME}-x\"\n"
		      "MAKE='$PACKAGE_NAME'\nCLEAN=\"make -C ${kernel_source_dir}\"\n");

	ck_assert_str_eq(value(conf, "BUILT_MODULE_NAME", 0), "refdrv-x");
	ck_assert_str_eq(value(conf, "MAKE", 0), "$PACKAGE_NAME");
	ck_assert_str_eq(value(conf, "CLEAN", 0), "make -C ${kernel_source_dir}");
	ck_assert(!conf->has_code);
}
END_TEST

START_TEST(dkms_reads_arrays_appends_and_long_lines)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf =
		parse("A=(one \"two three\" # no\n four)\nA+=(five)\nB=x\nB+=y\n"
		      "C=\"a \\\n b\"\n");

	ck_assert_uint_eq(dkms_conf_length(conf, "A"), 4);
	ck_assert_str_eq(value(conf, "A", 1), "two three");
	ck_assert_str_eq(value(conf, "A", 3), "five");
	ck_assert_str_eq(value(conf, "B", 0), "xy");
	ck_assert_str_eq(value(conf, "C", 0), "a  b");
}
END_TEST

START_TEST(dkms_marks_what_may_differ)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf =
		parse("if [ -f x ]; then\n\tA=1\nfi\nB=`date`\nC=2\n");

	ck_assert(conf->has_code);
	ck_assert(dkms_conf_find(conf, "A", 0)->computed);
	ck_assert(dkms_conf_find(conf, "B", 0)->computed);
	ck_assert(!dkms_conf_find(conf, "C", 0)->computed);
	ck_assert_uint_eq(dkms_conf_find(conf, "C", 0)->line, 5);
}
END_TEST

START_TEST(dkms_trims_and_replaces_as_a_shell_does)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf =
		parse("V=1.4.0-rc1\nA=${V%-*}\nB=\"${V%%.*}\"\nC=${V#*.}\nD=${V##*.}\n"
		      "E=${V/-rc/+}\nF=${V//./_}\nG=${V:-x}\nN=\nH=${N:-none}\n"
		      "I=${V^^}\nJ=${kernelver%%-*}\nK=${kernelver}\nL=${V%x}\n");

	ck_assert_str_eq(value(conf, "A", 0), "1.4.0");
	ck_assert_str_eq(value(conf, "B", 0), "1");
	ck_assert_str_eq(value(conf, "C", 0), "4.0-rc1");
	ck_assert_str_eq(value(conf, "D", 0), "0-rc1");
	ck_assert_str_eq(value(conf, "E", 0), "1.4.0+1");
	ck_assert_str_eq(value(conf, "F", 0), "1_4_0-rc1");
	ck_assert_str_eq(value(conf, "G", 0), "1.4.0-rc1");
	ck_assert_str_eq(value(conf, "H", 0), "none");
	ck_assert_str_eq(value(conf, "L", 0), "1.4.0-rc1");
	/* what only a shell, or only dkms, knows stays as it is, and is marked */
	ck_assert_str_eq(value(conf, "I", 0), "${V^^}");
	ck_assert(dkms_conf_find(conf, "I", 0)->computed);
	ck_assert(dkms_conf_find(conf, "J", 0)->computed);
	ck_assert_str_eq(value(conf, "K", 0), "${kernelver}");
	ck_assert(!dkms_conf_find(conf, "K", 0)->computed);
}
END_TEST

START_TEST(dkms_tells_a_quote_that_stays_open)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = parse("A=1\nB=\"x\nC=2\n");

	ck_assert_uint_eq(conf->open_quote, 2);
}
END_TEST

START_TEST(dkms_does_not_grow_without_bound)
{
	char text[4096] = "A=xxxxxxxxxxxxxxxx\n";

	for (int i = 0; i < 40; i++)
		strcat(text, "A=$A$A$A$A\n");
	dkms_conf_destroy(parse(text));
}
END_TEST

START_TEST(symvers_finds_symbols_of_every_age)
{
	_cleanup_(symvers_destroy) struct symvers *s = NULL;
	const struct symvers_entry *e;

	ck_assert_ok(
		symvers_create("x",
			       text_span("0x11\ta\tvmlinux\tEXPORT_SYMBOL\n"
					 "0x22\tb\tdrivers/b\tEXPORT_SYMBOL_GPL\tNS\n"
					 "0x33\tc\tNS\tdrivers/c\tEXPORT_SYMBOL_GPL\n"),
			       &s));
	ck_assert(s->has_crcs);
	ck_assert_ptr_nonnull(symvers_find(s, "a"));
	e = symvers_find(s, "b");
	ck_assert(e && e->gpl && e->crc == 0x22 && e->space.size == 2);
	e = symvers_find(s, "c");
	ck_assert(e && e->module.size == 9 && e->space.size == 2);
	ck_assert_ptr_null(symvers_find(s, "d"));
}
END_TEST

START_TEST(symvers_names_the_line_that_is_wrong)
{
	struct symvers *s;

	ck_assert_fails(symvers_create("x",
				       text_span("0x11\ta\tvmlinux\tEXPORT_SYMBOL\n"
						 "0x22 b vmlinux EXPORT_SYMBOL\n"),
				       &s),
			"line 2");
	ck_assert_fails(symvers_create("x", text_span(""), &s), "no symbol");
}
END_TEST

START_TEST(modinfo_reads_fields_and_counts_the_rest)
{
	static const char bytes[] = "license=GPL\0\0alias=a\0alias=b\0junk\0cut";
	struct modinfo info;
	size_t at = 0;

	ck_assert_ok(modinfo_init(&info, (struct span){ (const uint8_t *)bytes,
							sizeof(bytes) - 1 }));
	ck_assert_str_eq(modinfo_get(&info, "license"), "GPL");
	ck_assert_str_eq(modinfo_next(&info, "alias", &at), "a");
	ck_assert_str_eq(modinfo_next(&info, "alias", &at), "b");
	ck_assert_ptr_null(modinfo_next(&info, "alias", &at));
	ck_assert_uint_eq(info.malformed, 2);
	modinfo_deinit(&info);
}
END_TEST

static bool newest(const char *text, struct changelog *ret)
{
	return changelog_read(text_span(text), ret);
}

START_TEST(changelogs_tell_their_newest_entry)
{
	static const struct {
		const char *text, *version;
		int year;
		bool debian;
	} cases[] = {
		{ "refdrv (1:1.4.0-2) unstable; urgency=medium\n\n  * New.\n\n"
		  " -- J. Doe <j@example.com>  Sun, 01 Mar 2026 10:00:00 +0100\n",
		  "1:1.4.0-2", 2026, true },
		{ "# Changelog\n\n## [Unreleased]\n\n## [1.4.0] - 2026-03-01\n", "1.4.0",
		  2026, false },
		{ "Version 1.4.0 (2025)\n====\n", "1.4.0", 2025, false },
		{ "v1.4.0-rc1\n-----\n", "v1.4.0-rc1", 0, false },
		{ "2026-03-01  Jane Doe  <j@example.com>\n\n\t* a.c: New.\n", "", 2026,
		  false },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct changelog entry = { 0 };

		ck_assert_msg(newest(cases[i].text, &entry), "%s", cases[i].text);
		ck_assert_str_eq(entry.version, cases[i].version);
		ck_assert_int_eq(entry.year, cases[i].year);
		ck_assert_int_eq(entry.debian, cases[i].debian);
	}
}
END_TEST

START_TEST(revisions_of_a_debian_package_do_not_make_it_newer)
{
	struct changelog entry = { 0 };

	ck_assert(newest("refdrv (1.4.0-2) unstable; urgency=low\n\n  * Rebuilt.\n\n"
			 " -- J. Doe <j@example.com>  Sun, 01 Mar 2026 10:00:00 +0100\n"
			 "\nrefdrv (1.4.0-1) unstable; urgency=low\n\n  * New.\n\n"
			 " -- J. Doe <j@example.com>  Fri, 01 Mar 2019 10:00:00 +0100\n"
			 "\nrefdrv (1.4-1) unstable; urgency=low\n\n  * New.\n\n"
			 " -- J. Doe <j@example.com>  Sat, 01 Mar 2014 10:00:00 +0100\n",
			 &entry));
	ck_assert_int_eq(entry.year, 2026);
	ck_assert_int_eq(entry.upstream_year, 2019);
}
END_TEST

START_TEST(running_text_is_no_changelog_entry)
{
	static const char *const texts[] = {
		"Since version 1.4.0 the driver supports cards of 2025.\n",
		"Works with Linux 6.1 and later, tested on 6.12.\n", "", "\n\n\n",
		"  1.4.0 is indented\n"
	};
	struct changelog entry;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ck_assert_msg(!newest(texts[i], &entry), "%s: %s", texts[i],
			      entry.version);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("texts");
	TCase *tcase = tcase_create("texts");

	tcase_add_test(tcase, dkms_puts_in_what_it_assigned_before);
	tcase_add_test(tcase, dkms_reads_arrays_appends_and_long_lines);
	tcase_add_test(tcase, dkms_marks_what_may_differ);
	tcase_add_test(tcase, dkms_tells_a_quote_that_stays_open);
	tcase_add_test(tcase, dkms_trims_and_replaces_as_a_shell_does);
	tcase_add_test(tcase, changelogs_tell_their_newest_entry);
	tcase_add_test(tcase, revisions_of_a_debian_package_do_not_make_it_newer);
	tcase_add_test(tcase, running_text_is_no_changelog_entry);
	tcase_add_test(tcase, dkms_does_not_grow_without_bound);
	tcase_add_test(tcase, symvers_finds_symbols_of_every_age);
	tcase_add_test(tcase, symvers_names_the_line_that_is_wrong);
	tcase_add_test(tcase, modinfo_reads_fields_and_counts_the_rest);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
