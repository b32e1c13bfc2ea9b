/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The linter's binary rules over a kernel's modules against one modinfo process over the
 * same files; compressed modules against xz and zstd alone. CPU time (user and system)
 * and, because modules are unpacked by further threads, elapsed time of whole processes;
 * medians of several turns, taken in turn.
 *
 * usage: bench_linter LINT KERNEL-FOLDER SCRATCH-FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "readers/bundle.h"

enum { TURNS = 7 };

struct usage {
	double seconds, elapsed;
	long kilobytes; /* most resident */
};

static void die(const char *what)
{
	fprintf(stderr, "bench_linter: %s\n", what);
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Output is thrown away. Findings (status 1) are no failure. */
static struct usage run(char *const *argv)
{
	double begun = now();
	struct rusage usage;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("cannot fork");
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 1 &&
	     WEXITSTATUS(status) != 3))
		die(argv[0]);
	return (struct usage){ usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
				       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
					       1e6,
			       now() - begun, usage.ru_maxrss };
}

struct contender {
	const char *name;
	char *const *argv;
	double seconds[TURNS], elapsed[TURNS];
	long kilobytes;
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *seconds)
{
	qsort(seconds, TURNS, sizeof(*seconds), compare);
	return seconds[TURNS / 2];
}

/* All contenders once before (to warm the cache), then in turn. The first is the peer. */
static void race(const char *title, struct contender *contenders, size_t count)
{
	double peer, elapsed_peer;

	for (size_t i = 0; i < count; i++)
		run(contenders[i].argv);
	for (size_t turn = 0; turn < TURNS; turn++)
		for (size_t i = 0; i < count; i++) {
			struct usage u = run(contenders[i].argv);

			contenders[i].seconds[turn] = u.seconds;
			contenders[i].elapsed[turn] = u.elapsed;
			if (u.kilobytes > contenders[i].kilobytes)
				contenders[i].kilobytes = u.kilobytes;
		}
	printf("%s%*s  CPU           elapsed\n", title, 57 - (int)strlen(title), "");
	peer = median(contenders[0].seconds);
	elapsed_peer = median(contenders[0].elapsed);
	for (size_t i = 0; i < count; i++) {
		double seconds = median(contenders[i].seconds);
		double elapsed = median(contenders[i].elapsed);

		printf("  %-52s %6.3f s %5.2f x  %6.3f s %5.2f x  %4ld MB\n",
		       contenders[i].name, seconds, seconds / peer, elapsed,
		       elapsed / elapsed_peer, contenders[i].kilobytes / 1024);
	}
}

struct paths {
	char **items;
	size_t count, capacity;
};

static void add(struct paths *paths, const char *text)
{
	if (!array_grow(paths->items, paths->count, paths->capacity))
		die("out of memory");
	paths->items[paths->count++] = text ? strdup(text) : NULL;
}

/* Everything in @folder that is a module, after @words. */
static struct paths command(const char *words, const char *folder, size_t every)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	_free_ char *copy = strdup(words);
	char *rest = copy, *word;
	struct paths paths = { 0 };
	size_t seen = 0;

	while ((word = strsep(&rest, " ")))
		add(&paths, word);
	if (folder) {
		_error_ struct error *error = bundle_open(folder, NULL, &bundle);

		if (error)
			die(error_message(error));
	}
	for (size_t i = 0; bundle && i < bundle->count; i++)
		if (bundle->members[i].kind == MEMBER_FILE &&
		    path_is_module(bundle->members[i].path) && seen++ % every == 0)
			add(&paths, bundle->members[i].disk);
	add(&paths, NULL);
	return paths;
}

static char *text(const char *format, const char *a, const char *b, const char *c)
{
	char *result;

	if (asprintf(&result, format, a, b, c) < 0)
		die("out of memory");
	return result;
}

static void race_plain(const char *lint, const char *kernel)
{
	char *modules = text("%s/modules", kernel, "", "");
	struct paths modinfo = command("modinfo", modules, 1);
	struct paths rules =
		command(text("%s --only KOM* --only ABI* --only SEC* --no-members "
			     "--no-explain %s",
			     lint, modules, ""),
			NULL, 1);
	struct paths targets = command(
		text("%s --only KOM* --only ABI* --only SEC* --no-members --no-explain "
		     "--target %s/headers --target %s/headers/Module.symvers",
		     lint, kernel, kernel),
		NULL, 1);
	struct paths members =
		command(text("%s --no-explain %s", lint, modules, ""), NULL, 1);
	struct contender contenders[] = {
		{ .name = "modinfo, one process", .argv = modinfo.items },
		{ .name = "lint, all binary rules", .argv = rules.items },
		{ .name = "lint, with two targets' symbol tables" },
		{ .name = "lint, all rules, members with sha256", .argv = members.items },
	};
	char title[64];

	targets.items[targets.count - 1] = modules;
	add(&targets, NULL);
	contenders[2].argv = targets.items;
	snprintf(title, sizeof(title), "%zu modules as they are", modinfo.count - 2);
	race(title, contenders, ARRAY_LENGTH(contenders));
}

/* The modules, compressed by @tool into @folder. */
static void compress(const char *tool, const char *suffix, const char *kernel,
		     const char *folder)
{
	struct paths files = command("true", text("%s/modules", kernel, "", ""), 1);
	struct stat st;

	if (!stat(folder, &st))
		return;
	if (mkdir(folder, 0777))
		die("cannot make the scratch folder");
	for (size_t i = 1; files.items[i]; i++) {
		char *argv[] = { "sh", "-c", NULL, NULL };

		argv[2] = text("%s < '%s' > ", tool, files.items[i], "");
		argv[2] = text("%s'%s/'$(basename ", argv[2], folder, "");
		argv[2] = text("%s'%s')%s", argv[2], files.items[i], suffix);
		run(argv);
	}
}

static void race_compressed(const char *lint, const char *folder, const char *tool)
{
	struct paths alone = command(tool, folder, 1);
	struct paths rules =
		command(text("%s --only KOM* --only ABI* --only SEC* --no-members "
			     "--no-explain %s",
			     lint, folder, ""),
			NULL, 1);
	struct contender contenders[] = {
		{ .name = tool, .argv = alone.items },
		{ .name = "lint, all binary rules", .argv = rules.items },
	};
	char title[96];

	snprintf(title, sizeof(title), "%zu modules, compressed",
		 alone.count - 2 - (strchr(tool, ' ') != NULL));
	race(title, contenders, ARRAY_LENGTH(contenders));
}

int main(int argc, char **argv)
{
	char *xz, *zst;

	if (argc != 4)
		die("usage: bench_linter LINT KERNEL-FOLDER SCRATCH-FOLDER");
	xz = text("%s/all-xz", argv[3], "", "");
	zst = text("%s/all-zst", argv[3], "", "");
	mkdir(argv[3], 0777);
	compress("xz --check=crc32 --lzma2=dict=1MiB", ".xz", argv[2], xz);
	compress("zstd -q -19", ".zst", argv[2], zst);
	race_plain(argv[1], argv[2]);
	race_compressed(argv[1], xz, "xz -dc");
	race_compressed(argv[1], zst, "zstd -dqc");
	return EXIT_SUCCESS;
}
