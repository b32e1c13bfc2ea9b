/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How units of source are found and read, and what is said of those that are not. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "linter/linter.h"
#include "linter/source/command.h"
#include "linter/source/import.h"
#include "linter/source/lex.h"
#include "tests/check_main.h"

static struct span bytes(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static bool has(const struct unit_command *command, const char *argument)
{
	for (size_t i = 0; i < command->count; i++)
		if (!strcmp(command->arguments[i], argument))
			return true;
	return false;
}

START_TEST(reads_kbuilds_cmd_files_of_old_and_new_kernels)
{
	static const char *const names[] = { "cmd_", "savedcmd_" };

	for (size_t i = 0; i < 2; i++) {
		_unit_commands_ struct unit_commands list = { 0 };
		_free_ char *text = NULL;

		ck_assert_int_gt(
			asprintf(&text,
				 "%s/x/refdrv.o := gcc-12 -Wp,-MMD,/x/.refdrv.o.d "
				 "-nostdinc -I./include -include linux/kconfig.h "
				 "-D__KERNEL__ -DKBUILD_STR='\"a b\"' -Wall "
				 "-fconserve-stack -mrecord-mcount -c -o /x/refdrv.o "
				 "/x/refdrv.c ; ./tools/objtool/objtool /x/refdrv.o\n\n"
				 "source_/x/refdrv.o := /x/refdrv.c\n",
				 names[i]),
			0);
		ck_assert_ok(command_read_cmd(bytes(text), &list));
		ck_assert_uint_eq(list.count, 1);
		ck_assert_str_eq(list.items[0].file, "/x/refdrv.c");
		ck_assert(has(&list.items[0], "-D__KERNEL__"));
		ck_assert(has(&list.items[0], "-DKBUILD_STR=\"a b\""));
		ck_assert(has(&list.items[0], "linux/kconfig.h"));
		ck_assert(!has(&list.items[0], "-fconserve-stack"));
		ck_assert(!has(&list.items[0], "-Wall"));
		ck_assert(!has(&list.items[0], "-o"));
	}
}
END_TEST

START_TEST(links_and_assembly_are_no_units)
{
	_unit_commands_ struct unit_commands list = { 0 };

	ck_assert_ok(command_read_cmd(bytes("cmd_a.ko := ld -r -o a.ko a.o\n"), &list));
	ck_assert_ok(command_read_cmd(bytes("cmd_a.o := gcc -c -o a.o a.S\n"), &list));
	ck_assert_ok(command_read_cmd(bytes("cmd_a.i := gcc -E a.c\n"), &list));
	ck_assert_ok(command_read_cmd(bytes("nonsense"), &list));
	ck_assert_ok(command_read_cmd(bytes(""), &list));
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(cross_compilers_name_their_target)
{
	_unit_commands_ struct unit_commands list = { 0 };

	ck_assert_ok(command_read_cmd(
		bytes("cmd_a.o := /opt/bin/aarch64-linux-gnu-gcc-12 -c -o a.o a.c\n"),
		&list));
	ck_assert_uint_eq(list.count, 1);
	ck_assert(has(&list.items[0], "--target=aarch64-linux-gnu"));
}
END_TEST

START_TEST(reads_what_make_would_do)
{
	static const char text[] =
		"make: Entering directory '/usr/src/linux-headers-6.1'\n"
		"set -e;  echo '  gcc -c -o /x/a.o /x/a.c'; gcc -Iinclude \\\n"
		"  -DA=1 -c -o /x/a.o /x/a.c; ./scripts/check /x/a.o\n"
		"ld -r -o /x/a.ko /x/a.o\n";
	_unit_commands_ struct unit_commands list = { 0 };

	ck_assert_ok(command_read_make(bytes(text), NULL, &list));
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.items[0].directory, "/usr/src/linux-headers-6.1");
	ck_assert(has(&list.items[0], "-DA=1"));
}
END_TEST

START_TEST(compilation_databases_take_both_forms)
{
	static const char text[] =
		"[{\"directory\": \"/d\", \"file\": \"a.c\", \"command\": \"cc -DX='1 2' "
		"-c a.c\"}, {\"directory\": \"/d\", \"file\": \"b.cpp\", \"arguments\": "
		"[\"c++\", \"-c\", \"b.cpp\"]}]";
	_unit_commands_ struct unit_commands list = { 0 };

	ck_assert_ok(command_read_json("c.json", bytes(text), &list));
	ck_assert_uint_eq(list.count, 2);
	ck_assert(has(&list.items[0], "-DX=1 2"));
	ck_assert(list.items[1].cplusplus);
}
END_TEST

START_TEST(broken_compilation_databases_are_named)
{
	_unit_commands_ struct unit_commands list = { 0 };

	ck_assert_fails(command_read_json("c.json", bytes("[\n{]"), &list), "c.json:2:");
	ck_assert_fails(command_read_json("c.json", bytes("{}"), &list), "c.json: /:");
	ck_assert_fails(command_read_json("c.json", bytes("[{\"file\": \"a.c\"}]"),
					  &list),
			"/0: needs directory");
	ck_assert_fails(command_read_json("c.json",
					  bytes("[{\"directory\": \"/\", \"arguments\": "
						"[\"cc\", 3]}]"),
					  &list),
			"/0/arguments/1: must be a string");
}
END_TEST

START_TEST(debug_regions_are_known_with_their_else)
{
	static const char text[] = "#ifdef REFDRV_DEBUG\n" /* 1 */
				   "a\n"
				   "#else\n"
				   "b\n"
				   "#endif\n"
				   "#ifndef DEBUG\n" /* 6 */
				   "c\n"
				   "#else\n"
				   "d\n"
				   "#endif\n"
				   "#if 0\n" /* 11 */
				   "e\n"
				   "#endif\n"
				   "#if defined(A) && !defined(DEBUG)\n"
				   "f\n"
				   "#endif\n"
				   "#ifdef NDEBUG\n"
				   "g\n"
				   "#endif\n";
	_lexed_ struct lexed l = { 0 };

	ck_assert_ok(lex(bytes(text), &l));
	ck_assert_uint_eq(lexed_line_flags(&l, 2), TOKEN_DEBUG);
	ck_assert_uint_eq(lexed_line_flags(&l, 4), 0);
	ck_assert_uint_eq(lexed_line_flags(&l, 7), 0);
	ck_assert_uint_eq(lexed_line_flags(&l, 9), TOKEN_DEBUG);
	ck_assert_uint_eq(lexed_line_flags(&l, 12), TOKEN_DEAD);
	ck_assert_uint_eq(lexed_line_flags(&l, 15), 0);
	ck_assert_uint_eq(lexed_line_flags(&l, 18), 0);
	ck_assert_uint_eq(lexed_line_flags(&l, 1000), 0);
}
END_TEST

START_TEST(checkers_lines_are_read)
{
	uint32_t line = 0, column = 0;
	const char *text = NULL;
	char file[32];

	ck_assert(import_parse_line("a.c:12:5: warning: x", 20, file, sizeof(file), &line,
				    &column, &text));
	ck_assert_str_eq(file, "a.c");
	ck_assert_uint_eq(line, 12);
	ck_assert_uint_eq(column, 5);
	ck_assert_str_eq(text, "warning: x");
	ck_assert(import_parse_line("a.c:12 f() warn: y", 18, file, sizeof(file), &line,
				    &column, &text));
	ck_assert_str_eq(text, "f() warn: y");
	ck_assert(!import_parse_line("no place", 8, file, sizeof(file), &line, &column,
				     &text));
	ck_assert(!import_parse_line("a.c:x: y", 8, file, sizeof(file), &line, &column,
				     &text));
}
END_TEST

START_TEST(marks_in_a_diff_have_their_lines)
{
	static const char text[] = "diff =\n--- a.c\n+++ /tmp/x\n@@ -10,4 +10,3 @@ f\n"
				   " one\n-two\n three\n-four\n";
	struct import_diff diff = { .at = text, .end = text + sizeof(text) - 1 };
	uint32_t line = 0;

	ck_assert(import_parse_diff(&diff, &line));
	ck_assert_uint_eq(line, 11);
	ck_assert_str_eq(diff.file, "a.c");
	ck_assert(import_parse_diff(&diff, &line));
	ck_assert_uint_eq(line, 13);
	ck_assert(!import_parse_diff(&diff, &line));
}
END_TEST

static char folder[] = "/tmp/bookend-units-XXXXXX";

static void setup(void)
{
	strcpy(folder, "/tmp/bookend-units-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static void put(const char *name, const char *text)
{
	_free_ char *path = NULL, *parent = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	parent = strndup(path, (size_t)(strrchr(path, '/') - path));
	ck_assert_ok(file_make_folder(parent, 0777));
	ck_assert_ok(file_write(path, text, strlen(text), 0644));
}

/* Headers of a kernel that says what kbuild would: below "kernel". */
static void put_kernel(void)
{
	put("kernel/Makefile",
	    "$(info bookend-value VERSION=6)\n$(info bookend-value PATCHLEVEL=1)\n"
	    "modules:\n\tgcc -nostdinc -I$(CURDIR)/include -D__KERNEL__ -c -o "
	    "$(M)/bookend_probe.o $(M)/bookend_probe.c\n");
	put("kernel/include/config/auto.conf", "CONFIG_PCI=y\n");
	put("kernel/include/generated/autoconf.h", "");
	put("kernel/Module.symvers", "0x00000001\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n");
	put("kernel/include/generated/utsrelease.h",
	    "#define UTS_RELEASE \"6.1.0-test\"\n");
	put("kernel/include/linux/module.h",
	    "int _printk(const char *text, ...);\n"
	    "#define printk(...) _printk(__VA_ARGS__)\n");
}

static struct report *lint_package(const char *only, const char *package)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *kernel = NULL, *path = NULL;
	struct report *report = NULL;

	ck_assert_ok(file_join(folder, "kernel", &kernel));
	ck_assert_ok(file_join(folder, package, &path));
	ck_assert_ok(string_list_add(&options.targets, kernel));
	ck_assert_ok(string_list_add(&options.only, only));
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, path));
	ck_assert_ok(linter_finish(linter));
	string_list_deinit(&options.targets);
	string_list_deinit(&options.only);
	return report;
}

/* Packs "tree" into x.tar; temporary files and caches go below "tmp". */
static void pack_tree(void)
{
	_free_ char *command = NULL, *tmp = NULL;

	ck_assert_ok(file_join(folder, "tmp", &tmp));
	ck_assert_ok(file_make_folder(tmp, 0777));
	setenv("TMPDIR", tmp, 1);
	setenv("XDG_CACHE_HOME", tmp, 1);
	ck_assert_int_gt(
		asprintf(&command, "tar -C %s -cf %s/x.tar tree", folder, folder), 0);
	ck_assert_int_eq(system(command), 0);
}

static struct report *lint_with(const char *only, const char *headers, bool slow)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *all = NULL, *include = NULL;
	struct report *report = NULL;

	if (headers) {
		ck_assert_ok(file_data_folder("tests/linter/headers", &all));
		ck_assert_ok(file_join(all, headers, &include));
		ck_assert_ok(string_list_add(&options.includes, include));
	}
	options.slow = slow;
	ck_assert_ok(string_list_add(&options.only, only));
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, folder));
	ck_assert_ok(linter_finish(linter));
	string_list_deinit(&options.includes);
	string_list_deinit(&options.only);
	return report;
}

static struct report *lint(const char *only, const char *headers)
{
	return lint_with(only, headers, false);
}

#define DATABASE                                                                    \
	"[{\"directory\": \".\", \"file\": \"refdrv.c\", \"arguments\": [\"gcc\", " \
	"\"-c\", \"refdrv.c\"]}]"

START_TEST(a_unit_that_does_not_parse_is_not_checked)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("compile_commands.json", DATABASE);
	put("refdrv.c", "#include <linux/module.h>\n#include <linux/gone.h>\n");
	report = lint("SRC001", "linux");
	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "linux/gone.h"));
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
}
END_TEST

START_TEST(iokit_sources_without_headers_are_not_checked)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.cpp", "#include <IOKit/IOService.h>\n");
	report = lint("SRC017", NULL);
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "--sdk"));
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
}
END_TEST

START_TEST(iokit_units_find_the_headers_of_their_own_project)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("Headers/card.h", "#pragma once\n#include <IOKit/IOService.h>\n"
			      "class org_example_Card : public IOService {\n"
			      "\tOSDeclareDefaultStructors(org_example_Card)\n"
			      "public:\n\tbool start(IOService *provider);\n};\n");
	/* neither its own folder nor a kernel header leads there */
	put("Card/card.cpp",
	    "#include \"card.h\"\n#include <Headers/card.h>\n"
	    "OSDefineMetaClassAndStructors(org_example_Card, IOService)\n"
	    "bool org_example_Card::start(IOService *provider)\n"
	    "{\n\treturn true;\n}\n");
	report = lint("SRC017", "iokit");
	ck_assert_uint_eq(report->not_checked_count, 0);
	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(classes_of_others_have_headers_only)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("family.h", "#pragma once\n#include <IOKit/IOService.h>\n"
			"class Family : public IOService {\n"
			"\tOSDeclareDefaultStructors(Family)\n};\n");
	put("driver.cpp", "#include \"family.h\"\nint answer = 42;\n"
			  "#include <IOKit/IOService.h>\n");
	report = lint("SRC017", "iokit");
	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(iokit_sources_in_c_are_read_as_c)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.c", "#include <mach/mach_types.h>\n"
			"int class(int new)\n{\n\treturn new;\n}\n");
	put("mach/mach_types.h", "\n");
	report = lint("SRC017", "iokit");
	ck_assert_uint_eq(report->not_checked_count, 0);
}
END_TEST

START_TEST(iokit_projects_may_include_what_the_kernel_offers)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.cpp", "#include <IOKit/IOService.h>\n");
	put("table.h", "#include <stdint.h>\n#include <sys/socket.h>\n");
	put("part.h", "#include <stdlib.h>\n");
	report = lint("SRC025", "iokit");
	ck_assert_uint_le(report->findings_count, 1);
	for (size_t i = 0; i < report->findings_count; i++)
		ck_assert_str_eq(report->findings[i].symbol, "stdlib.h");
}
END_TEST

START_TEST(a_structure_of_the_drivers_own_is_not_opaque)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.cpp", "#include <IOKit/IOService.h>\n"
			  "struct task { int state; };\nstruct proc;\n"
			  "int look(struct task *t)\n{\n\treturn t->state;\n}\n");
	report = lint("SRC026", "iokit");
	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_uint_eq(report->not_checked_count, 0);
}
END_TEST

START_TEST(kernel_headers_behind_an_own_header_make_a_driver)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("compile_commands.json", DATABASE);
	put("Kbuild", "obj-m := refdrv.o\n");
	put("own.h", "#include <linux/module.h>\n");
	put("refdrv.c", "#include \"own.h\"\nvoid f(void)\n{\n\tprintk(\"x\");\n}\n");
	report = lint("SRC001", "linux");
	ck_assert_uint_eq(report->findings_count, 1);
}
END_TEST

START_TEST(headers_of_others_have_no_findings)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("compile_commands.json", DATABASE);
	put("refdrv.c", "#include <linux/module.h>\nint refdrv;\n");
	report = lint("SRC*", "linux");
	for (size_t i = 0; i < report->findings_count; i++)
		ck_assert_ptr_nonnull(strstr(report->findings[i].path, "refdrv.c"));
}
END_TEST

START_TEST(what_is_no_text_is_not_compiled)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *path = NULL;

	put("compile_commands.json", DATABASE);
	ck_assert_ok(file_join(folder, "refdrv.c", &path));
	ck_assert_ok(file_write(path, "#include <linux/module.h>\n\0int x;\n", 35, 0644));
	report = lint("SRC*", "linux");
	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "no text"));
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
}
END_TEST

/* As kernels from 6.13 on leave it: names are meant from the module's folder. */
START_TEST(commands_that_ran_in_the_modules_folder_are_understood)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("inc/own.h", "#define OWN \"own\"\n");
	put("sub/refdrv.c",
	    "#include <linux/module.h>\n#include <own.h>\nvoid f(void)\n{\n"
	    "\tprintk(OWN);\n}\n");
	put("sub/.refdrv.o.cmd",
	    "savedcmd_sub/refdrv.o := gcc -Iinc -c -o sub/refdrv.o sub/refdrv.c\n");
	report = lint("SRC001", "linux");
	ck_assert_uint_eq(report->not_checked_count, 0);
	ck_assert_uint_eq(report->findings_count, 1);
}
END_TEST

START_TEST(sources_in_a_package_are_compiled_and_named_as_members)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *mark = NULL, *text = NULL, *left = NULL;

	ck_assert_ok(file_join(folder, "mark", &mark));
	ck_assert_int_gt(asprintf(&text, "$(shell touch %s)\nobj-m := refdrv.o\n", mark),
			 0);
	put_kernel();
	put("tree/Makefile", text);
	put("tree/own.h", "#define OWN \"own\"\n");
	put("tree/refdrv.c",
	    "#include <linux/module.h>\n#include \"own.h\"\nvoid f(void)\n"
	    "{\n\tprintk(OWN);\n}\n");
	pack_tree();
	report = lint_package("SRC001", "x.tar");
	ck_assert_uint_eq(report->not_checked_count, 0);
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_uint_eq(report->findings[0].line, 5);
	ck_assert_ptr_nonnull(strstr(report->findings[0].path, "x.tar!tree/refdrv.c"));
	/* nothing of it was run, nothing of it stays */
	ck_assert_int_ne(access(mark, F_OK), 0);
	ck_assert_int_gt(asprintf(&left, "ls %s/tmp | grep -q bookend-", folder), 0);
	ck_assert_int_ne(system(left), 0);
}
END_TEST

START_TEST(a_package_whose_makefile_needs_a_program_is_not_checked)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put_kernel();
	put("tree/Makefile", "obj-m := refdrv.o $(shell ./more)\n");
	put("tree/refdrv.c",
	    "#include <linux/module.h>\nvoid f(void)\n{\n\tprintk(\"\");\n}\n");
	pack_tree();
	report = lint_package("SRC001", "x.tar");
	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "Makefile:1"));
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "--run-makefiles"));
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
}
END_TEST

START_TEST(a_unit_that_fails_in_a_package_is_named_as_a_member)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put_kernel();
	put("tree/Kbuild", "obj-m := refdrv.o\n");
	put("tree/refdrv.c",
	    "#include <linux/module.h>\nint f(void)\n{\n\treturn gone();\n}\n");
	pack_tree();
	report = lint_package("SRC014", "x.tar");
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_ptr_nonnull(strstr(report->findings[0].path, "x.tar!tree/refdrv.c"));
	ck_assert_ptr_nonnull(strstr(report->findings[0].message, "6.1.0-test"));
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_ptr_nonnull(strstr(report->not_checked[0].why, "no other rule"));
}
END_TEST

/* A checker of that name, first on PATH, whose last argument is the unit. */
static void put_checker(const char *name, const char *body)
{
	_free_ char *text = NULL, *path = NULL, *all = NULL;

	ck_assert_int_gt(asprintf(&text, "#!/bin/sh\nfor last; do :; done\n%s", body), 0);
	ck_assert_int_gt(asprintf(&path, "%s/bin/%s", folder, name), 0);
	put(path + strlen(folder) + 1, text);
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_gt(asprintf(&all, "%s/bin:%s", folder, getenv("PATH")), 0);
	ck_assert_int_eq(setenv("PATH", all, 1), 0);
}

/* Lines as smatch 1.74 prints them. */
START_TEST(what_smatch_says_is_told)
{
	static const char *const rules[] = { "SRC009", "SRC010", "SRC012" };

	put_checker("smatch",
		    "echo \"$last:4 f() warn: sleeping in atomic context\"\n"
		    "echo \"$last:5 f() warn: inconsistent returns 'global &lock'.\"\n"
		    "echo '  Locked on  : 4'\necho '  Unlocked on: 5'\n"
		    "echo \"$last:6 f() warn: passing zero to 'PTR_ERR'\"\n"
		    "echo \"$last:6 f() error: double free of 'x'\"\n");
	put("compile_commands.json", DATABASE);
	put("refdrv.c", "#include <linux/module.h>\nvoid f(void)\n{\n;\n;\n;\n}\n");
	for (unsigned int i = 0; i < 3; i++) {
		_cleanup_(report_destroy) struct report *report = NULL;

		report = lint_with(rules[i], "linux", true);
		ck_assert_uint_eq(report->findings_count, 1);
		ck_assert_uint_eq(report->findings[0].line, 4 + i);
		ck_assert_ptr_nonnull(strstr(report->findings[0].message, "smatch: "));
	}
}
END_TEST

START_TEST(a_checker_that_dies_has_not_checked)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put_checker("smatch", "kill -SEGV $$\n");
	put("compile_commands.json", DATABASE);
	put("refdrv.c", "#include <linux/module.h>\n");
	report = lint_with("SRC009", "linux", true);
	ck_assert_uint_eq(report->not_checked_count, 1);
	ck_assert_str_eq(report->not_checked[0].why, "smatch crashed");
	ck_assert_int_eq(report_exit_status(report), EXIT_INCOMPLETE);
}
END_TEST

START_TEST(the_working_folder_stays_when_units_are_read)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *before = getcwd(NULL, 0), *after = NULL;

	ck_assert_ptr_nonnull(before);
	put("a/one.h", "#define ONE \"x\"\n");
	put("b/one.h", "#define ONE KERN_INFO \"x\"\n");
	put("compile_commands.json",
	    "[{\"directory\": \"a\", \"file\": \"../x.c\", \"arguments\": [\"gcc\", \"-c\", "
	    "\"-I.\", \"-include\", \"one.h\", \"../x.c\"]},"
	    "{\"directory\": \"b\", \"file\": \"../y.c\", \"arguments\": [\"gcc\", \"-c\", "
	    "\"-I\", \".\", \"../y.c\"]}]");
	put("x.c", "#include <linux/module.h>\nvoid f(void)\n{\n\tprintk(ONE);\n}\n");
	put("y.c", "#include <linux/module.h>\n#include <one.h>\nvoid g(void)\n{\n"
		   "\tprintk(ONE);\n}\n");
	report = lint("SRC001", "linux");
	after = getcwd(NULL, 0);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(report->not_checked_count, 0);
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_ptr_nonnull(strstr(report->findings[0].path, "x.c"));
}
END_TEST

#define CLASS(name, body)                                                        \
	"class " name " : public IOService {\n\tOSDeclareDefaultStructors(" name \
	")\n" body "};\nOSDefineMetaClassAndStructors(" name ", IOService)\n"

START_TEST(class_names_of_templates_are_told)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.cpp", "#include <IOKit/IOService.h>\n" CLASS("MyDriver", "")
				  CLASS("com_acme_Driver", "") "class MyHelper {\n};\n");
	report = lint("BND025", "iokit");
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(report->findings[0].symbol, "MyDriver");
}
END_TEST

START_TEST(reserved_slots_need_their_counterpart)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("driver.cpp",
	    "#include <IOKit/IOService.h>\n" CLASS(
		    "com_acme_Driver",
		    "\tOSMetaClassDeclareReservedUnused(com_acme_Driver, 0);\n"
		    "\tOSMetaClassDeclareReservedUnused(com_acme_Driver, 1);\n") "OSMetaClassDefineReservedUnused(com_acme_Driver, 0)\n");
	report = lint("MAC003", "iokit");
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_uint_eq(report->findings[0].line, 5);
}
END_TEST

START_TEST(many_classes_are_told_once)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	char text[8192] = "#include <IOKit/IOService.h>\n";

	for (int i = 0; i < 16; i++) {
		char one[256];

		snprintf(one, sizeof(one),
			 "class com_acme_C%d : public IOService {\n};\n", i);
		strcat(text, one);
	}
	put("driver.cpp", text);
	report = lint("MAC011", "iokit");
	ck_assert_uint_eq(report->findings_count, 1);
}
END_TEST

START_TEST(names_of_templates_are_told_in_sources)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	put("compile_commands.json", DATABASE);
	put("refdrv.c", "#include <linux/module.h>\n"
			"struct platform_driver a = { .name = \"my_driver\" };\n"
			"struct platform_driver b = { .name = \"acme-refdrv\" };\n"
			"void *f(void)\n{\n\treturn class_create(NULL, \"test\");\n}\n");
	report = lint("KOM021", "linux");
	ck_assert_uint_eq(report->findings_count, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units");
	TCase *text = tcase_create("text"), *units = tcase_create("units");

	tcase_add_test(text, reads_kbuilds_cmd_files_of_old_and_new_kernels);
	tcase_add_test(text, links_and_assembly_are_no_units);
	tcase_add_test(text, cross_compilers_name_their_target);
	tcase_add_test(text, reads_what_make_would_do);
	tcase_add_test(text, compilation_databases_take_both_forms);
	tcase_add_test(text, broken_compilation_databases_are_named);
	tcase_add_test(text, debug_regions_are_known_with_their_else);
	tcase_add_test(text, checkers_lines_are_read);
	tcase_add_test(text, marks_in_a_diff_have_their_lines);
	tcase_set_timeout(units, 120);
	tcase_add_checked_fixture(units, setup, teardown);
	tcase_add_test(units, a_unit_that_does_not_parse_is_not_checked);
	tcase_add_test(units, iokit_sources_without_headers_are_not_checked);
	tcase_add_test(units, iokit_units_find_the_headers_of_their_own_project);
	tcase_add_test(units, classes_of_others_have_headers_only);
	tcase_add_test(units, iokit_sources_in_c_are_read_as_c);
	tcase_add_test(units, iokit_projects_may_include_what_the_kernel_offers);
	tcase_add_test(units, a_structure_of_the_drivers_own_is_not_opaque);
	tcase_add_test(units, kernel_headers_behind_an_own_header_make_a_driver);
	tcase_add_test(units, headers_of_others_have_no_findings);
	tcase_add_test(units, what_is_no_text_is_not_compiled);
	tcase_add_test(units, commands_that_ran_in_the_modules_folder_are_understood);
	tcase_add_test(units, sources_in_a_package_are_compiled_and_named_as_members);
	tcase_add_test(units, a_package_whose_makefile_needs_a_program_is_not_checked);
	tcase_add_test(units, a_unit_that_fails_in_a_package_is_named_as_a_member);
	tcase_add_test(units, what_smatch_says_is_told);
	tcase_add_test(units, a_checker_that_dies_has_not_checked);
	tcase_add_test(units, the_working_folder_stays_when_units_are_read);
	tcase_add_test(units, class_names_of_templates_are_told);
	tcase_add_test(units, reserved_slots_need_their_counterpart);
	tcase_add_test(units, many_classes_are_told_once);
	tcase_add_test(units, names_of_templates_are_told_in_sources);
	suite_add_tcase(suite, text);
	suite_add_tcase(suite, units);
	return run_suite(suite);
}
