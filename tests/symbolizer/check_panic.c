/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <string.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "report/report.h"
#include "symbolizer/logline.h"
#include "symbolizer/panic.h"
#include "tests/check_main.h"
#include "tests/schema.h"

static struct panic_log *parse(const char *text)
{
	struct panic_log *log = NULL;

	ck_assert_ok(panic_parse(text, strlen(text), &log));
	return log;
}

static struct panic_log *parse_fixture(const char *name)
{
	_free_ char *path = NULL, *text = NULL;

	ck_assert_ok(file_join("tests/symbolizer/fixtures", name, &path));
	ck_assert_ok(file_read_text(path, 1 << 20, &text));
	return parse(text);
}

static void line_is(const char *raw, const char *text, const char *caller)
{
	char scratch[LOGLINE_LIMIT + 1];
	struct logline line;

	logline_read(raw, strlen(raw), scratch, &line);
	ck_assert_msg(line.length == strlen(text) &&
			      !memcmp(line.text, text, line.length),
		      "'%s' became '%.*s'", raw, (int)line.length, line.text);
	ck_assert_str_eq(line.caller, caller);
}

START_TEST(prefixes_of_every_transport_are_taken_off)
{
	line_is("[    1.234567] BUG: x", "BUG: x", "");
	line_is("[    1.234567][ T3173] BUG: x", "BUG: x", "T3173");
	line_is("[ 1261.993991] [   T2520] BUG: x", "BUG: x", "T2520");
	line_is("[    1.234567][    C0]  f+0x1/0x2\r", "f+0x1/0x2", "C0");
	line_is("<4>[    1.234567] BUG: x", "BUG: x", "");
	line_is("[Mon Nov 20 15:40:23 2026] BUG: x", "BUG: x", "");
	line_is("2026-11-20T15:40:23,123456+00:00 BUG: x", "BUG: x", "");
	line_is("Nov 20 15:40:23 host kernel: BUG: x", "BUG: x", "");
	line_is("Nov 20 15:40:23 host kernel: [    1.5] BUG: x", "BUG: x", "");
	/* dmesg -d, -e, -x; journalctl -o short-iso, short-monotonic, short-unix */
	line_is("[    1.234567 <    0.000012>] BUG: x", "BUG: x", "");
	line_is("[Mon Nov 20 15:40:23 2026 <    0.000012>] BUG: x", "BUG: x", "");
	line_is("[Nov20 15:40] BUG: x", "BUG: x", "");
	line_is("[  +0.000012] BUG: x", "BUG: x", "");
	line_is("kern  :alert : BUG: x", "BUG: x", "");
	line_is("kern  :warn  : [   12.345678] BUG: x", "BUG: x", "");
	line_is("2026-11-20T15:40:23+0000 host kernel: BUG: x", "BUG: x", "");
	line_is("[   12.345678] host kernel: BUG: x", "BUG: x", "");
	line_is("1700000000.123456 host kernel: BUG: x", "BUG: x", "");
	line_is("<6>[   12.345678] BUG: x", "BUG: x", "");
	line_is("6,1234,5678901,-;BUG: x", "BUG: x", "");
	line_is("6,1234,5678901,-,caller=T7;BUG: x", "BUG: x", "T7");
	line_is("\033[1;31mBUG: x\033[0m\r\n", "BUG: x", "");
	line_is("> [    1.234567] BUG: x", "BUG: x", "");
}
END_TEST

START_TEST(stacks_are_no_time_stamps)
{
	line_is("[<ffffffff810a376f>] f+0x1/0x2", "[<ffffffff810a376f>] f+0x1/0x2", "");
	line_is("[   12.5]  [<ffffffff810a376f>] ? f+0x1/0x2",
		"[<ffffffff810a376f>] ? f+0x1/0x2", "");
}
END_TEST

START_TEST(an_oops_of_a_module_names_function_module_and_registers)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse_fixture("null-deref-load.log");
	const struct panic_context *stack;
	const struct panic *p;
	bool found = false;

	ck_assert_uint_eq(log->count, 1);
	p = &log->panics[0];
	ck_assert_str_eq(p->type, "NULL-POINTER-DEREFERENCE");
	ck_assert_str_eq(p->function, "refdrv_probe");
	ck_assert_str_eq(p->module, "refdrv");
	ck_assert_str_eq(p->release, "6.1.0-56-cloud-amd64");
	ck_assert_str_eq(p->process, "init");
	ck_assert_str_eq(p->arch, "x86_64");
	ck_assert_ptr_nonnull(p->code);
	ck_assert(p->kernel_offset_known);
	stack = panic_guilty_context(p);
	ck_assert_ptr_nonnull(stack);
	ck_assert_int_eq(stack->frames.items[0].kind, FRAME_EXACT);
	ck_assert_int_eq(stack->frames.items[1].kind, FRAME_RETURN);
	for (size_t i = 0; i < p->register_count; i++)
		found |= !strcmp(p->registers[i].name, "cr2") && !p->registers[i].value;
	ck_assert(found);
}
END_TEST

START_TEST(what_is_noticed_by_helpers_is_their_callers_fault)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("BUG: KASAN: slab-use-after-free in memcpy+0x1c/0x40\n"
		      "Read of size 8 at addr ffff888012345678 by task a.out/123\n"
		      "CPU: 0 PID: 123 Comm: a.out Tainted: G  OE  6.1.0 #1\n"
		      "Call Trace:\n"
		      " dump_stack_lvl+0x45/0x5a\n"
		      " kasan_report+0xa7/0xe0\n"
		      " memcpy+0x1c/0x40\n"
		      " ? unreliable+0x1/0x2\n"
		      " my_read+0x33/0x80 [mydrv]\n"
		      " vfs_read+0x90/0x100\n");
	const struct panic *p = &log->panics[0];

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->type, "KASAN-USE-AFTER-FREE-READ");
	ck_assert_str_eq(p->title, "KASAN: slab-use-after-free Read in my_read");
	ck_assert_str_eq(p->module, "mydrv");
	ck_assert_str_eq(p->taint, "G  OE");
}
END_TEST

START_TEST(several_reports_in_one_log_are_told_apart)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("INFO: task cat:12 blocked for more than 120 seconds.\n"
		      "Call Trace:\n schedule+0x10/0x20\n first_wait+0x4/0x8 [a]\n"
		      "INFO: task dog:13 blocked for more than 120 seconds.\n"
		      "Call Trace:\n schedule+0x10/0x20\n second_wait+0x4/0x8 [b]\n");

	ck_assert_uint_eq(log->count, 2);
	ck_assert_str_eq(log->panics[0].function, "first_wait");
	ck_assert_str_eq(log->panics[1].function, "second_wait");
}
END_TEST

START_TEST(callers_of_two_cpus_do_not_mix)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"[    1.000001][    C0] BUG: KASAN: use-after-free in one+0x1/0x2\n"
		"[    1.000002][    C1] WARNING: CPU: 1 PID: 9 at a.c:3 two+0x1/0x2\n"
		"[    1.000003][    C0] Read of size 1 at addr ffff888012345678\n"
		"[    1.000004][    C1]  two+0x1/0x2 [mod2]\n"
		"[    1.000005][    C0]  one+0x1/0x2 [mod1]\n");

	ck_assert_uint_eq(log->count, 2);
	ck_assert_str_eq(log->panics[0].module, "mod1");
	ck_assert_str_eq(log->panics[1].module, "mod2");
}
END_TEST

START_TEST(an_ordinary_log_has_no_report)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("[    0.000000] Linux version 6.1.0\n"
		      "[    0.1] BUGS: none\n[    0.2] systemd[1]: WARNING: nothing\n"
		      "user: general protection fault in userspace\n");

	ck_assert_uint_eq(log->count, 0);
}
END_TEST

START_TEST(a_report_without_stack_says_that_nobody_can_be_blamed)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("BUG: unable to handle page fault for address: 00000000dead0000\n");

	ck_assert_uint_eq(log->count, 1);
	ck_assert_ptr_null(log->panics[0].function);
	ck_assert_ptr_nonnull(log->panics[0].corrupted);
}
END_TEST

START_TEST(addresses_and_suffixes_do_not_change_the_hash)
{
	static const char format[] = "BUG: KASAN: use-after-free in f%s+0x%d/0x90 [m]\n"
				     "Call Trace:\n f%s+0x%d/0x90 [m]\n g+0x%d/0x80\n";
	_strbuf_ struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	_cleanup_(panic_log_destroy) struct panic_log *one = NULL, *two = NULL;

	strbuf_addf(&a, format, "", 10, "", 10, 20);
	strbuf_addf(&b, format, ".isra.0", 12, ".isra.0", 12, 44);
	one = parse(strbuf_string(&a));
	two = parse(strbuf_string(&b));
	ck_assert_str_eq(one->panics[0].hash_strict, two->panics[0].hash_strict);
	ck_assert_str_eq(one->panics[0].hash_loose, two->panics[0].hash_loose);
}
END_TEST

START_TEST(a_panic_within_json_is_read_like_its_text)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"{\"bug_type\":\"210\",\"os_version\":\"macOS 12.5\"}\n"
		"{\"macOSPanicString\":\"panic(cpu 2 caller 0xffffff8010000000): "
		"Kernel trap at 0xffffff7f90001234, type 14=page fault, registers:\\n"
		"CR0: 0x0000000080010033, CR2: 0x0000000000000008\\n"
		"Backtrace (CPU 2), Frame : Return Address\\n"
		"0xffffffa012340000 : 0xffffff8010222222 mach_kernel : _panic + 0x84\\n"
		"0xffffffa012340010 : 0xffffff7f90001234 org.example.drv : "
		"__ZN7MyClass5startEv + 0x34\\n"
		"      Kernel Extensions in backtrace:\\n"
		"         org.example.drv(1.2)[46DA59B5-3F0A-217A-3DEA-DE9A80DC8B4F]"
		"@0xffffff7f90000000->0xffffff7f9000ffff\\n"
		"Kernel version:\\nDarwin Kernel Version 21.6.0: x; "
		"root:xnu-8020~1/RELEASE_X86_64\\n\"}\n");
	const struct panic *p = &log->panics[0];

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->dialect, "macos-json");
	ck_assert_str_eq(p->type, "NULL-POINTER-DEREFERENCE");
	ck_assert_str_eq(p->function, "MyClass::start()");
	ck_assert_str_eq(p->module, "org.example.drv");
	ck_assert_str_eq(p->release, "Darwin 21.6.0");
	ck_assert_uint_eq(p->module_count, 1);
	ck_assert_str_eq(p->modules[0].build_id, "46da59b53f0a217a3deade9a80dc8b4f");
	ck_assert_uint_eq(p->modules[0].size, 0x10000);
}
END_TEST

START_TEST(a_panic_of_apple_silicon_gives_its_return_addresses)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"panic(cpu 2 caller 0xfffffe001ececdf0): \"assertion failed\" @x.c:1\n"
		"Kernel version: Darwin Kernel Version 24.4.0: x; "
		"root:xnu-1~1/RELEASE_ARM64_T6020\n"
		"Panicked task 0xfffffe252683aaf8: 2720 pages, 5 threads: pid 402: Finder\n"
		"Panicked thread: 0xfffffe198f1e5f40, backtrace: 0xfffffec134006f80, tid: 1\n"
		"\t\t  lr: 0xfffffe001d2c0ae0  fp: 0xfffffec134007010\n"
		"\t\t  lr: 0x812efe001d420644  fp: 0xfffffec134007080\n");
	const struct panic_context *stack;

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(log->panics[0].process, "Finder");
	stack = panic_guilty_context(&log->panics[0]);
	ck_assert_ptr_nonnull(stack);
	ck_assert_uint_eq(stack->frames.count, 2);
	ck_assert_uint_eq(stack->frames.items[1].address, 0xfffffe001d420644);
}
END_TEST

START_TEST(reports_are_as_their_schema_says)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	_strbuf_ struct strbuf why = STRBUF_INIT;
	json_t *schema = schema_load("report.schema.json"), *json = NULL;
	DIR *dir = opendir("tests/symbolizer/fixtures");

	ck_assert_ptr_nonnull(dir);
	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(report_create("symbolize", "logs", &report));
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (*entry->d_name == '.')
			continue;
		log = parse_fixture(entry->d_name);
		ck_assert_ok(panic_symbolize(log, s));
		ck_assert_ok(panic_show_in_report(log, entry->d_name, report));
		panic_log_destroy(log);
		log = NULL;
	}
	closedir(dir);
	ck_assert_ok(report_to_json(report, &json));
	ck_assert_uint_gt(json_array_size(json_object_get(json, "reports")), 0);
	schema_check(schema, json, &why);
	ck_assert_msg(!why.length, "%s", strbuf_string(&why));
	json_decref(json);
	json_decref(schema);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panic");
	TCase *tests = tcase_create("panic");

	tcase_add_test(tests, prefixes_of_every_transport_are_taken_off);
	tcase_add_test(tests, stacks_are_no_time_stamps);
	tcase_add_test(tests, an_oops_of_a_module_names_function_module_and_registers);
	tcase_add_test(tests, what_is_noticed_by_helpers_is_their_callers_fault);
	tcase_add_test(tests, several_reports_in_one_log_are_told_apart);
	tcase_add_test(tests, callers_of_two_cpus_do_not_mix);
	tcase_add_test(tests, an_ordinary_log_has_no_report);
	tcase_add_test(tests, a_report_without_stack_says_that_nobody_can_be_blamed);
	tcase_add_test(tests, addresses_and_suffixes_do_not_change_the_hash);
	tcase_add_test(tests, a_panic_within_json_is_read_like_its_text);
	tcase_add_test(tests, reports_are_as_their_schema_says);
	tcase_add_test(tests, a_panic_of_apple_silicon_gives_its_return_addresses);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
