/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a machine in which no census can be taken, or not a whole one: never "clean". */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"
#include "tests/check_main.h"

#define MODULES "build/kernels/default/root/lib/modules"

/* Runs the attempts called @names in one machine; their output, to be freed. */
static char *run_machine(const char *const *names)
{
	char attempts[PATH_MAX], leakwatch[PATH_MAX], file[PATH_MAX + 32];
	const char *argv[40] = {
		"/bin/sh",
		"-c",
		/* the stock module's folder has the kernel's release for a name */
		"dummy=$(find " MODULES " -name dummy.ko | head -n 1); "
		"exec build/bin/bookend-vm run --memory 1G "
		"--file build/tests/leakwatch/leaky/leaky.ko:/leaky.ko "
		"--file \"$dummy:/dummy.ko\" \"$@\"",
		"sh",
		"--program",
		leakwatch,
		"--file",
		file,
		"--",
		attempts,
		leakwatch,
	};
	struct process_options options = { .timeout_ns = 600000000000,
					   .output_limit = 4 << 20 };
	struct process_result result = { 0 };

	ck_assert_ptr_nonnull(realpath("build/tests/leakwatch/attempts", attempts));
	ck_assert_ptr_nonnull(realpath("build/bin/bookend-leakwatch", leakwatch));
	snprintf(file, sizeof(file), "%s:/attempts", attempts);
	for (size_t i = 0; names[i]; i++)
		argv[11 + i] = names[i];
	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_int_eq(result.status, 0);
	return result.output.data;
}

/* The attempt @name ended with @status, and said @text; @unsaid is what it did not say.
 */
static void expect(const char *output, const char *name, int status, const char *text,
		   const char *unsaid)
{
	char head[64], tail[16];
	const char *begin, *end;
	char *said;

	snprintf(head, sizeof(head), "=== %s\n", name);
	snprintf(tail, sizeof(tail), "--- %d\n", status);
	begin = strstr(output, head);
	ck_assert_msg(begin, "%s was not attempted: %s", name, output);
	end = strstr(begin, "\n--- ");
	ck_assert_msg(end, "%s did not end: %s", name, begin);
	said = strndup(begin, end - begin + 1);
	ck_assert_msg(!strncmp(end + 1, tail, strlen(tail)), "%s: not %s%.8s: %s", name,
		      tail, end + 1, said);
	ck_assert_msg(strstr(said, text), "%s lacks '%s': %s", name, text, said);
	ck_assert_msg(!unsaid || !strstr(said, unsaid), "%s says '%s': %s", name, unsaid,
		      said);
	free(said);
}

START_TEST(what_no_census_can_be_taken_of_is_never_clean)
{
	static const char *const names[] = { "wrong name",	 "full",
					     "several",		 "loaded",
					     "built in",	 "no such function",
					     "not root, census", "locked, census",
					     "locked",		 NULL };
	char *said = run_machine(names);

	expect(said, "wrong name", 2, "saw no load of module leeky", "clean");
	expect(said, "full", 3, "found the table of objects full", "clean");
	expect(said, "several", 1, "leaks 100 B in 2 of 10 passes", "incomplete");
	expect(said, "loaded", 1, "leaks 100 B in each of 4 passes", "(null)");
	expect(said, "built in", 0, "census complete", NULL);
	expect(said, "no such function", 2, "no function no_such_function", "clean");
	expect(said, "not root, census", 2, "root", "clean");
	expect(said, "locked, census", 2, "locked down", "clean");
	expect(said, "locked", 3, "locked down", "\nclean");
	free(said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attempts");
	TCase *tests = tcase_create("attempts");

	if (access("build/kernels/default/vmlinuz", R_OK)) {
		printf("skipped: no kernel below build/kernels: ./setup fetches one\n");
		return 77;
	}
	tcase_set_timeout(tests, 1200);
	tcase_add_test(tests, what_no_census_can_be_taken_of_is_never_clean);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
