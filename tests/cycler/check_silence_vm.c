/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver that spins with interrupts off takes the whole machine with it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/check-silence-XXXXXX";

static bool lies_there(const char *name)
{
	_free_ char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	return !access(path, F_OK);
}

START_TEST(a_silent_machine_tells_where_its_processors_are)
{
	char program[4200], module[4200];
	_free_ char *own = NULL, *report = NULL, *text = NULL;
	struct process_result result = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_own_folder(&own));
	snprintf(program, sizeof(program), "%s/../../bin/bookend-cycle", own);
	snprintf(module, sizeof(module), "%s/../../defects/hard-hang/refdrv.ko", own);
	const char *const argv[] = { program,
				     "--module",
				     module,
				     "--device",
				     "/dev/refdrv0",
				     "--probe",
				     "ioctl:0x802052d0:32",
				     "--no-census",
				     "--cpus",
				     "1",
				     "--silence",
				     "5s",
				     "--output",
				     folder,
				     NULL };

	const struct process_options options = { .timeout_ns = 600000000000 };

	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_ok(file_join(folder, "report.txt", &report));
	ck_assert_ok(file_read_text(report, 1 << 20, &text));
	ck_assert_msg(strstr(text, "CYC002"), "%s", text);
	ck_assert_msg(strstr(text, "CPU 0: in refdrv_wait_quiet [refdrv]"), "%s", text);
	ck_assert_msg(strstr(text, "refdrv_ioctl_status"), "%s", text);
	ck_assert_msg(strstr(text, "ioctl began and did not end"), "%s", text);
	/* where it lay is kept; the memory was not asked for */
	ck_assert(lies_there("modules.json"));
	ck_assert(!lies_there("silent.elf"));
	strbuf_deinit(&result.output);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("silence in a VM");
	TCase *tc = tcase_create("vm");

	tcase_set_timeout(tc, 900);
	tcase_add_test(tc, a_silent_machine_tells_where_its_processors_are);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
