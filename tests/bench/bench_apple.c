/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Apple side of the linter: reading the tables of kernel interfaces, and fifty kexts
 * of four architectures against every release, beside llvm-nm reading the same files.
 * $BOOKEND_KEXTS names a folder of real ones to judge instead.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/apple/kpi.h"
#include "tests/apple/macho_writer.h"

enum { KEXTS = 50, IMPORTS = 300, RUNS = 9 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

struct cost {
	double cpu, wall;
	long kilobytes;
};

/* Runs a program with its output thrown away; CPU time and the most memory it took. */
static struct cost run(char *const *argv)
{
	struct timespec before, after;
	struct rusage usage;
	int status;
	pid_t pid;

	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	wait4(pid, &status, 0, &usage);
	clock_gettime(CLOCK_MONOTONIC, &after);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 3) {
		fprintf(stderr, "%s failed\n", argv[0]);
		exit(2);
	}
	return (struct cost){ seconds(usage.ru_utime) + seconds(usage.ru_stime),
			      (after.tv_sec - before.tv_sec) +
				      (after.tv_nsec - before.tv_nsec) / 1e9,
			      usage.ru_maxrss };
}

static struct cost run_median(char *const *argv)
{
	double cpu[RUNS], wall[RUNS];
	long most = 0;

	for (size_t i = 0; i < RUNS; i++) {
		struct cost c = run(argv);

		cpu[i] = c.cpu;
		wall[i] = c.wall;
		most = c.kilobytes > most ? c.kilobytes : most;
	}
	return (struct cost){ median(cpu, RUNS), median(wall, RUNS), most };
}

static struct error *write_at(const char *folder, const char *name, const void *data,
			      size_t size)
{
	_free_ char *path = NULL;
	struct error *error = file_join(folder, name, &path);

	return error ? error : file_write(path, data, size, 0755);
}

/* Imports spread over all tables, each kext others. */
static void add_spec(const struct kpi *kpi, size_t index, struct strbuf *spec)
{
	static const char *const archs[] = { "ppc", "i386", "x86_64", "arm64e" };

	for (size_t a = 0; a < 4; a++) {
		strbuf_addf(spec, "arch %s\nkmod org.example.bench%zu 1.0\n", archs[a],
			    index);
		for (size_t c = 0; c < 6; c++)
			strbuf_addf(spec, "class org_example_bench%zu_%zu IOService\n",
				    index, c);
		strbuf_adds(spec, "function _bench_start");
		for (size_t i = 0; i < IMPORTS; i++) {
			size_t at = (index * 131 + i * 47) % kpi->symbol_count;

			if (i % 20 == 19)
				strbuf_addf(spec, "\nfunction _bench_%zu", i);
			strbuf_addf(spec, " %s", kpi->symbols[at].name);
		}
		strbuf_adds(spec, "\ndata _bench_table 60000\n");
	}
}

static struct error *make_kext(const struct kpi *kpi, const char *root, size_t index,
			       char **executable)
{
	_strbuf_ struct strbuf plist = STRBUF_INIT, spec = STRBUF_INIT,
			       code = STRBUF_INIT;
	_free_ char *folder = NULL;
	struct error *error;

	if (asprintf(&folder, "%s/Bench%zu.kext/Contents/MacOS", root, index) < 0)
		return error_nomem();
	error = file_make_folder(folder, 0755);
	strbuf_addf(&plist,
		    "<plist version=\"1.0\"><dict><key>CFBundlePackageType</key>"
		    "<string>KEXT</string><key>CFBundleIdentifier</key>"
		    "<string>org.example.bench%zu</string><key>CFBundleVersion</key>"
		    "<string>1.0</string><key>CFBundleExecutable</key>"
		    "<string>Bench</string><key>OSBundleLibraries</key><dict>",
		    index);
	for (size_t i = 0; i < kpi->library_count; i++)
		if (!kpi->libraries[i].compatibility)
			strbuf_addf(&plist, "<key>%s</key><string>8.0</string>",
				    kpi->libraries[i].name);
	strbuf_adds(&plist, "</dict></dict></plist>");
	add_spec(kpi, index, &spec);
	if (!error)
		error = write_at(folder, "../Info.plist", plist.data, plist.length);
	if (!error)
		error = macho_write(strbuf_string(&spec), &code);
	if (!error)
		error = write_at(folder, "Bench", code.data, code.length);
	if (!error)
		error = file_join(folder, "Bench", executable);
	return error;
}

static struct error *bench_tables(struct kpi **ret)
{
	_free_ char *rules = NULL, *path = NULL;
	struct error *error = file_data_folder("rules", &rules);
	double times[21];
	struct stat st;

	if (!error)
		error = file_join(rules, "kpi.tab", &path);
	for (size_t i = 0; i < 21 && !error; i++) {
		struct timespec before, after;
		struct kpi *kpi = NULL;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
		error = kpi_create(path, &kpi);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
		times[i] = (after.tv_sec - before.tv_sec) * 1e3 +
			   (after.tv_nsec - before.tv_nsec) / 1e6;
		kpi_destroy(kpi);
	}
	if (error)
		return error;
	if (stat(path, &st))
		return error_errno(errno, "%s", path);
	printf("kpi tables    %.2f ms CPU to read (median of 21, limit 3), %.0f KiB on disk "
	       "(limit 1024)\n",
	       median(times, 21), st.st_size / 1024.0);
	return kpi_create(path, ret);
}

static struct error *bench_lint(const char *root, char *const *nm)
{
	_free_ char *own = NULL, *lint = NULL;
	struct error *error = file_own_folder(&own);
	struct cost ours, theirs;

	if (error)
		return error;
	if (asprintf(&lint, "%s/../../bin/bookend-lint", own) < 0)
		return error_nomem();
	ours = run_median((char *[]){ lint, "-t", "macos:all", "--format", "json",
				      (char *)root, NULL });
	printf("lint          %.0f ms CPU, %.0f ms in all, %.1f MiB: %s, every release and "
	       "architecture (limits 500 ms, 100 MiB)\n",
	       ours.cpu * 1e3, ours.wall * 1e3, ours.kilobytes / 1024.0, root);
	if (!nm)
		return NULL;
	theirs = run_median(nm);
	printf("llvm-nm-14    %.0f ms CPU for the symbols of the same files: lint takes "
	       "%.2f times that\n",
	       theirs.cpu * 1e3, ours.cpu / theirs.cpu);
	return NULL;
}

static struct error *bench_made(const struct kpi *kpi)
{
	char root[] = "/tmp/bookend-bench-XXXXXX";
	char *nm[KEXTS + 4] = { "llvm-nm-14", "-a", "--arch=all" };
	struct error *error = NULL;

	if (!mkdtemp(root))
		return error_errno(errno, "%s", root);
	for (size_t i = 0; i < KEXTS && !error; i++)
		error = make_kext(kpi, root, i, &nm[3 + i]);
	if (!error)
		error = bench_lint(root, nm);
	for (size_t i = 0; i < KEXTS; i++)
		free(nm[3 + i]);
	error_destroy(file_remove_tree(root));
	return error;
}

int main(void)
{
	_cleanup_(kpi_destroy) struct kpi *kpi = NULL;
	const char *folder = getenv("BOOKEND_KEXTS");
	_error_ struct error *error = bench_tables(&kpi);

	if (!error)
		error = folder ? bench_lint(folder, NULL) : bench_made(kpi);
	if (error)
		fprintf(stderr, "bench_apple: %s\n", error_message(error));
	return error ? 2 : 0;
}
