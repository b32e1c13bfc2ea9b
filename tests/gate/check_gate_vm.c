/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate as a program: what it says of good, bad and broken drivers. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/process.h"
#include "report/frame.h"
#include "report/report.h"
#include "tests/check_main.h"

#define CONFIG "reference-driver/bookend.json"

static char folder[] = "/tmp/check_gate.XXXXXX";
static char build[4096];

static void find_build(void)
{
	_free_ char *own = NULL;

	ck_assert_ok(file_own_folder(&own));
	/* build/tests/gate */
	snprintf(build, sizeof(build), "%.*s", (int)(strlen(own) - strlen("/tests/gate")),
		 own);
}

/* Runs `bookend gate @subject …` and gives its exit status and all that it printed. */
static int gate(const char *subject, const char *const *more, char **output)
{
	char program[4200], path[4300];
	const char *argv[32] = { program, path, "-o", folder };
	struct process_options options = { .keep_stderr = true };
	struct process_result result;
	size_t n = 4;

	snprintf(program, sizeof(program), "%s/bin/bookend-gate", build);
	snprintf(path, sizeof(path), "%s%s%s", subject[0] == '/' ? "" : build,
		 subject[0] == '/' ? "" : "/", subject);
	for (; more && *more; more++)
		argv[n++] = *more;
	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_ok(strbuf_steal(&result.output, output));
	return result.status;
}

static const char *const small[] = { "--config", CONFIG, "--skip",	    "lint",
				     "-n",	 "20",	 "--device-passes", "300",
				     NULL };

static struct report *report_of_run(void)
{
	_free_ char *path = NULL;
	struct report *report = NULL;

	ck_assert_ok(file_join(folder, "report.json", &path));
	ck_assert_ok(report_load(path, &report));
	return report;
}

static bool found(const struct report *report, const char *rule, const char *function,
		  const char *file)
{
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		for (size_t k = 0; !strcmp(f->rule, rule) && k < f->stack_count; k++)
			if (f->stack[k].function && f->stack[k].file &&
			    !strcmp(f->stack[k].function, function) &&
			    strstr(f->stack[k].file, file) && f->stack[k].line)
				return true;
	}
	return false;
}

START_TEST(the_clean_driver_has_no_findings)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *output = NULL;
	int status = gate("reference-driver/release/refdrv.ko", small, &output);

	/* the linter was left out, so the verdict is incomplete, not clean */
	ck_assert_msg(status == EXIT_INCOMPLETE, "%d: %s", status, output);
	report = report_of_run();
	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_uint_eq(report->runs_count, 3);
	ck_assert_uint_eq(report->runs[0].passes + report->runs[1].passes, 20);
	ck_assert_uint_eq(report->runs[2].passes, 300);
}
END_TEST

START_TEST(a_leak_is_found_to_the_line)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *output = NULL;

	ck_assert_int_eq(gate("defects/leak-on-open/refdrv.ko", small, &output),
			 EXIT_FINDINGS);
	report = report_of_run();
	ck_assert_msg(found(report, "LEAK001", "refdrv_open", "refdrv_file.c"), "%s",
		      output);
}
END_TEST

/* Twice in one folder: what the first run left there must not be taken for the second's.
 */
START_TEST(a_panic_is_symbolized_and_its_step_named)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_(report_destroy) struct report *report = NULL;
		_free_ char *output = NULL;

		ck_assert_int_eq(gate("defects/null-deref-ioctl/refdrv.ko", small,
				      &output),
				 EXIT_FINDINGS);
		report = report_of_run();
		ck_assert_msg(found(report, "PANIC001", "refdrv_ioctl_status",
				    "refdrv_file.c"),
			      "%s", output);
		ck_assert_ptr_nonnull(
			strstr(report->failure, "ioctl began and did not end"));
	}
}
END_TEST

START_TEST(a_machine_that_does_not_boot_is_one_clear_error)
{
	const char *const more[] = {
		"--config",
		CONFIG,
		"--skip",
		"lint",
		"--cycle-option=--boot-timeout=300s",
		"--cycle-option=--append=init=/nowhere rdinit=/nowhere",
		NULL
	};
	_free_ char *output = NULL;

	ck_assert_int_eq(gate("reference-driver/release/refdrv.ko", more, &output),
			 EXIT_UNABLE);
	ck_assert_ptr_nonnull(strstr(output, "does not boot"));
}
END_TEST

static void put(const char *name, const void *data, size_t size, char path[256])
{
	snprintf(path, 256, "%s/%s", folder, name);
	ck_assert_ok(file_write(path, data, size, 0644));
}

START_TEST(what_is_no_module_is_one_clear_error)
{
	_mapping_ struct mapping module = { { NULL, 0 }, 0 };
	char path[256], real[4200];
	_free_ char *text = NULL, *cut = NULL, *none = NULL;

	put("text.ko", "hello", 5, path);
	ck_assert_int_eq(gate(path, small, &text), EXIT_UNABLE);
	ck_assert_msg(strstr(text, "error: ") && strstr(text, "text.ko"), "%s", text);

	snprintf(real, sizeof(real), "%s/reference-driver/release/refdrv.ko", build);
	ck_assert_ok(file_map(real, &module));
	put("cut.ko", module.bytes.data, module.bytes.size / 3, path);
	ck_assert_int_eq(gate(path, small, &cut), EXIT_UNABLE);
	ck_assert_msg(strstr(cut, "error: ") && strstr(cut, "cut.ko"), "%s", cut);

	put("empty.tar", "", 0, path);
	ck_assert_int_eq(gate(path, small, &none), EXIT_UNABLE);
	ck_assert_msg(strstr(none, "error: ") && strstr(none, "empty.tar"), "%s", none);
}
END_TEST

START_TEST(a_module_for_another_kernel_says_which)
{
	_mapping_ struct mapping module = { { NULL, 0 }, 0 };
	_free_ char *copy = NULL, *output = NULL;
	char path[256], real[4200], *at;

	snprintf(real, sizeof(real), "%s/reference-driver/release/refdrv.ko", build);
	ck_assert_ok(file_map(real, &module));
	copy = malloc(module.bytes.size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, module.bytes.data, module.bytes.size);
	at = memmem(copy, module.bytes.size, "vermagic=", strlen("vermagic="));
	ck_assert_ptr_nonnull(at);
	at[strlen("vermagic=")] = '9';
	put("foreign.ko", copy, module.bytes.size, path);
	ck_assert_int_eq(gate(path, small, &output), EXIT_UNABLE);
	ck_assert_msg(strstr(output, "was built for kernel 9"), "%s", output);
	ck_assert_ptr_nonnull(strstr(output, "--kernel 9"));
}
END_TEST

START_TEST(without_qemu_it_says_so)
{
	_free_ char *output = NULL, *path = strdup(getenv("PATH"));

	setenv("PATH", "/nowhere", 1);
	ck_assert_int_eq(gate("reference-driver/release/refdrv.ko", small, &output),
			 EXIT_UNABLE);
	setenv("PATH", path, 1);
	ck_assert_msg(strstr(output, "qemu-system"), "%s", output);
}
END_TEST

static volatile int alarmed;

static void on_alarm(int number)
{
	alarmed = number;
}

/* Whatever it is doing by then. */
START_TEST(an_interrupt_ends_it_with_one_line)
{
	char program[4200], path[4300];
	const char *const argv[] = { program,  path,   "-o", folder,   "--config", CONFIG,
				     "--skip", "lint", "-n", "100000", NULL };
	struct process_options options = { .keep_stderr = true, .interrupted = &alarmed };
	struct sigaction action = { .sa_handler = on_alarm };
	struct process_result result;

	snprintf(program, sizeof(program), "%s/bin/bookend-gate", build);
	snprintf(path, sizeof(path), "%s/reference-driver/release/refdrv.ko", build);
	sigaction(SIGALRM, &action, NULL);
	alarm(8);
	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_int_eq(result.status, EXIT_UNABLE);
	ck_assert_msg(strstr(strbuf_string(&result.output), "interrupted"), "%s",
		      strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}
END_TEST

static void teardown(void)
{
	error_destroy(file_remove_tree(folder));
}

int main(void)
{
	Suite *suite = suite_create("gate in a VM");
	TCase *tcase = tcase_create("gate");

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	tcase_set_timeout(tcase, 900);
	tcase_add_unchecked_fixture(tcase, find_build, NULL);
	tcase_add_test(tcase, what_is_no_module_is_one_clear_error);
	tcase_add_test(tcase, a_module_for_another_kernel_says_which);
	tcase_add_test(tcase, without_qemu_it_says_so);
	tcase_add_test(tcase, a_machine_that_does_not_boot_is_one_clear_error);
	tcase_add_test(tcase, an_interrupt_ends_it_with_one_line);
	tcase_add_test(tcase, the_clean_driver_has_no_findings);
	tcase_add_test(tcase, a_leak_is_found_to_the_line);
	tcase_add_test(tcase, a_panic_is_symbolized_and_its_step_named);
	suite_add_tcase(suite, tcase);
	{
		int status = run_suite(suite);

		teardown();
		return status;
	}
}
