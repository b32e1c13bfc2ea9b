/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kext of our own is compiled for macOS, its dSYM made, and a panic in it told at an
 * address where it might have been loaded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/process.h"
#include "readers/macho.h"
#include "symbolizer/object.h"
#include "symbolizer/panic.h"
#include "symbolizer/symbolizer.h"
#include "tests/check_main.h"

static const char folder[] = "build/check_dsym";
static const char source[] =
	"int counter;\n"
	"static inline __attribute__((always_inline)) int helper(int x)\n"
	"{\n"
	"\treturn x / counter;\n"
	"}\n"
	"__attribute__((noinline)) int driver_start(int x)\n"
	"{\n"
	"\tint y = helper(x);\n"
	"\n"
	"\treturn y + 1;\n"
	"}\n"
	"__attribute__((used, noinline)) static int hidden(int x)\n"
	"{\n"
	"\treturn x * counter;\n"
	"}\n";

static void run_tool(const char *const *argv)
{
	struct process_result result = { 0 };
	const struct process_options options = { .keep_stderr = true };

	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_msg(!result.status, "%s: %s", argv[0], strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}

static void make_kext(const char *target, const char *arch)
{
	ck_assert_ok(file_remove_tree(folder));
	ck_assert_ok(file_make_folder("build/check_dsym", 0700));
	ck_assert_ok(
		file_write("build/check_dsym/driver.c", source, strlen(source), 0600));
	run_tool((const char *const[]){ "clang-14", "-target", target, "-g", "-O1", "-c",
					"-mkernel", "build/check_dsym/driver.c", "-o",
					"build/check_dsym/driver.o", NULL });
	run_tool((const char *const[]){
		"ld64.lld-14", "-arch", arch, "-bundle", "-platform_version", "macos",
		"11.0", "11.0", "-undefined", "dynamic_lookup",
		"build/check_dsym/driver.o", "-o", "build/check_dsym/driver", NULL });
	run_tool((const char *const[]){ "dsymutil-14", "build/check_dsym/driver", "-o",
					"build/check_dsym/driver.dSYM", NULL });
}

struct driver {
	char uuid[40];
	uint64_t start, text; /* of driver_start, and of the __TEXT segment */
};

static void read_driver(struct driver *ret)
{
	_mapping_ struct mapping mapping = { 0 };
	_macho_file_ struct macho_file file = { 0 };
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	struct macho_symbol symbol;

	ck_assert_ok(file_map("build/check_dsym/driver", &mapping));
	ck_assert_ok(macho_file_open(mapping.bytes, &file));
	ck_assert_ok(macho_create(file.slices[0].bytes, &macho));
	for (int i = 0; i < 16; i++)
		sprintf(ret->uuid + 2 * i, "%02X", macho->uuid[i]);
	ret->text = macho_find_segment(macho, "__TEXT")->address;
	ret->start = 0;
	for (size_t i = 0; i < macho->symbol_count; i++)
		if (macho_symbol(macho, i, &symbol) &&
		    !strcmp(symbol.name, "_driver_start"))
			ret->start = symbol.value;
	ck_assert_uint_ne(ret->start, 0);
}

static void check_panic(const char *target, const char *arch, const char *machine)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	const uint64_t base = UINT64_C(0xffffff7f81200000);
	const struct panic_context *stack;
	struct driver driver;
	char text[2048];

	make_kext(target, arch);
	read_driver(&driver);
	snprintf(text, sizeof(text),
		 "panic(cpu 1 caller 0xffffff8000200000): \"divide by zero\"\n"
		 "Backtrace (CPU 1), Frame : Return Address\n"
		 "0xffffff8012340000 : 0x%" PRIx64 "\n"
		 "      Kernel Extensions in backtrace:\n"
		 "         org.example.driver(1.2)[%s]@0x%" PRIx64 "->0x%" PRIx64 "\n\n"
		 "Kernel version:\n"
		 "Darwin Kernel Version 20.6.0: x; root:xnu-7195.141.2~5/RELEASE_%s\n",
		 base + driver.start - driver.text + 8, driver.uuid, base, base + 0xffff,
		 machine);
	ck_assert_ok(panic_parse(text, strlen(text), &log));
	ck_assert_uint_eq(log->count, 1);
	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(symbolizer_add_path(s, folder));
	ck_assert_ok(panic_symbolize(log, s));
	stack = panic_guilty_context(&log->panics[0]);
	ck_assert_ptr_nonnull(stack);
	ck_assert_str_eq(log->panics[0].module, "org.example.driver");
	ck_assert_str_eq(log->panics[0].function, "driver_start");
	ck_assert_str_eq(log->panics[0].title, "panic: divide by zero in driver_start");
	ck_assert_str_eq(stack->frames.items[stack->frames.count - 1].function,
			 "driver_start");
	ck_assert_ptr_nonnull(
		strstr(stack->frames.items[stack->frames.count - 1].file, "driver.c"));
	ck_assert_uint_ge(stack->frames.items[0].line, 4);
	ck_assert_uint_le(stack->frames.items[0].line, 10);
	ck_assert_ok(file_remove_tree(folder));
}

START_TEST(a_panic_of_an_intel_mac_is_told_by_the_dsym)
{
	check_panic("x86_64-apple-macos11", "x86_64", "X86_64");
}
END_TEST

START_TEST(a_panic_of_an_apple_silicon_mac_is_told_by_the_dsym)
{
	check_panic("arm64-apple-macos11", "arm64", "ARM64_T8101");
}
END_TEST

static uint64_t find_symbol(const char *name)
{
	_mapping_ struct mapping mapping = { 0 };
	_macho_file_ struct macho_file file = { 0 };
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	struct macho_symbol symbol;

	ck_assert_ok(file_map("build/check_dsym/driver", &mapping));
	ck_assert_ok(macho_file_open(mapping.bytes, &file));
	ck_assert_ok(macho_create(file.slices[0].bytes, &macho));
	for (size_t i = 0; i < macho->symbol_count; i++)
		if (macho_symbol(macho, i, &symbol) && !strcmp(symbol.name, name))
			return symbol.value;
	return 0;
}

START_TEST(code_without_a_name_is_not_given_that_of_the_function_before)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	struct index_hit hit;
	uint64_t start, hidden;

	if (!process_found("llvm-strip-14"))
		return;
	make_kext("x86_64-apple-macos11", "x86_64");
	start = find_symbol("_driver_start");
	hidden = find_symbol("_hidden");
	ck_assert_uint_gt(hidden, start);
	run_tool((const char *const[]){ "llvm-strip-14", "-x", "build/check_dsym/driver",
					NULL });
	ck_assert_uint_eq(find_symbol("_hidden"), 0);
	ck_assert_ok(object_create("build/check_dsym/driver", NULL, false, &object));
	ck_assert_ok(object_lookup(object, start + 1, &hit));
	ck_assert_str_eq(hit.symbol.name, "driver_start");
	ck_assert_ok(object_lookup(object, hidden + 1, &hit));
	ck_assert_ptr_null(hit.symbol.name);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tests;

	if (!process_found("clang-14") || !process_found("ld64.lld-14") ||
	    !process_found("dsymutil-14")) {
		printf("skipped: clang-14, ld64.lld-14 or dsymutil-14 is not there\n");
		return 77;
	}
	suite = suite_create("dsym");
	tests = tcase_create("dsym");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_panic_of_an_intel_mac_is_told_by_the_dsym);
	tcase_add_test(tests, a_panic_of_an_apple_silicon_mac_is_told_by_the_dsym);
	tcase_add_test(tests,
		       code_without_a_name_is_not_given_that_of_the_function_before);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
