/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbolizer against addr2line, llvm-symbolizer and the kernel's own way (nm and
 * addr2line for every frame), on one vmlinux with DWARF: CPU seconds of whole processes,
 * medians, all in one run.
 *
 *	BOOKEND_VMLINUX		the vmlinux; default: that of the running kernel
 *	BOOKEND_DEBUG_MODULES	a folder of modules with DWARF, for the index of all
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "symbolizer/object.h"
#include "symbolizer/panic.h"
#include "tests/symbolizer/corpus.h"

enum { FRAMES = 20, RUNS = 5, AGREE = 100000 };

static const char symbolize[] = "build/bin/bookend-symbolize";
static char folder[] = "/tmp/bookend-bench-XXXXXX";
static char vmlinux[4096];

struct cost {
	double cpu;	/* user and system seconds */
	long anonymous; /* KiB of memory of its own, at most */
};

static void fail(const char *what)
{
	fprintf(stderr, "bench_symbolizer: %s failed: %s\n", what, strerror(errno));
	exit(2);
}

static const char *in_folder(const char *name)
{
	static char paths[4][4096];
	static int next;
	char *path = paths[next++ & 3];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Memory that is no file's: what the process takes from others. */
static long own_memory(pid_t process)
{
	char path[64], line[256];
	FILE *file;
	long value = 0;
	bool ours = false;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		/* Before exec it is still a copy of this process. */
		if (!strncmp(line, "Name:\tbench_symb", 16))
			ours = true;
		else if (!strncmp(line, "RssAnon:", 8))
			value = strtol(line + 8, NULL, 10);
	if (file)
		fclose(file);
	return ours ? 0 : value;
}

static struct cost run(const char *const *argv, const char *in, const char *out)
{
	struct rusage usage;
	const struct timespec pause = { .tv_nsec = 2000000 };
	int status;
	long most = 0;
	pid_t done = 0;
	pid_t child = fork();

	if (!child) {
		int input = open(in ? in : "/dev/null", O_RDONLY);
		int output =
			open(out ? out : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(input, 0);
		dup2(output, 1);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	while (child > 0 && !(done = wait4(child, &status, WNOHANG, &usage))) {
		long now = own_memory(child);

		most = now > most ? now : most;
		nanosleep(&pause, NULL);
	}
	if (child < 0 || done != child || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fail(argv[0]);
	return (struct cost){ usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
				      (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
					      1e6,
			      most };
}

static int by_cpu(const void *left, const void *right)
{
	const struct cost *a = left, *b = right;

	return (a->cpu > b->cpu) - (a->cpu < b->cpu);
}

/* @cold: without indexes of earlier runs. */
static struct cost median(const char *const *argv, const char *in, const char *out,
			  bool cold)
{
	struct cost costs[RUNS];

	for (int i = 0; i < RUNS; i++) {
		if (cold)
			error_destroy(file_remove_tree(in_folder("cache")));
		costs[i] = run(argv, in, out);
	}
	qsort(costs, RUNS, sizeof(*costs), by_cpu);
	return costs[RUNS / 2];
}

static struct object *open_object(bool cache)
{
	struct object *object;
	_error_ struct error *error = object_create(vmlinux, NULL, cache, &object);

	if (!error)
		error = object_index(object);
	if (error) {
		fprintf(stderr, "bench_symbolizer: %s\n", error_message(error));
		exit(2);
	}
	return object;
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void write_addresses(struct object *object, size_t count, const char *name)
{
	FILE *file = fopen(in_folder(name), "w");
	uint64_t start, size, state = 88172645463325252;
	const char *area;
	bool found;

	if (!file || object_area(object, 0, &area, &start, &size, &found) || !found)
		fail("addresses");
	for (size_t i = 0; i < count; i++)
		fprintf(file, "0x%llx\n",
			(unsigned long long)(start + random_next(&state) % size));
	fclose(file);
}

static void compare_addresses(const char *name, const char *label, bool slow)
{
	const char *const ours[] = { symbolize, "--addresses", "-",
				     "--debug", vmlinux,       NULL };
	const char *const llvm[] = { "llvm-symbolizer-14", "-e", vmlinux, NULL };
	const char *const binutils[] = { "addr2line", "-fie", vmlinux, NULL };
	_free_ char *in = strdup(in_folder(name));
	struct cost a = median(ours, in, NULL, false), b = { 0 }, c = { 0 };

	b = run(llvm, in, NULL);
	if (slow)
		c = run(binutils, in, NULL);
	printf("%-22s bookend %.3f s (%ld MiB)  llvm-symbolizer %.2f s = %.0f x", label,
	       a.cpu, a.anonymous >> 10, b.cpu, b.cpu / a.cpu);
	if (slow)
		printf("  addr2line %.2f s = %.0f x", c.cpu, c.cpu / a.cpu);
	printf("\n");
}

static void measure_index(void)
{
	const char *const one[] = { symbolize, "-q", "--index", vmlinux, NULL };
	const char *modules = getenv("BOOKEND_DEBUG_MODULES");
	const char *const all[] = { symbolize, "-q", "--index", vmlinux, modules, NULL };
	struct cost cost = median(one, NULL, NULL, true);

	printf("%-22s %.2f s, %ld MiB of own memory\n", "index of vmlinux", cost.cpu,
	       cost.anonymous >> 10);
	if (!modules) {
		printf("index of all modules: skipped, BOOKEND_DEBUG_MODULES is not set\n");
		return;
	}
	error_destroy(file_remove_tree(in_folder("cache")));
	cost = run(all, NULL, NULL);
	printf("%-22s %.2f s, %ld MiB of own memory\n", "vmlinux and modules", cost.cpu,
	       cost.anonymous >> 10);
}

/* An oops of FRAMES frames; the same functions and offsets for the peers. */
static void write_oops(struct object *object, struct index_symbol_hit *hits)
{
	FILE *file = fopen(in_folder("oops.log"), "w");
	uint64_t start, size, state = 4101842887655102017;
	const char *area;
	bool found;
	int count = 0;

	if (!file || object_area(object, 0, &area, &start, &size, &found))
		fail("oops");
	fprintf(file, "BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
		      "Call Trace:\n");
	while (count < FRAMES) {
		struct index_hit hit;

		if (object_lookup(object, start + random_next(&state) % size, &hit))
			fail("lookup");
		if (!hit.symbol.name || !hit.has_line || hit.symbol.size < 32)
			continue;
		hits[count++] = hit.symbol;
		fprintf(file, " %s+0x10/0x%llx\n", hit.symbol.name,
			(unsigned long long)hit.symbol.size);
	}
	fclose(file);
}

static void compare_oops(struct object *object)
{
	struct index_symbol_hit hits[FRAMES];
	_free_ char *log = strdup(in_folder("oops.log"));
	const char *const ours[] = { symbolize, "--no-explain", "--debug", vmlinux, log,
				     NULL };
	struct cost cold, warm, peer = { 0 };

	write_oops(object, hits);
	cold = median(ours, NULL, NULL, true);
	error_destroy(object_index(object));
	run((const char *const[]){ symbolize, "-q", "--index", vmlinux, NULL }, NULL,
	    NULL);
	warm = median(ours, NULL, NULL, false);
	for (int i = 0; i < FRAMES; i++) {
		char address[32];

		snprintf(address, sizeof(address), "0x%llx",
			 (unsigned long long)hits[i].address + 16);
		peer.cpu +=
			run((const char *const[]){ "nm", vmlinux, NULL }, NULL, NULL).cpu;
		peer.cpu += run((const char *const[]){ "addr2line", "-fie", vmlinux,
						       address, NULL },
				NULL, NULL)
				    .cpu;
	}
	printf("%-22s cold %.0f ms, warm %.0f ms; nm and addr2line a frame %.2f s = %.0f x "
	       "cold\n",
	       "oops of 20 frames", cold.cpu * 1e3, warm.cpu * 1e3, peer.cpu,
	       peer.cpu / cold.cpu);
}

/* One place of a peer's output: what is left of a path after "a/../" and "./". */
static void tidy(char *path)
{
	char *out = path;

	for (char *p = path; *p;) {
		size_t length = strcspn(p, "/") + (p[strcspn(p, "/")] == '/');

		if (!strncmp(p, "./", 2)) {
			p += 2;
		} else if (!strncmp(p, "../", 3) && out > path) {
			out--;
			while (out > path && out[-1] != '/')
				out--;
			p += 3;
		} else {
			memmove(out, p, length);
			out += length;
			p += length;
		}
	}
	*out = 0;
}

enum difference { SAME, DEPTH, FUNCTION, FILE_NAME, LINE, DIFFERENCES };

static enum difference compare_place(const struct place *ours, char *function,
				     char *where)
{
	char *colon, *line;
	char name[256];

	snprintf(name, sizeof(name), "%s", ours->function ? ours->function : "??");
	name[strcspn(name, ".")] = 0;
	function[strcspn(function, ".\n")] = 0;
	if (strcmp(name, function))
		return FUNCTION;
	colon = strrchr(where, ':');
	if (colon)
		*colon = 0;
	line = strrchr(where, ':');
	if (!line)
		return FILE_NAME;
	*line++ = 0;
	tidy(where);
	if (strcmp(ours->file ? ours->file : "??", where))
		return FILE_NAME;
	return ours->line == strtoul(line, NULL, 10) ? SAME : LINE;
}

static enum difference compare_hit(const struct index_hit *hit, FILE *peer)
{
	struct place none = { 0 };
	char function[8192], where[8192];
	enum difference difference = SAME;
	size_t count = 0;

	while (fgets(function, sizeof(function), peer) && function[0] != '\n') {
		const struct place *ours =
			count < hit->count ? &hit->places[count] : &none;

		if (!fgets(where, sizeof(where), peer))
			break;
		if (!hit->count && !count)
			none.function = hit->symbol.name;
		if (difference == SAME)
			difference = compare_place(ours, function, where);
		count++;
	}
	return difference == SAME && count != (hit->count ? hit->count : 1) ? DEPTH
									    : difference;
}

static void measure_agreement(struct object *object)
{
	const char *const llvm[] = { "llvm-symbolizer-14", "-e", vmlinux, NULL };
	size_t counts[DIFFERENCES] = { 0 };
	FILE *addresses, *peer;
	char line[64];

	write_addresses(object, AGREE, "agree");
	run(llvm, in_folder("agree"), in_folder("agree.llvm"));
	addresses = fopen(in_folder("agree"), "r");
	peer = fopen(in_folder("agree.llvm"), "r");
	if (!addresses || !peer)
		fail("agreement");
	while (fgets(line, sizeof(line), addresses)) {
		struct index_hit hit;

		if (object_lookup(object, strtoull(line, NULL, 16), &hit))
			fail("lookup");
		counts[compare_hit(&hit, peer)]++;
	}
	fclose(addresses);
	fclose(peer);
	printf("%-22s %.3f %% of %d addresses; other depth %zu, function %zu, file %zu, "
	       "line %zu\n",
	       "as llvm-symbolizer", 100.0 * counts[SAME] / AGREE, AGREE, counts[DEPTH],
	       counts[FUNCTION], counts[FILE_NAME], counts[LINE]);
}

/* The corpus's logs one after the other, until there are enough bytes. */
static void measure_parser(void)
{
	_strbuf_ struct strbuf all = STRBUF_INIT;
	_free_ char *path = corpus_folder("linux-titled");
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	clock_t start;

	if (!path) {
		printf("parser: skipped, no panic corpus\n");
		return;
	}
	for (int i = 0; i < 1000; i++) {
		struct corpus_log one;
		char name[4200];

		snprintf(name, sizeof(name), "%s/%d.log", path, i);
		if (access(name, R_OK) || corpus_read(name, &one))
			continue;
		strbuf_add(&all, one.log, one.size);
		corpus_log_deinit(&one);
	}
	for (int i = 0; i < 4; i++) {
		_strbuf_ struct strbuf copy = STRBUF_INIT;

		strbuf_add(&copy, all.data, all.length);
		strbuf_add(&all, copy.data, copy.length);
	}
	start = clock();
	if (panic_parse(all.data, all.length, &log))
		fail("parser");
	printf("%-22s %.0f MB/s, of %zu MB with %zu reports\n", "parser",
	       all.length / 1e6 / ((double)(clock() - start) / CLOCKS_PER_SEC),
	       all.length / 1000000, log->count);
}

int main(void)
{
	const char *given = getenv("BOOKEND_VMLINUX");
	struct object *object;
	struct utsname name;

	uname(&name);
	measure_parser();
	if (given)
		snprintf(vmlinux, sizeof(vmlinux), "%s", given);
	else
		snprintf(vmlinux, sizeof(vmlinux), "/usr/lib/debug/boot/vmlinux-%s",
			 name.release);
	if (access(vmlinux, R_OK)) {
		printf("skipped: no vmlinux with DWARF (BOOKEND_VMLINUX names one)\n");
		return 0;
	}
	if (!process_found("llvm-symbolizer-14") || !process_found("addr2line")) {
		printf("skipped: llvm-symbolizer-14 or addr2line is not there\n");
		return 0;
	}
	if (!mkdtemp(folder))
		fail("mkdtemp");
	setenv("XDG_CACHE_HOME", in_folder("cache"), 1);
	measure_index();
	object = open_object(true);
	write_addresses(object, 10000, "10k");
	write_addresses(object, 1000000, "1m");
	compare_addresses("10k", "10 000 addresses", true);
	compare_addresses("1m", "1 000 000 addresses", false);
	compare_oops(object);
	measure_agreement(object);
	object_destroy(object);
	error_destroy(file_remove_tree(folder));
	return 0;
}
