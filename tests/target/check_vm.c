/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots throwaway machines: what becomes of them, and of what they were doing. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "target/kernel.h"
#include "target/target.h"
#include "tests/check_main.h"

static char folder[64];

static void make_folder(void)
{
	strcpy(folder, "/tmp/check-vm-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static struct error *collect(void *context, bool diagnostic, const void *data,
			     size_t size)
{
	if (!diagnostic)
		strbuf_add(context, data, size);
	return NULL;
}

static struct target *boot(const struct target_options *more)
{
	struct target_options options = more ? *more : (struct target_options){ 0 };
	struct target *target = NULL;

	options.folder = folder;
	options.boot_ns = 300000000000;
	ck_assert_ok(target_create("vm", &options, &target));
	ck_assert_ok(target_add_program(target, "/bin/bash", "/bin/bash"));
	ck_assert_ok(target_start(target));
	return target;
}

static struct target_outcome sh(struct target *target, const char *script,
				struct strbuf *output)
{
	const char *const argv[] = { "/bin/bash", "-c", script, NULL };
	struct target_program program = { .argv = argv,
					  .context = output,
					  .output = output ? collect : NULL };
	struct target_outcome outcome;

	ck_assert_ok(target_run(target, &program, &outcome));
	return outcome;
}

START_TEST(programs_run_one_after_another_with_output_and_status)
{
	struct target *target = boot(NULL);
	_strbuf_ struct strbuf output = STRBUF_INIT;
	_free_ char *text = NULL;
	struct target_outcome outcome = sh(target, "echo $((6*7)); exit 5", &output);

	ck_assert_int_eq(outcome.end, TARGET_EXITED);
	ck_assert_int_eq(outcome.status, 5);
	ck_assert_str_eq(strbuf_string(&output), "42\n");
	outcome = sh(target, "kill -9 $$", NULL);
	ck_assert_int_eq(outcome.status, 128 + SIGKILL);
	ck_assert_ok(target_read_file(target, "/proc/sys/kernel/hostname", 100, &text));
	ck_assert_str_eq(text, "bookend\n");
	ck_assert_fails(target_read_file(target, "/no/such", 100, &text), "/no/such");
	target_destroy(target);
}
END_TEST

START_TEST(much_output_comes_whole)
{
	struct target *target = boot(NULL);
	_strbuf_ struct strbuf output = STRBUF_INIT;

	sh(target, "for i in {1..200}; do printf '%050000d' 0; done", &output);
	ck_assert_uint_eq(output.length, 10000000);
	target_destroy(target);
}
END_TEST

START_TEST(a_panic_is_noticed_and_what_was_written_is_kept)
{
	struct target *target = boot(NULL);
	_free_ char *console = NULL, *dump = NULL;
	struct target_outcome outcome;
	struct stat st;

	target->area[17] = 99;
	outcome = sh(target, "echo c >/proc/sysrq-trigger", NULL);
	ck_assert_int_eq(outcome.end, TARGET_PANICKED);
	ck_assert_ok(target_console(target, 1 << 20, &console));
	ck_assert_ptr_nonnull(strstr(console, "sysrq triggered crash"));
	ck_assert_ptr_nonnull(strstr(console, "end Kernel panic"));
	ck_assert_int_eq(target->area[17], 99);
	ck_assert_int_ge(asprintf(&dump, "%s/memory.elf", folder), 0);
	ck_assert_ok(target_dump(target, dump));
	ck_assert_int_eq(stat(dump, &st), 0);
	ck_assert_int_gt(st.st_size, 256 << 20);
	target_destroy(target);
}
END_TEST

START_TEST(a_program_past_its_time_is_left_to_the_caller)
{
	struct target *target = boot(NULL);
	const char *const argv[] = { "/bin/bash", "-c",
				     "read < <(:); while :; do :; done", NULL };
	const struct target_program program = { .argv = argv, .timeout_ns = 3000000000 };
	struct target_outcome outcome;

	ck_assert_ok(target_run(target, &program, &outcome));
	ck_assert_int_eq(outcome.end, TARGET_OVERDUE);
	target_destroy(target);
}
END_TEST

/* Children of @pid, by /proc. */
static pid_t child_of(pid_t pid)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

static bool runs(pid_t pid)
{
	char path[64], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return *line && !strstr(line, ") Z");
}

START_TEST(a_controller_that_is_killed_leaves_no_machine_but_its_records)
{
	char path[128];
	struct stat st;
	pid_t pid, qemu = 0;

	pid = fork();
	if (!pid) {
		struct target *target = boot(NULL);

		sh(target, "read < <(:); while :; do :; done", NULL);
		_exit(0);
	}
	snprintf(path, sizeof(path), "%s/shared.bin", folder);
	for (int i = 0; i < 600 && !(qemu = child_of(pid)); i++)
		usleep(100000);
	ck_assert_int_gt(qemu, 0);
	sleep(2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 300 && runs(qemu); i++)
		usleep(100000);
	ck_assert(!runs(qemu));
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

START_TEST(modules_come_with_what_they_depend_on)
{
	struct target_options options = { .folder = folder };
	struct target *target = NULL;
	_strbuf_ struct strbuf output = STRBUF_INIT;

	ck_assert_ok(target_create("vm", &options, &target));
	ck_assert_ok(target_add_program(target, "/bin/bash", "/bin/bash"));
	ck_assert_ok(target_add_module(target, "virtio_net", true, NULL));
	ck_assert_fails(target_add_module(target, "no_such_module", true, NULL),
			"no module 'no_such_module'");
	ck_assert_ok(target_start(target));
	sh(target, "echo $(</proc/modules)", &output);
	ck_assert_ptr_nonnull(strstr(strbuf_string(&output), "virtio_net "));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&output), "net_failover "));
	target_destroy(target);
}
END_TEST

START_TEST(a_machine_that_does_not_boot_is_one_clear_error)
{
	struct target_options options = { .folder = folder,
					  .append = "init=/no/init rdinit=/no/init",
					  .boot_ns = 300000000000 };
	struct target *target = NULL;

	ck_assert_ok(target_create("vm", &options, &target));
	ck_assert_fails(target_start(target), "the target does not boot");
	target_destroy(target);
	options.kernel = "no-such-release";
	ck_assert_fails(target_create("vm", &options, &target), "no-such-release");
	ck_assert_fails(target_create("mars", &options, &target), "no target 'mars'");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm");
	TCase *tc = tcase_create("vm");
	_kernel_ struct kernel kernel = { 0 };
	_error_ struct error *error = kernel_find(NULL, &kernel);

	if (error) {
		printf("skipped: %s\n", error_message(error));
		return 77;
	}
	tcase_set_timeout(tc, 600);
	tcase_add_checked_fixture(tc, make_folder, remove_folder);
	tcase_add_test(tc, programs_run_one_after_another_with_output_and_status);
	tcase_add_test(tc, much_output_comes_whole);
	tcase_add_test(tc, a_panic_is_noticed_and_what_was_written_is_kept);
	tcase_add_test(tc, a_program_past_its_time_is_left_to_the_caller);
	tcase_add_test(tc, a_controller_that_is_killed_leaves_no_machine_but_its_records);
	tcase_add_test(tc, modules_come_with_what_they_depend_on);
	tcase_add_test(tc, a_machine_that_does_not_boot_is_one_clear_error);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
