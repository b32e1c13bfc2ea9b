/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend lint and its siblings as programs: bad input, exit statuses, the load table. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/file.h"
#include "common/process.h"
#include "tests/check_main.h"
#include "tests/linter/fixture.h"

static char scratch[] = "/tmp/bookend-lint-XXXXXX";

/* Runs a tool of the same build tree in the scratch folder; output with errors. */
static int run(struct strbuf *output, const char *tool, const char *const *words)
{
	_free_ char *own = NULL, *path = NULL;
	const char *argv[16] = { NULL };
	struct process_options options = { .folder = scratch,
					   .keep_stderr = true,
					   .timeout_ns = 300ULL * 1000000000 };
	struct process_result result = { 0 };
	int status;

	ck_assert_ok(file_own_folder(&own));
	ck_assert_int_gt(asprintf(&path, "%s/../../bin/%s", own, tool), 0);
	argv[0] = path;
	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	ck_assert_ok(process_run(argv, &options, &result));
	status = result.status;
	strbuf_adds(output, strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return status;
}

#define LINT(output, ...) \
	run(output, "bookend-lint", (const char *[]){ __VA_ARGS__, NULL })
#define EXTRACT(output, ...) \
	run(output, "bookend-extract", (const char *[]){ __VA_ARGS__, NULL })
#define EXPLAIN(output, ...) \
	run(output, "bookend-explain", (const char *[]){ __VA_ARGS__, NULL })

static void make_fixture(const char *id)
{
	_free_ char *folder = NULL, *source = NULL;
	json_t *json;

	ck_assert_ok(file_data_folder("tests/linter/fixtures", &folder));
	ck_assert_int_gt(asprintf(&source, "%s/%s", folder, id), 0);
	ck_assert_ok(fixture_make(source, scratch, &json));
	json_decref(json);
}

static void write_text(const char *name, const char *text)
{
	_free_ char *path = NULL;

	ck_assert_ok(file_join(scratch, name, &path));
	ck_assert_ok(file_write(path, text, strlen(text), 0644));
}

static void set_up(void)
{
	strcpy(scratch + strlen(scratch) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static void tear_down(void)
{
	ck_assert_ok(file_remove_tree(scratch));
}

#define ck_assert_holds(buffer, text)                                            \
	ck_assert_msg(strstr(strbuf_string(&(buffer)), text), "'%s' lacks '%s'", \
		      strbuf_string(&(buffer)), text)

#define ck_assert_lacks(buffer, text)                                             \
	ck_assert_msg(!strstr(strbuf_string(&(buffer)), text), "'%s' holds '%s'", \
		      strbuf_string(&(buffer)), text)

START_TEST(a_clean_module_exits_with_0)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("ABI001/good");
	ck_assert_int_eq(LINT(&out, "refdrv.ko", "--target", "headers"), 0);
	ck_assert_holds(out, "clean");
	ck_assert_holds(out, "yes");
}
END_TEST

START_TEST(a_finding_exits_with_1_and_the_table_says_why)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("KOM006/bad");
	ck_assert_int_eq(LINT(&out, "refdrv.ko", "-t", "Module.symvers", "--no-explain"),
			 1);
	ck_assert_holds(out, "KOM006");
	ck_assert_holds(out, "license device_create");
}
END_TEST

START_TEST(what_is_no_driver_exits_with_2)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	write_text("notes.txt", "hello\n");
	ck_assert_int_eq(LINT(&out, "notes.txt"), 2);
	ck_assert_holds(out, "holds no driver");
	ck_assert_int_eq(LINT(&out, "missing.ko"), 2);
	ck_assert_holds(out, "cannot open missing.ko");
	ck_assert_int_eq(LINT(&out, "notes.txt", "--manifest", "missing"), 2);
	ck_assert_holds(out, "--manifest: cannot read missing");
	ck_assert_int_eq(LINT(&out, "--only", "KOM999", "notes.txt"), 2);
	ck_assert_holds(out, "no rule has such an id");
}
END_TEST

START_TEST(a_broken_module_or_package_is_a_finding)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	write_text("text.ko", "hello\n");
	write_text("empty.ko", "");
	write_text("cut.deb", "!<arch>\ndebian-binary   ");
	ck_assert_int_eq(LINT(&out, "text.ko", "empty.ko", "--no-explain"), 1);
	ck_assert_holds(out, "text.ko is not an ELF file");
	ck_assert_holds(out, "empty.ko is not an ELF file");
	strbuf_truncate(&out, 0);
	ck_assert_int_eq(LINT(&out, "cut.deb", "--no-explain"), 1);
	ck_assert_holds(out, "PKG014");
}
END_TEST

START_TEST(a_target_that_makes_no_sense_exits_with_2)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("KOM003/good");
	write_text("Broken.symvers", "0x1 no tabs\n");
	ck_assert_int_eq(LINT(&out, "refdrv.ko", "-t", "Broken.symvers"), 2);
	ck_assert_holds(out, "line 1");
	ck_assert_int_eq(LINT(&out, "refdrv.ko", "-t", "linux:0.0.0-none"), 2);
	ck_assert_holds(out, "no headers of the target 0.0.0-none");
	ck_assert_int_eq(LINT(&out, "refdrv.ko", "-t", "."), 2);
	ck_assert_holds(out, "no Module.symvers");
}
END_TEST

START_TEST(mixed_machines_are_looked_at_each_for_itself)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("SEC004/bad"); /* x86-64, whatever machine this is */
	make_fixture("KOM021/bad"); /* this machine */
	ck_assert_int_eq(LINT(&out, ".", "--profile", "release", "--no-explain"), 1);
	ck_assert_holds(out, "refdrv.ko");
	ck_assert_holds(out, "acme.ko");
}
END_TEST

START_TEST(members_are_named_with_kind_and_digest)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("PKG003/good");
	ck_assert_int_eq(LINT(&out, "refdrv.deb", "--format", "json"), 0);
	ck_assert_holds(out, "\"sha256\"");
	ck_assert_holds(out, "refdrv.deb!lib/modules/6.1.0-1-test/updates/refdrv.ko");
	ck_assert_holds(out, "\"kind\": \"module\"");
}
END_TEST

START_TEST(extract_tells_imports_and_who_uses_them)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("KOM006/good");
	ck_assert_int_eq(EXTRACT(&out, "refdrv.ko", "-t", "Module.symvers"), 0);
	ck_assert_holds(out, "device_create  crc=0x33333333  Module.symvers=vmlinux");
	ck_assert_int_eq(EXTRACT(&out, "refdrv.ko", "--json", "-o", "refdrv.json"), 0);
	ck_assert_int_eq(EXTRACT(&out, "--who-uses", "device_create", "refdrv.json"), 0);
	ck_assert_holds(out, "1 driver uses device_create");
	ck_assert_int_eq(EXTRACT(&out, "--who-uses", "no_such_symbol", "."), 0);
	ck_assert_holds(out, "0 drivers use no_such_symbol");
}
END_TEST

START_TEST(explain_knows_rules_and_says_what_it_does_not_know)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	ck_assert_int_eq(EXPLAIN(&out, "kom013"), 0);
	ck_assert_holds(out, "Debug sections");
	ck_assert_holds(out, "Bad");
	ck_assert_int_eq(EXPLAIN(&out, "KOM999"), 2);
	ck_assert_holds(out, "there is no rule 'KOM999'");
}
END_TEST

/* Sources that lie in no repository, with a notice and a changelog. */
static void write_release(const char *notice, const char *changelog, const char *entry)
{
	_free_ char *folder = NULL;

	ck_assert_ok(file_join(scratch, "src/debian", &folder));
	ck_assert_ok(file_make_folder(folder, 0755));
	write_text("src/Makefile", "obj-m := refdrv.o\n");
	write_text("src/refdrv.c", notice);
	write_text(changelog, entry);
}

START_TEST(a_copyright_year_is_held_against_the_changelog)
{
	static const char *const notices[] = {
		"#include <linux/module.h>\n/* Copyright (C) 2011 Acme */\n",
		"#include <linux/module.h>\n/* Copyright (C) 2011-2019 Acme */\n",
	}, *const logs[][2] = {
		{ "src/debian/changelog",
		  "refdrv (1.4-2) unstable; urgency=medium\n\n  * Rebuilt.\n\n"
		  " -- J. Doe <j@example.com>  Sun, 01 Mar 2026 10:00:00 +0100\n\n"
		  "refdrv (1.4-1) unstable; urgency=medium\n\n  * New.\n\n"
		  " -- J. Doe <j@example.com>  Fri, 01 Mar 2019 10:00:00 +0100\n\n"
		  "refdrv (1.3-1) unstable; urgency=medium\n\n  * New.\n\n"
		  " -- J. Doe <j@example.com>  Sat, 01 Mar 2014 10:00:00 +0100\n" },
		{ "src/CHANGELOG.md", "# Changelog\n\n## [1.4.0] - 2019-03-01\n" },
	};

	for (size_t i = 0; i < 4; i++) {
		_strbuf_ struct strbuf out = STRBUF_INIT;

		write_release(notices[i % 2], logs[i / 2][0], logs[i / 2][1]);
		LINT(&out, "src", "--only", "SRC021", "--no-explain");
		if (i % 2)
			ck_assert_lacks(out, "copyright notice");
		else
			ck_assert_holds(out, "2011, the newest change is of 2019");
		tear_down();
		set_up();
	}
}
END_TEST

START_TEST(an_rpm_is_held_against_its_changelog)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	make_fixture("PKG007/bad");
	LINT(&out, "refdrv.rpm", "--no-explain", "--only", "PKG007");
	ck_assert_holds(out, "the newest entry of %changelog is of another version");
	LINT(&out, "refdrv.rpm", "--no-explain", "--only", "SRC021");
	ck_assert_holds(out, "the newest ends in 2011, %changelog is of 2023");
	tear_down();
	set_up();
	strbuf_truncate(&out, 0);
	make_fixture("PKG007/good");
	LINT(&out, "refdrv.rpm", "--no-explain", "--only", "PKG007", "--only", "SRC021");
	ck_assert_lacks(out, "changelog is of");
}
END_TEST

START_TEST(sources_in_a_package_are_compiled_for_rules_of_sources_only)
{
	static const struct {
		const char *only;
		bool compiles;
	} cases[] = {
		{ "KOM*", false },
		{ "KOM021", true },
		{ "SRC*", true },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_strbuf_ struct strbuf out = STRBUF_INIT;

		make_fixture("PKG007/bad");
		LINT(&out, "refdrv.rpm", "--no-explain", "--only", cases[i].only);
		if (cases[i].compiles)
			ck_assert_lacks(out, "its sources: only rules that");
		else
			ck_assert_holds(out, "its sources: only rules that");
		tear_down();
		set_up();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lint");
	TCase *tcase = tcase_create("lint");

	tcase_set_timeout(tcase, 600);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_clean_module_exits_with_0);
	tcase_add_test(tcase, a_finding_exits_with_1_and_the_table_says_why);
	tcase_add_test(tcase, what_is_no_driver_exits_with_2);
	tcase_add_test(tcase, a_broken_module_or_package_is_a_finding);
	tcase_add_test(tcase, a_target_that_makes_no_sense_exits_with_2);
	tcase_add_test(tcase, mixed_machines_are_looked_at_each_for_itself);
	tcase_add_test(tcase, members_are_named_with_kind_and_digest);
	tcase_add_test(tcase, extract_tells_imports_and_who_uses_them);
	tcase_add_test(tcase, explain_knows_rules_and_says_what_it_does_not_know);
	tcase_add_test(tcase, a_copyright_year_is_held_against_the_changelog);
	tcase_add_test(tcase, an_rpm_is_held_against_its_changelog);
	tcase_add_test(tcase,
		       sources_in_a_package_are_compiled_for_rules_of_sources_only);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
