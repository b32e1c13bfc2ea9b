/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is guilty: claims about stacks of our own making. */
#include <string.h>

#include "symbolizer/panic.h"
#include "tests/check_main.h"

static struct panic_log *parse(const char *text)
{
	struct panic_log *log = NULL;

	ck_assert_ok(panic_parse(text, strlen(text), &log));
	return log;
}

static void guilty_is(const char *text, const char *title, const char *module)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(text);
	const struct panic *p = log->panics;

	ck_assert_uint_eq(log->count, 1);
	ck_assert_str_eq(p->title, title);
	ck_assert_msg(module ? p->module && !strcmp(p->module, module) : !p->module,
		      "module %s", p->module ? p->module : "(none)");
}

START_TEST(functions_of_an_out_of_tree_driver_are_no_helpers)
{
	static const char oops[] =
		"BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
		"Modules linked in: mydrv(OE) usbcore\n"
		"CPU: 0 PID: 1 Comm: a Tainted: G OE 6.1.0 #1\n"
		"RIP: 0010:print_status+0x12/0x40 [mydrv]\n"
		"Call Trace:\n"
		" my_ioctl+0x10/0x20 [mydrv]\n";

	guilty_is(oops,
		  "BUG: unable to handle kernel NULL pointer dereference in "
		  "print_status",
		  "mydrv");
}
END_TEST

START_TEST(a_jump_through_null_is_blamed_on_who_jumped)
{
	guilty_is("Unable to handle kernel NULL pointer dereference at virtual address "
		  "00000000\n"
		  "Internal error: Oops: 80000005 [#1] SMP ARM\n"
		  "PC is at 0x0\n"
		  "LR is at my_dispatch+0x1c/0x90 [mydrv]\n"
		  "Backtrace:\n"
		  "(my_dispatch [mydrv]) from (vfs_ioctl+0x28/0x3c)\n",
		  "BUG: unable to handle kernel NULL pointer dereference in my_dispatch",
		  "mydrv");
}
END_TEST

START_TEST(leaks_belong_to_who_asked_for_the_memory)
{
	guilty_is("unreferenced object 0xffff888012345678 (size 64):\n"
		  "  backtrace:\n"
		  "    [<ffffffff81234567>] kmem_cache_alloc_trace+0x1/0x20\n"
		  "    [<ffffffff81234568>] sock_alloc_send_skb+0x1/0x20\n"
		  "    [<ffffffff81234569>] my_alloc_ring+0x1/0x20 [mydrv]\n"
		  "    [<ffffffff8123456a>] my_open+0x1/0x20 [mydrv]\n",
		  "memory leak in my_alloc_ring", "mydrv");
}
END_TEST

START_TEST(who_waits_is_called_by_the_name_others_know)
{
	guilty_is("INFO: task udevd:12 blocked in I/O wait for more than 143 seconds.\n"
		  "Call Trace:\n"
		  " __schedule+0x1/0x20\n schedule+0x1/0x20\n io_schedule+0x1/0x20\n"
		  " do_read_page_now+0x1/0x20\n read_page_now+0x1/0x20\n",
		  "INFO: task hung in read_page_now", NULL);
}
END_TEST

START_TEST(a_stall_is_told_by_who_got_control)
{
	guilty_is("rcu: INFO: rcu_preempt self-detected stall on CPU\n"
		  "Call Trace:\n <IRQ>\n"
		  " dump_stack+0x1/0x20\n rcu_check_callbacks+0x1/0x20\n"
		  " apic_timer_interrupt+0x1/0x20\n </IRQ>\n"
		  "RIP: 0010:inner_loop+0x1/0x20\n"
		  " my_set_add+0x1/0x20\n nfnetlink_rcv_msg+0x1/0x20\n"
		  " netlink_sendmsg+0x1/0x20\n sock_sendmsg+0x1/0x20\n"
		  " __x64_sys_sendmsg+0x1/0x20\n do_syscall_64+0x1/0x20\n",
		  "INFO: rcu detected stall in my_set_add", NULL);
}
END_TEST

START_TEST(a_report_of_one_line_does_not_cut_a_stack)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"INFO: task a:1 blocked for more than 120 seconds.\n"
		"Call Trace:\n schedule+0x9c/0x1b0\n"
		"unregister_netdevice: waiting for lo to become free. Usage count = 6\n"
		" my_wait+0x9c/0x1b0 [mydrv]\n");
	bool hung = false, waiting = false;

	ck_assert_uint_eq(log->count, 2);
	for (size_t i = 0; i < log->count; i++) {
		hung |= !strcmp(log->panics[i].title, "INFO: task hung in my_wait");
		waiting |= !strncmp(log->panics[i].title, "unregister_netdevice", 20);
	}
	ck_assert(hung);
	ck_assert(waiting);
}
END_TEST

START_TEST(a_panic_of_rust_gives_its_reason_and_a_readable_name)
{
	guilty_is("rust_kernel: panicked at drivers/my/node.rs:877:13:\n"
		  "attempt to subtract with overflow\n"
		  "------------[ cut here ]------------\n"
		  "kernel BUG at rust/helpers/bug.c:7!\n"
		  "RIP: 0010:rust_helper_BUG+0x8/0x10\n"
		  "Call Trace:\n"
		  " _RNvCscSpY9Juk0HT_7___rustc17rust_begin_unwind+0x15b/0x160\n"
		  " _RNvNtCs9jEwPDbx20M_4core9panicking9panic_fmt+0x84/0x90\n"
		  " _RNvNtCs9jEwPDbx20M_5mydrv4node6update+0x17/0x18\n",
		  "attempt to subtract with overflow in mydrv::node::update", NULL);
}
END_TEST

START_TEST(only_helpers_leave_the_place_itself)
{
	guilty_is("BUG: unable to handle page fault for address: ffff888012345678\n"
		  "RIP: 0010:memcpy+0x8/0x10\n",
		  "BUG: unable to handle kernel paging request in memcpy", NULL);
}
END_TEST

START_TEST(a_fault_of_a_process_is_none_of_the_kernels)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = parse(
		"[ 36.8] traps: a.out[3615] general protection fault "
		"ip:7feb96eb56a1 sp:20000fd0 error:0 in a.out[7feb96eb0000+1000]\n");

	ck_assert_uint_eq(log->count, 0);
}
END_TEST

START_TEST(the_message_of_a_warning_says_what_it_is_about)
{
	guilty_is("WARNING: CPU: 1 PID: 263 at lib/list_debug.c:62 "
		  "__list_del_entry+0xf4/0x100()\n"
		  "list_del corruption. next->prev should be f3215564, but was (null)\n"
		  "Call Trace:\n"
		  " [<c0466c1b>] warn_slowpath_common+0x8b/0xc0\n"
		  " [<c0712794>] __list_del_entry+0xf4/0x100\n"
		  " [<f8012345>] my_close+0x12/0x30 [mydrv]\n",
		  "BUG: corrupted list in my_close", "mydrv");
}
END_TEST

START_TEST(i386_tells_the_place_below_its_address)
{
	guilty_is("kernel BUG at include/net/cfg80211.h:2473!\n"
		  "EIP: 0060:[<f8b0b7b1>] EFLAGS: 00010246 CPU: 0\n"
		  "EIP is at my_priv+0x21/0x30 [mydrv]\n"
		  "EAX: 00000000 EBX: f3215564 ECX: 00000000 EDX: 00000000\n",
		  "kernel BUG in my_priv", "mydrv");
}
END_TEST

START_TEST(who_says_oops_need_not_be_the_kernel)
{
	_cleanup_(panic_log_destroy) struct panic_log *log =
		parse("Oops: efitime: can't read time!\n");

	ck_assert_uint_eq(log->count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blame");
	TCase *tests = tcase_create("blame");

	tcase_add_test(tests, functions_of_an_out_of_tree_driver_are_no_helpers);
	tcase_add_test(tests, a_jump_through_null_is_blamed_on_who_jumped);
	tcase_add_test(tests, leaks_belong_to_who_asked_for_the_memory);
	tcase_add_test(tests, who_waits_is_called_by_the_name_others_know);
	tcase_add_test(tests, a_stall_is_told_by_who_got_control);
	tcase_add_test(tests, a_report_of_one_line_does_not_cut_a_stack);
	tcase_add_test(tests, a_panic_of_rust_gives_its_reason_and_a_readable_name);
	tcase_add_test(tests, only_helpers_leave_the_place_itself);
	tcase_add_test(tests, a_fault_of_a_process_is_none_of_the_kernels);
	tcase_add_test(tests, the_message_of_a_warning_says_what_it_is_about);
	tcase_add_test(tests, i386_tells_the_place_below_its_address);
	tcase_add_test(tests, who_says_oops_need_not_be_the_kernel);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
