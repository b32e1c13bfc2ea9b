/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On trees made here: what a kernel shows, in the smallest form. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "cycler/residue.h"
#include "tests/check_main.h"

static char root[64];
static struct residue_options options;

static void put(const char *path, const char *text)
{
	_free_ char *full = NULL, *folder = NULL;

	ck_assert(asprintf(&full, "%s%s", root, path) > 0);
	folder = strdup(full);
	*strrchr(folder, '/') = 0;
	ck_assert_ok(file_make_folder(folder, 0755));
	ck_assert_ok(file_write(full, text, strlen(text), 0644));
}

static void drop(const char *path)
{
	_free_ char *full = NULL;

	ck_assert(asprintf(&full, "%s%s", root, path) > 0);
	ck_assert_ok(file_remove_tree(full));
}

static void set_up(void)
{
	strcpy(root, "/tmp/check-residue-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	options = (struct residue_options){ .root = root };
	put("/proc/modules", "loop 32768 0 - Live 0x0\nxor 16 1 loop, Live 0x0\n");
	put("/proc/devices", "Character devices:\n  1 mem\n 10 misc\n\n"
			     "Block devices:\n  7 loop\n");
	put("/proc/misc", "183 hw_random\n");
	put("/proc/interrupts", "           CPU0       CPU1\n"
				"  4:   12   9   IO-APIC   4-edge      ttyS0\n"
				" 24:    0   1   PCI-MSI 16384-edge  virtio0\n"
				"NMI:    0   0   Non-maskable interrupts\n");
	put("/proc/filesystems", "nodev\tsysfs\n\text4\n");
	put("/proc/ioports", "0000-0cf7 : PCI Bus 0000:00\n  0060-0060 : keyboard\n");
	put("/proc/iomem", "00001000-0009fbff : System RAM\n");
	put("/proc/2/stat", "2 (kthreadd) S 0 0\n");
	put("/proc/9/stat", "9 (rcu_sched) I 2 0\n");
	put("/proc/11/stat", "11 (kworker/0:1H) I 2 0\n");
	put("/proc/77/stat", "77 (bash) S 1 0\n");
	put("/proc/net/protocols", "protocol size sockets memory press maxhdr slab mod\n"
				   "TCP 2200 0 0 no 320 yes kernel\n");
	put("/proc/net/netlink", "sk Eth Pid Groups\n0000000 0 0 00000000\n"
				 "0000000 0 1234 00000000\n");
	put("/proc/sys/kernel/panic", "0\n");
	put("/sys/module/loop/refcnt", "0\n");
	put("/sys/class/net/lo", "");
	put("/sys/devices/platform/serial8250/uevent", "");
	put("/sys/devices/virtual/misc/hw_random/uevent", "");
	put("/sys/kernel/slab/dentry/objects", "");
	put("/sys/kernel/slab/:0000192/objects", "");
	put("/sys/kernel/debug/x/y", "");
	put("/sys/kernel/tracing/events/sched/sched_switch/id", "");
	put("/dev/null", "");
}

static void tear_down(void)
{
	ck_assert_ok(file_remove_tree(root));
}

static struct residue_snapshot *snapshot(void)
{
	struct residue_snapshot *s = NULL;

	ck_assert_ok(residue_take(&options, &s));
	return s;
}

/* The difference as lines "what name change+below". */
static void expect(const struct residue_snapshot *before, const char *text)
{
	_cleanup_(residue_destroy) struct residue_snapshot *after = snapshot();
	_residue_difference_ struct residue_difference d = { 0 };
	_strbuf_ struct strbuf out = STRBUF_INIT;

	ck_assert_ok(residue_compare(before, after, &d));
	for (size_t i = 0; i < d.count; i++)
		strbuf_addf(&out, "%s|%s|%+ld|%zu\n", d.items[i].what, d.items[i].name,
			    d.items[i].change, d.items[i].below);
	ck_assert_str_eq(strbuf_string(&out), text);
}

START_TEST(nothing_changed_is_no_difference)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();

	expect(before, "");
	ck_assert_uint_gt(residue_entries(before), 30);
	ck_assert(!residue_cut(before));
}
END_TEST

START_TEST(tells_what_each_source_gained)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();

	put("/proc/modules", "loop 32768 0 - Live 0x0\nxor 16 1 loop, Live 0x0\n"
			     "refdrv 16 0 - Live 0x0 (OE)\n");
	put("/proc/devices", "Character devices:\n  1 mem\n 10 misc\n241 refdrv\n\n"
			     "Block devices:\n  7 loop\n");
	put("/proc/misc", "126 refctl\n183 hw_random\n");
	put("/proc/interrupts", "           CPU0       CPU1\n"
				"  4:   99   9   IO-APIC   4-edge      ttyS0\n"
				" 24:    0   1   PCI-MSI 16384-edge  virtio0\n"
				" 25:    0   1   PCI-MSI 16385-edge  refdrv\n"
				"NMI:    0   0   Non-maskable interrupts\n");
	put("/proc/filesystems", "nodev\tsysfs\n\text4\nnodev\treffs\n");
	put("/proc/ioports", "0000-0cf7 : PCI Bus 0000:00\n  0060-0060 : keyboard\n"
			     "  0300-030f : refdrv\n");
	put("/proc/150/stat", "150 (refdrv wq (x)) S 2 0\n");
	put("/proc/151/stat", "151 (kworker/R-refq) I 2 0\n");
	put("/proc/net/netlink", "sk Eth Pid Groups\n0000000 0 0 00000000\n"
				 "0000000 17 0 00000000\n0000000 0 1234 00000000\n");
	put("/proc/driver/refdrv", "");
	put("/sys/class/net/ref0", "");
	put("/sys/kernel/slab/refdrv_cache/objects", "");
	put("/sys/kernel/debug/refdrv/state", "");
	put("/sys/kernel/tracing/events/refdrv/refdrv_open/id", "");
	put("/dev/refdrv0", "");
	expect(before, "debugfs|/sys/kernel/debug/refdrv|+1|1\n"
		       "device|/dev/refdrv0|+1|0\n"
		       "event|/sys/kernel/tracing/events/refdrv|+1|2\n"
		       "filesystem|reffs|+1|0\n"
		       "interrupt|25: PCI-MSI 16385-edge  refdrv|+1|0\n"
		       "ioport|0300-030f : refdrv|+1|0\n"
		       "major|character refdrv (major 241)|+1|0\n"
		       "misc|refctl|+1|0\n"
		       "module|refdrv|+1|0\n"
		       "netdev|ref0|+1|0\n"
		       "proc|/proc/driver|+1|1\n"
		       "slab|refdrv_cache|+1|0\n"
		       "socket|netlink protocol 17|+1|0\n"
		       "thread|kworker/R-refq|+1|0\n"
		       "thread|refdrv wq (x)|+1|0\n");
}
END_TEST

START_TEST(coming_back_with_another_number_is_no_difference)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = NULL;

	put("/sys/devices/platform/refdrv.7/uevent", "");
	put("/dev/refdrv7", "");
	before = snapshot();
	drop("/sys/devices/platform/refdrv.7");
	drop("/dev/refdrv7");
	put("/sys/devices/platform/refdrv.8/uevent", "");
	put("/dev/refdrv8", "");
	put("/proc/devices", "Character devices:\n  1 mem\n 10 misc\n\n"
			     "Block devices:\n259 loop\n");
	expect(before, "");
}
END_TEST

START_TEST(one_more_of_the_same_form_is_told_by_the_new_name)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = NULL;

	put("/dev/refdrv7", "");
	put("/dev/refdrv8", "");
	before = snapshot();
	drop("/dev/refdrv7");
	put("/dev/refdrv10", "");
	put("/dev/refdrv11", "");
	expect(before, "device|/dev/refdrv11|+1|0\n");
}
END_TEST

START_TEST(what_is_lost_is_told_too)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();

	drop("/sys/devices/platform/serial8250");
	expect(before, "sysfs|/sys/devices/platform/serial8250|-1|1\n");
}
END_TEST

START_TEST(users_and_pool_workers_do_not_count)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();

	put("/proc/500/stat", "500 (sleep) S 77 0\n");
	put("/proc/501/stat", "501 (kworker/u4:3-events_unbound) I 2 0\n");
	put("/dev/pts/0", "");
	put("/sys/fs/cgroup/x/y", "");
	put("/proc/net/netlink", "sk Eth Pid Groups\n0000000 0 0 00000000\n"
				 "0000000 0 999 00000000\n");
	drop("/dev/pts");
	drop("/sys/fs");
	expect(before, "");
}
END_TEST

START_TEST(the_tools_own_things_do_not_count)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();
	static const char *const ignore[] = { "device:/dev/loop*", NULL };

	put("/proc/modules", "loop 32768 0 - Live 0x0\nxor 16 1 loop, Live 0x0\n"
			     "bookend_recorder 16 0 - Live 0x0 (OE)\n");
	put("/dev/bookend-recorder", "");
	put("/sys/module/bookend_recorder/refcnt", "");
	put("/dev/loop0", "");
	options.ignore = ignore;
	expect(before, "");
	options.ignore = NULL;
	expect(before, "device|/dev/loop0|+1|0\n");
}
END_TEST

START_TEST(fingerprint_follows_things_not_numbers)
{
	uint64_t first, second;

	ck_assert_ok(residue_fingerprint(&options, &first));
	put("/proc/modules", "xor 16 1 loop, Live 0x0\nloop 32768 7 - Live 0x0\n");
	put("/proc/misc", "44 hw_random\n");
	ck_assert_ok(residue_fingerprint(&options, &second));
	ck_assert_uint_eq(first, second);
	put("/proc/misc", "44 hw_random\n45 refctl\n");
	ck_assert_ok(residue_fingerprint(&options, &second));
	ck_assert_uint_ne(first, second);
}
END_TEST

START_TEST(pulse_sees_folders_come_and_go)
{
	struct residue_pulse pulse;
	uint64_t first;

	ck_assert_ok(residue_pulse_open(&options, &pulse));
	first = residue_pulse_read(&pulse);
	ck_assert_uint_eq(residue_pulse_read(&pulse), first);
	put("/sys/devices/virtual/misc/refctl/uevent", "");
	/* file systems that count no subfolders (overlays may) cannot show this */
	if (residue_pulse_read(&pulse) != first) {
		drop("/sys/devices/virtual/misc/refctl");
		ck_assert_uint_eq(residue_pulse_read(&pulse), first);
	}
	residue_pulse_close(&pulse);
}
END_TEST

START_TEST(pulse_reads_short_lists_too)
{
	struct residue_pulse pulse;
	uint64_t before;

	ck_assert_ok(residue_pulse_open(&options, &pulse));
	before = residue_pulse_read(&pulse);
	ck_assert_uint_eq(before, residue_pulse_read(&pulse));
	residue_pulse_close(&pulse);
	put("/proc/devices", "Character devices:\n  1 mem\n 10 misc\n245 refdrv\n");
	ck_assert_ok(residue_pulse_open(&options, &pulse));
	ck_assert_uint_ne(before, residue_pulse_read(&pulse));
	residue_pulse_close(&pulse);
}
END_TEST

START_TEST(only_what_persists_is_left_of_a_difference)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = snapshot();
	_cleanup_(residue_destroy) struct residue_snapshot *during = NULL;
	_residue_difference_ struct residue_difference d = { 0 };

	put("/dev/refdrv0", "");
	put("/sys/class/refdrv/refdrv0/uevent", "");
	put("/proc/misc", "183 hw_random\n 59 refdrv\n");
	put("/proc/modules", "loop 32768 0 - Live 0x0\nxor 16 1 loop, Live 0x0\n"
			     "refdrv 16 0 - Live 0x0\n");
	during = snapshot();
	ck_assert_ok(residue_compare(before, during, &d));
	ck_assert_uint_eq(d.count, 4);
	drop("/dev/refdrv0");
	put("/proc/modules", "loop 32768 0 - Live 0x0\nxor 16 1 loop, Live 0x0\n");
	ck_assert_ok(residue_persist(&options, before, &d));
	ck_assert_uint_eq(d.count, 2);
	ck_assert_str_eq(d.items[0].name, "refdrv");
	ck_assert_str_eq(d.items[1].name, "/sys/class/refdrv");
	ck_assert(!residue_is_path(&d.items[0]) && residue_is_path(&d.items[1]));
}
END_TEST

START_TEST(absent_sources_are_named)
{
	_cleanup_(residue_destroy) struct residue_snapshot *s = NULL;
	bool seen = false;

	drop("/proc/iomem");
	s = snapshot();
	for (size_t i = 0; residue_absent(s, i); i++)
		seen = seen || !strcmp(residue_absent(s, i), "iomem");
	ck_assert(seen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("residue");
	TCase *t = tcase_create("residue");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_changed_is_no_difference);
	tcase_add_test(t, tells_what_each_source_gained);
	tcase_add_test(t, coming_back_with_another_number_is_no_difference);
	tcase_add_test(t, one_more_of_the_same_form_is_told_by_the_new_name);
	tcase_add_test(t, what_is_lost_is_told_too);
	tcase_add_test(t, users_and_pool_workers_do_not_count);
	tcase_add_test(t, the_tools_own_things_do_not_count);
	tcase_add_test(t, fingerprint_follows_things_not_numbers);
	tcase_add_test(t, pulse_sees_folders_come_and_go);
	tcase_add_test(t, pulse_reads_short_lists_too);
	tcase_add_test(t, only_what_persists_is_left_of_a_difference);
	tcase_add_test(t, absent_sources_are_named);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
