/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source rules against the compiler: `bookend-lint --only 'SRC*'` over a built driver's
 * folder, and `clang -fsyntax-only` over the same units with the same arguments. Rounds
 * alternate; medians of the processor time of all processes.
 *
 * usage: bench_source LINT FOLDER|MODULE [KERNEL] (MODULE: ours; its build lies beside)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "linter/source/units.h"
#include "readers/bundle.h"

enum { ROUNDS = 7 };

/* Processor seconds of a program that runs in @folder with its output dropped. */
static double cpu_of(const char *const *argv, const char *folder)
{
	struct rusage usage = { 0 };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, 1);
		dup2(null, 2);
		if (folder && chdir(folder))
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 3) {
		fprintf(stderr, "bench_source: %s failed\n", argv[0]);
		exit(2);
	}
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double compile_all(const struct unit_commands *units)
{
	double sum = 0;

	for (size_t i = 0; i < units->count; i++) {
		const struct unit_command *u = &units->items[i];
		_free_ const char **argv = calloc(u->count + 8, sizeof(*argv));
		size_t n = 0;

		if (!argv)
			exit(2);
		argv[n++] = "clang-14";
		argv[n++] = "-fsyntax-only";
		argv[n++] = "-w";
		for (size_t k = 0; k < u->count; k++)
			argv[n++] = u->arguments[k];
		argv[n++] = u->file;
		sum += cpu_of(argv, u->directory);
	}
	return sum;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static struct error *run(const char *lint, const char *folder, const char *kernel)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	_unit_commands_ struct unit_commands units = { 0 };
	/* the runs of kbuild and git are not the compiler's work either */
	const char *argv[] = { lint,	 folder,   "--only",  "SRC*",
			       "--skip", "SRC021", "--quiet", "--no-explain",
			       NULL,	 NULL,	   NULL };
	double ours[ROUNDS], theirs[ROUNDS], a, b;
	struct error *error = bundle_open(folder, NULL, &bundle);

	if (!error)
		error = units_from_build(bundle, &bundle->containers[0], &units);
	if (!error && !units.count && kernel) {
		error = units_from_kbuild(folder, kernel, NULL, &units);
		argv[8] = "--target";
		argv[9] = kernel;
	}
	if (error)
		return error;
	if (!units.count)
		return error_new(ERROR_MISSING, "%s: no compile commands", folder);
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = cpu_of(argv, NULL);
		theirs[i] = compile_all(&units);
	}
	a = median(ours);
	b = median(theirs);
	printf("source rules: %zu units of %s: %.3f s, clang -fsyntax-only %.3f s: "
	       "%.2f times (limit 1.5)\n",
	       units.count, folder, a, b, a / b);
	return NULL;
}

/* The reference driver's rule keeps what kbuild made in kbuild/ beside the module. */
static char *build_of(const char *module)
{
	char *path = NULL;
	int length = (int)(path_base(module) - module);

	return asprintf(&path, "%.*skbuild", length, module) < 0 ? NULL : path;
}

int main(int argc, char **argv)
{
	_error_ struct error *error = NULL;
	_free_ char *folder = NULL;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_source LINT FOLDER [KERNEL]\n");
		return 2;
	}
	folder = path_is_module(argv[2]) ? build_of(argv[2]) : strdup(argv[2]);
	if (!folder)
		return 2;
	error = run(argv[1], folder, argc > 3 ? argv[3] : NULL);
	if (error)
		fprintf(stderr, "bench_source: %s\n", error_message(error));
	return error ? 2 : 0;
}
