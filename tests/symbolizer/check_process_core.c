/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cores of processes: this program crashes in a child and reads what is left of it. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "symbolizer/dump.h"
#include "symbolizer/panic.h"
#include "symbolizer/process_core.h"
#include "symbolizer/symbolizer.h"
#include "tests/check_main.h"

enum { SKIPPED = 77 };

static char folder[] = "/tmp/check_core-XXXXXX";
static char core[4200]; /* "": this machine sends cores elsewhere */

struct thing {
	long first, second;
};

static volatile long sink;
static pthread_barrier_t both;

static __attribute__((noinline)) void *wait_for_ever(void *nothing)
{
	pthread_barrier_wait(&both);
	for (;;)
		pause();
	return nothing;
}

static __attribute__((noinline)) void touch(volatile struct thing *thing)
{
	sink = thing->second;
}

static __attribute__((noinline)) void crash_here(volatile struct thing *thing)
{
	touch(thing);
	sink++;
}

static void crash(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pthread_t thread;

	if (chdir(folder) || setrlimit(RLIMIT_CORE, &all))
		_exit(1);
	signal(SIGSEGV, SIG_DFL);
	prctl(PR_SET_DUMPABLE, 1);
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	pthread_barrier_wait(&both);
	crash_here(NULL);
	_exit(1);
}

/* The core of a child that crashed, where cores become files. */
static void make_core(void)
{
	struct dirent *entry;
	pid_t child;
	DIR *dir;

	if (!mkdtemp(folder))
		return;
	child = fork();
	if (!child)
		crash();
	waitpid(child, NULL, 0);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			snprintf(core, sizeof(core), "%s/%s", folder, entry->d_name);
	if (dir)
		closedir(dir);
}

static bool has_function(const struct panic_context *context, const char *name)
{
	for (size_t i = 0; i < context->frames.count; i++) {
		const char *function = context->frames.items[i].function;

		if (function && !strcmp(function, name))
			return true;
	}
	return false;
}

START_TEST(every_thread_has_its_stack_and_the_first_one_died)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	const struct panic *p;
	bool waits = false;

	ck_assert(process_core_recognise(core));
	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(process_core_read(core, s, log));
	ck_assert_uint_eq(log->count, 1);
	p = &log->panics[0];
	ck_assert_str_eq(p->title, "SIGSEGV in touch");
	ck_assert_str_eq(p->type, "NULL-POINTER-DEREFERENCE");
	ck_assert_str_eq(p->reading, "access to NULL + 0x8");
	ck_assert_uint_ge(p->context_count, 2);
	ck_assert(p->contexts[0].guilty);
	ck_assert(has_function(&p->contexts[0], "crash_here"));
	ck_assert_int_eq(p->contexts[0].frames.items[0].kind, FRAME_EXACT);
	ck_assert_ptr_nonnull(
		strstr(p->contexts[0].frames.items[0].file, "check_process_core.c"));
	for (size_t i = 1; i < p->context_count; i++)
		waits |= has_function(&p->contexts[i], "wait_for_ever");
	ck_assert(waits);
}
END_TEST

START_TEST(a_core_that_is_cut_is_refused_or_read)
{
	static const size_t sizes[] = {
		0, 16, 63, 64, 200, 1000, 4096, 5000, 20000, 70000
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		_cleanup_(panic_log_destroy) struct panic_log *log =
			calloc(1, sizeof(*log));
		_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
		_mapping_ struct mapping mapping = { 0 };
		char path[4300];

		ck_assert_ok(file_map(core, &mapping));
		snprintf(path, sizeof(path), "%s/cut", folder);
		ck_assert_ok(file_write(path, mapping.bytes.data,
					sizes[i] < mapping.bytes.size ? sizes[i] : 0,
					0600));
		process_core_recognise(path);
		ck_assert_ok(symbolizer_create(&s));
		symbolizer_set_cache(s, false);
		error_destroy(process_core_read(path, s, log));
	}
}
END_TEST

START_TEST(what_is_no_core_is_not_taken_for_one)
{
	ck_assert(!process_core_recognise("/proc/self/exe"));
	ck_assert(!process_core_recognise("/dev/null"));
	ck_assert(!process_core_recognise("/nowhere"));
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tests;
	int status;

	make_core();
	if (!core[0]) {
		printf("skipped: this machine writes no core files (core_pattern)\n");
		error_destroy(file_remove_tree(folder));
		return SKIPPED;
	}
	suite = suite_create("process_core");
	tests = tcase_create("process_core");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_thread_has_its_stack_and_the_first_one_died);
	tcase_add_test(tests, a_core_that_is_cut_is_refused_or_read);
	tcase_add_test(tests, what_is_no_core_is_not_taken_for_one);
	suite_add_tcase(suite, tests);
	status = run_suite(suite);
	error_destroy(file_remove_tree(folder));
	return status;
}
