/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Panics of macOS, from 10.3 on PowerPC to 15 on Apple silicon. */
#include <string.h>

#include "common/file.h"
#include "symbolizer/panic.h"
#include "tests/check_main.h"

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

static uint64_t register_of(const struct panic *p, const char *name)
{
	for (size_t i = 0; i < p->register_count; i++)
		if (!strcmp(p->registers[i].name, name))
			return p->registers[i].value;
	ck_abort_msg("no register %s", name);
}

START_TEST(a_trap_of_powerpc_is_told_once_with_stack_kext_and_access)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse_fixture("macos-ppc-trap.log");
	const struct panic *p = &log->panics[0];
	const struct panic_context *stack = panic_guilty_context(p);

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->title, "kernel trap: Data access");
	ck_assert_str_eq(p->type, "NULL-POINTER-DEREFERENCE");
	ck_assert_str_eq(p->reading, "write to NULL+0x8");
	ck_assert_str_eq(p->module, "com.example.driver.Card");
	ck_assert_str_eq(p->release, "Darwin 8.11.0");
	ck_assert_str_eq(p->arch, "ppc");
	ck_assert_uint_eq(register_of(p, "lr"), 0x262a3c10);
	ck_assert_uint_eq(p->context_count, 1);
	ck_assert_ptr_nonnull(stack);
	ck_assert_uint_eq(stack->frames.count, 8);
	ck_assert_int_eq(stack->frames.items[0].kind, FRAME_EXACT);
	ck_assert_uint_eq(stack->frames.items[0].address, 0x262a3d44);
	ck_assert_str_eq(stack->frames.items[2].module, "com.example.driver.Card");
	/* Where a kext ends is not told; the kernel lies below all of them. */
	ck_assert_ptr_null(stack->frames.items[3].module);
}
END_TEST

START_TEST(a_panic_of_powerpc_gives_message_and_addresses)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse_fixture("macos-ppc-panic.log");
	const struct panic *p = &log->panics[0];

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->title, "panic: freeing free mbuf");
	ck_assert_str_eq(p->release, "Darwin 7.9.0");
	ck_assert_uint_eq(p->contexts[0].frames.count, 6);
	ck_assert_str_eq(p->module, "com.example.driver.Card");
}
END_TEST

START_TEST(an_abort_of_apple_silicon_has_access_place_cores_and_kexts)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse_fixture("macos-arm64-abort.log");
	const struct panic *p = &log->panics[0];
	const struct panic_context *stack = panic_guilty_context(p);

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->title, "kernel trap: Kernel data abort");
	ck_assert_str_eq(p->type, "NULL-POINTER-DEREFERENCE");
	ck_assert_str_eq(p->reading, "write to NULL+0x68");
	ck_assert_str_eq(p->process, "com.example.net");
	ck_assert_uint_eq(p->kernel_offset, 0x26de4000);
	ck_assert_ptr_nonnull(stack);
	ck_assert_uint_eq(stack->frames.count, 5);
	ck_assert_int_eq(stack->frames.items[1].kind, FRAME_RETURN);
	ck_assert_int_eq(stack->frames.items[2].kind, FRAME_EXACT);
	/* Core 0 was in user space. */
	ck_assert_str_eq(p->contexts[1].name, "CORE 1");
	ck_assert_uint_eq(p->contexts[1].frames.count, 2);
	ck_assert_uint_eq(p->module_count, 2);
	ck_assert_str_eq(p->modules[0].build_id, "9738a764b59b332b8e05f3d9ea5799af");
	ck_assert_str_eq(p->modules[1].name, "com.apple.filesystems.autofs");
}
END_TEST

START_TEST(a_page_fault_of_intel_says_what_was_tried_where)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"panic(cpu 0 caller 0x001A8CD4): Kernel trap at 0x223ab275, type "
		"14=page fault, registers:\n"
		"CR0: 0x8001003b, CR2: 0xdeadbeef, CR3: 0x01251000, CR4: 0x00000660\n"
		"EAX: 0xdeadbeef, EBX: 0x0049be30, ECX: 0x0050d444, EDX: 0x00534da0\n"
		"Error code: 0x00000002\n\n"
		"Backtrace, Format - Frame : Return Address (4 potential args on "
		"stack)\n"
		"0x220dbc48 : 0x12b0fa (0x4592a4 0x220dbc7c 0x133243 0x0)\n"
		"0x220dbd88 : 0x223ab275 (0xe 0x48 0x61330010 0x31340010)\n"
		"0x220dbe48 : 0x410db2 (0x6d59600 0x2cecd00 0x13315e 0x1331fa)\n"
		"    Kernel loadable modules in backtrace (with dependencies):\n"
		"       com.example.Driver(1.1)@0x223aa000->0x223abfff\n");
	const struct panic *p = &log->panics[0];

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->type, "MEMORY_SAFETY_BUG");
	ck_assert_str_eq(p->reading, "write to 0xdeadbeef");
	ck_assert_int_eq(p->contexts[0].frames.items[1].kind, FRAME_EXACT);
	ck_assert_str_eq(p->module, "com.example.Driver");
}
END_TEST

START_TEST(what_a_message_says_is_kept_and_where_it_was_is_not)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"panic(cpu 2 caller 0xffffff80199876a2): nvme: \". Command timeout. "
		"US[0]=0x0.\\n\" @IONVMeController.cpp:6090\n");

	ck_assert_str_eq(log->panics[0].title,
			 "panic: nvme: Command timeout. US[0]=ADDR");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("macos");
	TCase *tests = tcase_create("macos");

	tcase_add_test(tests, a_trap_of_powerpc_is_told_once_with_stack_kext_and_access);
	tcase_add_test(tests, a_panic_of_powerpc_gives_message_and_addresses);
	tcase_add_test(tests, an_abort_of_apple_silicon_has_access_place_cores_and_kexts);
	tcase_add_test(tests, a_page_fault_of_intel_says_what_was_tried_where);
	tcase_add_test(tests, what_a_message_says_is_kept_and_where_it_was_is_not);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
