/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every kind of complaint that a kernel makes is seen, by one of the two that look at
 * its log: the dialects of reports, and the list of single lines. The samples are the
 * kernel's own words (6.1), cut to what is told from.
 */
#include <stdio.h>
#include <string.h>

#include "common/strbuf.h"
#include "cycler/complaints.h"
#include "symbolizer/panic.h"
#include "tests/check_main.h"

static const struct {
	const char *kind, *text;
	const char *type; /* of the report, NULL: it is a single line */
} samples[] = {
	{ "oops",
	  "[   12.000001] BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
	  "[   12.000002] #PF: supervisor read access in kernel mode\n"
	  "[   12.000003] Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
	  "[   12.000004] RIP: 0010:refdrv_ioctl+0x12/0x80 [refdrv]\n"
	  "[   12.000005] Call Trace:\n"
	  "[   12.000006]  <TASK>\n"
	  "[   12.000007]  __x64_sys_ioctl+0x8f/0xd0\n"
	  "[   12.000008]  </TASK>\n"
	  "[   12.000009] ---[ end trace 0000000000000000 ]---\n",
	  "NULL" },
	{ "WARN",
	  "[   12.000001] ------------[ cut here ]------------\n"
	  "[   12.000002] WARNING: CPU: 0 PID: 90 at drivers/x.c:12 x_probe+0x12/0x80 [x]\n"
	  "[   12.000003] RIP: 0010:x_probe+0x12/0x80 [x]\n"
	  "[   12.000004] Call Trace:\n"
	  "[   12.000005]  <TASK>\n"
	  "[   12.000006]  really_probe+0xde/0x380\n"
	  "[   12.000007]  </TASK>\n"
	  "[   12.000008] ---[ end trace 0000000000000000 ]---\n",
	  "WARNING" },
	{ "BUG",
	  "[   12.000001] ------------[ cut here ]------------\n"
	  "[   12.000002] kernel BUG at drivers/x.c:12!\n"
	  "[   12.000003] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI\n"
	  "[   12.000004] RIP: 0010:x_probe+0x12/0x80 [x]\n"
	  "[   12.000005] Call Trace:\n"
	  "[   12.000006]  really_probe+0xde/0x380\n"
	  "[   12.000007] ---[ end trace 0000000000000000 ]---\n",
	  "BUG" },
	{ "KASAN",
	  "[   12.000001] "
	  "==================================================================\n"
	  "[   12.000002] BUG: KASAN: use-after-free in x_read+0x12/0x80 [x]\n"
	  "[   12.000003] Read of size 8 at addr ffff888100a0b0c0 by task cat/90\n"
	  "[   12.000004] Call Trace:\n"
	  "[   12.000005]  x_read+0x12/0x80 [x]\n"
	  "[   12.000006]  vfs_read+0x98/0x300\n"
	  "[   12.000007] "
	  "==================================================================\n",
	  "KASAN" },
	{ "UBSAN",
	  "[   12.000001] "
	  "================================================================================"
	  "\n"
	  "[   12.000002] UBSAN: array-index-out-of-bounds in drivers/x.c:12:3\n"
	  "[   12.000003] index 9 is out of range for type 'int [8]'\n"
	  "[   12.000004] Call Trace:\n"
	  "[   12.000005]  x_read+0x12/0x80 [x]\n"
	  "[   12.000006] "
	  "================================================================================"
	  "\n",
	  "UBSAN" },
	{ "lockdep",
	  "[   12.000001] ======================================================\n"
	  "[   12.000002] WARNING: possible circular locking dependency detected\n"
	  "[   12.000003] 6.1.0 #1 Not tainted\n"
	  "[   12.000004] ------------------------------------------------------\n"
	  "[   12.000005] cat/90 is trying to acquire lock:\n"
	  "[   12.000006] ffff888100a0b0c0 (&x->lock){+.+.}-{3:3}, at: x_read+0x12/0x80 [x]\n"
	  "[   12.000007] but task is already holding lock:\n"
	  "[   12.000008] ffff888100a0b0c8 (&y->lock){+.+.}-{3:3}, at: x_open+0x12/0x80 [x]\n"
	  "[   12.000009] stack backtrace:\n"
	  "[   12.000010]  x_read+0x12/0x80 [x]\n",
	  "LOCKDEP" },
	{ "sleep in atomic",
	  "[   12.000001] BUG: scheduling while atomic: cat/90/0x00000002\n"
	  "[   12.000002] Call Trace:\n"
	  "[   12.000003]  x_read+0x12/0x80 [x]\n"
	  "[   12.000004]  vfs_read+0x98/0x300\n",
	  "ATOMIC" },
	{ "refcount",
	  "[   12.000001] ------------[ cut here ]------------\n"
	  "[   12.000002] refcount_t: underflow; use-after-free.\n"
	  "[   12.000003] WARNING: CPU: 0 PID: 90 at lib/refcount.c:28 "
	  "refcount_warn_saturate+0xba/0x110\n"
	  "[   12.000004] RIP: 0010:refcount_warn_saturate+0xba/0x110\n"
	  "[   12.000005] Call Trace:\n"
	  "[   12.000006]  x_read+0x12/0x80 [x]\n"
	  "[   12.000007] ---[ end trace 0000000000000000 ]---\n",
	  "REFCOUNT" },
	{ "list corruption",
	  "[   12.000001] list_del corruption. prev->next should be ffff8881, but was "
	  "dead4ead\n",
	  NULL },
	{ "hung task",
	  "[  242.000001] INFO: task cat:90 blocked for more than 120 seconds.\n"
	  "[  242.000002]       Tainted: G           OE      6.1.0 #1\n"
	  "[  242.000003] task:cat state:D stack:0 pid:90 ppid:1 flags:0x00004002\n"
	  "[  242.000004] Call Trace:\n"
	  "[  242.000005]  __schedule+0x34d/0x9e0\n"
	  "[  242.000006]  x_read+0x12/0x80 [x]\n",
	  "HANG" },
	{ "lockup",
	  "[   40.000001] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [cat:90]\n"
	  "[   40.000002] RIP: 0010:x_read+0x12/0x80 [x]\n"
	  "[   40.000003] Call Trace:\n"
	  "[   40.000004]  vfs_read+0x98/0x300\n",
	  "HANG" },
	{ "SLUB report",
	  "[   12.000001] "
	  "============================================================================="
	  "\n"
	  "[   12.000002] BUG kmalloc-64 (Tainted: G           OE     ): Poison "
	  "overwritten\n"
	  "[   12.000003] "
	  "-----------------------------------------------------------------------------"
	  "\n"
	  "[   12.000004] 0xffff888100a0b0c0-0xffff888100a0b0c0 @offset=192. First byte "
	  "0x6a instead of 0x6b\n"
	  "[   12.000005] Allocated in x_open+0x12/0x80 [x] age=3 cpu=0 pid=90\n"
	  "[   12.000006] Freed in x_release+0x12/0x80 [x] age=1 cpu=0 pid=90\n"
	  "[   12.000007] Call Trace:\n"
	  "[   12.000008]  check_bytes_and_report+0x9b/0xe0\n"
	  "[   12.000009] FIX kmalloc-64: Restoring Poison\n",
	  "MEMORY_SAFETY_BUG" },
	{ "allocation failure",
	  "[   12.000001] cat: page allocation failure: order:9, mode:0x40cc0\n", NULL },
};

START_TEST(every_kind_of_complaint_is_seen)
{
	const char *text = samples[_i].text;
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	_strbuf_ struct strbuf types = STRBUF_INIT;

	ck_assert_ok(panic_parse(text, strlen(text), &log));
	for (size_t i = 0; i < log->count; i++)
		strbuf_addf(&types, "%s ", log->panics[i].type);
	if (samples[_i].type)
		ck_assert_msg(strstr(strbuf_string(&types), samples[_i].type) != NULL,
			      "%s: a report of type '%s'", samples[_i].kind,
			      strbuf_string(&types));
	else
		ck_assert_msg(complaint_of(text) != NULL, "%s is passed over",
			      samples[_i].kind);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("complaints");
	TCase *tc = tcase_create("kinds");

	tcase_add_loop_test(tc, every_kind_of_complaint_is_seen, 0,
			    sizeof(samples) / sizeof(*samples));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
