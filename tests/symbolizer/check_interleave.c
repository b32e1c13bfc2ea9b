/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two CPUs that report at once: by caller ids, and without. */
#include <string.h>

#include "common/strbuf.h"
#include "symbolizer/panic.h"
#include "tests/check_main.h"

static const char *const first[] = {
	"BUG: unable to handle page fault for address: ffff888012345678",
	"#PF: supervisor read access in kernel mode",
	"CPU: 0 PID: 11 Comm: one Tainted: G O 6.1.0-1 #1",
	"Hardware name: one",
	"RIP: 0010:one_fault+0x10/0x40 [one]",
	"Code: 90 90 <48> 8b 07 c3",
	"RSP: 0018:ffffc90000da86d8 EFLAGS: 00010246",
	"RAX: 1111111111111111 RBX: 0000000000000000 RCX: 0000000000000000",
	"Call Trace:",
	" one_a+0x10/0x20 [one]",
	" one_b+0x10/0x20 [one]",
	" entry_SYSCALL_64_after_hwframe+0x44/0xae",
	"Modules linked in: one(O)",
	"---[ end trace 0000000000000000 ]---",
};

static const char *const second[] = {
	"WARNING: CPU: 1 PID: 22 at drivers/two.c:12 two_warn+0x10/0x40 [two]",
	"Modules linked in: two(O)",
	"CPU: 1 PID: 22 Comm: two Tainted: G O 6.1.0-1 #1",
	"Hardware name: two",
	"RIP: 0010:two_warn+0x10/0x40 [two]",
	"Code: 90 90 <0f> 0b c3",
	"RSP: 0018:ffffc90000db86d8 EFLAGS: 00010246",
	"RAX: 2222222222222222 RBX: 0000000000000000 RCX: 0000000000000000",
	"Call Trace:",
	" two_a+0x10/0x20 [two]",
	" two_b+0x10/0x20 [two]",
	" ret_from_fork+0x22/0x30",
	"---[ end trace 0000000000000000 ]---",
};

enum {
	FIRST = sizeof(first) / sizeof(*first),
	SECOND = sizeof(second) / sizeof(*second)
};

/* @order: a character a line, '1' or '2'; what is left follows. */
static struct panic_log *parse(const char *order, bool callers)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct panic_log *log = NULL;
	size_t a = 0, b = 0;

	while (a < FIRST || b < SECOND) {
		bool two = *order ? *order++ == '2' : a == FIRST;

		if (callers)
			strbuf_addf(&text, "[    1.000000][    C%d] ", two);
		if (two && b < SECOND)
			strbuf_addf(&text, "%s\n", second[b++]);
		else if (!two && a < FIRST)
			strbuf_addf(&text, "%s\n", first[a++]);
		else
			strbuf_addc(&text, '\n');
	}
	ck_assert_ok(panic_parse(text.data, text.length, &log));
	return log;
}

/* Every frame of @stack is of @module or of the kernel. */
static void is_of(const struct panic *p, const char *module)
{
	const struct panic_context *stack = panic_guilty_context(p);

	ck_assert_ptr_nonnull(stack);
	ck_assert_str_eq(p->module, module);
	ck_assert_str_eq(p->process, module);
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].module)
			ck_assert_str_eq(stack->frames.items[i].module, module);
}

static uint64_t register_of(const struct panic *p, const char *name)
{
	for (size_t i = 0; i < p->register_count; i++)
		if (!strcmp(p->registers[i].name, name))
			return p->registers[i].value;
	ck_abort_msg("no register %s", name);
}

static void are_told_apart(const struct panic_log *log)
{
	ck_assert_uint_eq(log->count, 2);
	ck_assert_str_eq(log->panics[0].title,
			 "BUG: unable to handle kernel paging request in one_fault");
	ck_assert_str_eq(log->panics[1].title, "WARNING in two_warn");
	is_of(&log->panics[0], "one");
	is_of(&log->panics[1], "two");
	ck_assert_uint_eq(register_of(&log->panics[0], "rax"), 0x1111111111111111);
	ck_assert_uint_eq(register_of(&log->panics[1], "rax"), 0x2222222222222222);
}

START_TEST(caller_ids_tell_lines_apart_in_any_order)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("1212121212121212121212121212", true);

	are_told_apart(log);
	ck_assert_int_eq(log->panics[0].confidence, 0);
}
END_TEST

START_TEST(a_warning_within_an_oops_is_told_apart_by_its_parts)
{
	/* The second begins when the first has its registers, and is done before. */
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("111111112222222222222", false);

	are_told_apart(log);
	ck_assert_int_gt(log->panics[0].confidence, 0);
}
END_TEST

START_TEST(strict_turns_are_told_apart_and_doubted)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("1111212121212121212121212122", false);

	ck_assert_uint_eq(log->count, 2);
	ck_assert_str_eq(log->panics[0].title,
			 "BUG: unable to handle kernel paging request in one_fault");
	ck_assert_str_eq(log->panics[1].title, "WARNING in two_warn");
	ck_assert_int_gt(log->panics[0].confidence, 0);
	ck_assert_int_lt(log->panics[0].confidence, 100);
	ck_assert_ptr_nonnull(strstr(log->panics[0].corrupted, "spoke at once"));
}
END_TEST

START_TEST(one_after_the_other_is_no_interleaving)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse("", false);

	are_told_apart(log);
	ck_assert_int_eq(log->panics[0].confidence, 0);
	ck_assert_ptr_null(log->panics[0].corrupted);
}
END_TEST

START_TEST(two_reports_of_one_cpu_are_no_interleaving)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	static const char text[] =
		"WARNING: CPU: 1 PID: 22 at drivers/two.c:12 a_warn+0x10/0x40 [two]\n"
		"WARNING: CPU: 1 PID: 22 at drivers/two.c:13 b_warn+0x10/0x40 [two]\n"
		"Call Trace:\n b_caller+0x10/0x20 [two]\n";

	ck_assert_ok(panic_parse(text, strlen(text), &log));
	ck_assert_uint_eq(log->count, 2);
	ck_assert_uint_eq(log->panics[0].context_count, 0);
	ck_assert_uint_eq(log->panics[1].context_count, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interleave");
	TCase *tests = tcase_create("interleave");

	tcase_add_test(tests, caller_ids_tell_lines_apart_in_any_order);
	tcase_add_test(tests, a_warning_within_an_oops_is_told_apart_by_its_parts);
	tcase_add_test(tests, strict_turns_are_told_apart_and_doubted);
	tcase_add_test(tests, one_after_the_other_is_no_interleaving);
	tcase_add_test(tests, two_reports_of_one_cpu_are_no_interleaving);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
