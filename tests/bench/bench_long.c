/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only time shows: a rate kept for an hour, and memory and disk flat while a cycle
 * goes as fast as it can.
 *
 *	bench_long BOOKEND-CYCLE MODULE DEVICE
 *
 * BOOKEND_LONG (as 10m) is how long each part takes instead of an hour and two;
 * BOOKEND_LONG_RATE and BOOKEND_LONG_FULL set one of them ("0": left out). The folder of
 * the runs is BOOKEND_LONG_FOLDER, or one below /tmp, which stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/journal.h"
#include "target/channel.h"
#include "target/clock.h"

enum {
	RATE = 10,
	SAMPLES = 20000,
	SAMPLE_SECONDS = 5,
	WARM_MINUTES = 10,
	ALLOWED_SHARE = 50, /* flat: the second half's peak is at most 1/50 above … */
	ALLOWED_KIB = 256,  /* … or this */
};

enum what { CONTROLLER, AGENT, DISK, WIRED, WHATS };

static const char *const names[WHATS] = { "controller, memory", "agent, memory",
					  "run folder, disk", "target, wired memory" };

struct samples {
	size_t count;
	double begun, seconds[SAMPLES];
	uint64_t bytes[WHATS][SAMPLES];
};

struct run_files {
	char folder[256];
	void *shared; /* shared.bin, mapped; NULL: not yet */
};

static int failures;

static void judge(bool good, const char *what)
{
	printf("  %-6s %s\n", good ? "ok" : "FAILED", what);
	failures += !good;
}

static uint64_t resident(pid_t pid)
{
	unsigned long long size, pages, mapped;
	char path[64];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	n = fscanf(file, "%llu %llu %llu", &size, &pages, &mapped);
	fclose(file);
	/* shared.bin and what else is mapped of files is no memory of its own */
	return n == 3 ? (pages - mapped) * 4096 : 0;
}

static uint64_t disk_used(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	uint64_t sum = 0;
	char path[600];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!stat(path, &st) && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	}
	if (dir)
		closedir(dir);
	return sum;
}

static const struct journal_header *header_of(struct run_files *files)
{
	size_t size = CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE;
	char path[300];
	struct stat st;
	int fd;

	if (!files->shared) {
		snprintf(path, sizeof(path), "%s/shared.bin", files->folder);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < size) {
			if (fd >= 0)
				close(fd);
			return NULL;
		}
		files->shared = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		if (files->shared == MAP_FAILED)
			files->shared = NULL;
	}
	return files->shared ? (void *)((char *)files->shared + CHANNEL_AREA_OFFSET)
			     : NULL;
}

static void sample(struct samples *s, struct run_files *files, pid_t pid, double seconds)
{
	const struct journal_header *h = header_of(files);

	if (!h || !h->agent_memory || s->count == SAMPLES)
		return;
	/* since the agent is there: how long the boot took does not matter */
	if (!s->count)
		s->begun = seconds;
	s->seconds[s->count] = seconds - s->begun;
	s->bytes[CONTROLLER][s->count] = resident(pid);
	s->bytes[AGENT][s->count] = h->agent_memory;
	s->bytes[DISK][s->count] = disk_used(files->folder);
	s->bytes[WIRED][s->count] = h->wired;
	s->count++;
}

/* Runs a cycle to its end, sampling; its exit status. */
static int run_cycle(const char *const *argv, struct run_files *files, struct samples *s)
{
	uint64_t begin = clock_now();
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	for (uint64_t next = 0; !waitpid(pid, &status, WNOHANG);) {
		double seconds = (double)(clock_now() - begin) / 1e9;

		if (seconds >= (double)next) {
			sample(s, files, pid, seconds);
			next = (uint64_t)seconds + SAMPLE_SECONDS;
		}
		usleep(200000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The peak of what was seen from @from to @to, by time. */
static uint64_t peak(const struct samples *s, enum what what, double from, double to)
{
	uint64_t most = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->seconds[i] >= from && s->seconds[i] < to &&
		    s->bytes[what][i] > most)
			most = s->bytes[what][i];
	return most;
}

/* Least squares, bytes an hour. */
static double slope(const struct samples *s, enum what what, double from)
{
	double n = 0, x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->seconds[i] < from)
			continue;
		n++;
		x += s->seconds[i];
		y += (double)s->bytes[what][i];
		xx += s->seconds[i] * s->seconds[i];
		xy += s->seconds[i] * (double)s->bytes[what][i];
	}
	return n > 1 ? (n * xy - x * y) / (n * xx - x * x) * 3600 : 0;
}

static void judge_flat(const struct samples *s, enum what what, double duration,
		       uint64_t disk_bound)
{
	double warm = duration > 6 * WARM_MINUTES * 60 ? WARM_MINUTES * 60 : duration / 6;
	double middle = (warm + duration) / 2;
	/* what the verdict takes, behind the last pass, is another matter */
	uint64_t early = peak(s, what, warm, middle),
		 late = peak(s, what, middle, duration - SAMPLE_SECONDS);
	uint64_t allowed = early / ALLOWED_SHARE > ALLOWED_KIB << 10
				   ? early / ALLOWED_SHARE
				   : ALLOWED_KIB << 10;
	_strbuf_ struct strbuf text = STRBUF_INIT;
	char line[64];

	strbuf_addf(&text, "%-22s peak ", names[what]);
	units_add_size(&text, early);
	strbuf_adds(&text, ", then ");
	units_add_size(&text, late);
	snprintf(line, sizeof(line), "; slope %+.1f KiB an hour",
		 slope(s, what, warm) / 1024);
	strbuf_adds(&text, line);
	/* a file that is thinned lies beside the new one for a moment: its peak is a
	 * bound */
	if (what == DISK)
		judge(early && late && early <= disk_bound && late <= disk_bound,
		      strbuf_string(&text));
	else
		judge(early && late <= early + allowed, strbuf_string(&text));
}

static json_t *report_of(const struct run_files *files)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/report.json", files->folder);
	return json_load_file(path, 0, NULL);
}

/* The run of the cycle, not of what holds it: the one with most passes. */
static json_t *main_run(json_t *report)
{
	json_t *run, *best = NULL;
	size_t i;

	json_array_foreach(
		json_object_get(report, "runs"), i,
		run) if (!best ||
			 json_integer_value(json_object_get(run, "passes")) >
				 json_integer_value(json_object_get(best, "passes")))
		best = run;
	return best;
}

static double measured(json_t *report, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(report, "measurements"), i, one) if (
		!strcmp(json_string_value(json_object_get(one, "name")),
			name)) return json_number_value(json_object_get(one, "value"));
	return 0;
}

static void print_latency(const char *step, const json_t *latency)
{
	static const char *const keys[][2] = {
		{ "p50", "p50" },    { "p90", "p90" },	    { "p99", "p99" },
		{ "p999", "p99.9" }, { "p9999", "p99.99" }, { "p99999", "p99.999" },
		{ "max", "max" },
	};
	_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; latency && i < sizeof(keys) / sizeof(*keys); i++) {
		strbuf_addf(&text, "  %s ", keys[i][1]);
		units_add_duration(&text, (uint64_t)json_integer_value(
						  json_object_get(latency, keys[i][0])));
	}
	printf("         %-10s%s\n", step, strbuf_string(&text));
}

static void write_plan(const char *path, const char *module, const char *device,
		       const char *rate, double seconds)
{
	json_t *cycle = json_pack("{s:s, s:s, s:s}", "kind", "device", "device", device,
				  "for", "");
	json_t *plan;
	char text[32];

	snprintf(text, sizeof(text), "%.0fs", seconds);
	json_object_set_new(cycle, "for", json_string(text));
	if (rate)
		json_object_set_new(cycle, "rate", json_string(rate));
	plan = json_pack("{s:s, s:s, s:[{s:s, s:[{s:s, s:s}], s:[o]}]}", "schema",
			 "bookend-plan/1", "name", "long", "legs", "name", "long", "hold",
			 "kind", "module", "module", module, "cycles", cycle);
	if (!plan || json_dump_file(plan, path, JSON_INDENT(2))) {
		perror(path);
		exit(1);
	}
	json_decref(plan);
}

/* So small that it is reached, and thinned, many times. */
static uint64_t journal_cap(double seconds)
{
	return (uint64_t)(seconds < 1800 ? 8 : 64) << 20;
}

static json_t *part(const char *program, const char *module, const char *device,
		    const char *name, const char *rate, double seconds,
		    struct samples *samples)
{
	const char *given = getenv("BOOKEND_LONG_FOLDER");
	struct run_files files = { .shared = NULL };
	char plan[300], cap[24];
	const char *argv[] = { program, "--quiet", "--journal-max",
			       cap,	"-o",	   files.folder,
			       plan,	NULL };
	json_t *report;
	int status;

	snprintf(cap, sizeof(cap), "%lluM",
		 (unsigned long long)(journal_cap(seconds) >> 20));
	snprintf(files.folder, sizeof(files.folder), "%.200s/%s",
		 given ? given : "/tmp/bookend-long", name);
	mkdir(given ? given : "/tmp/bookend-long", 0755);
	snprintf(plan, sizeof(plan), "%s.json", files.folder);
	write_plan(plan, module, device, rate, seconds);
	fflush(stdout);
	status = run_cycle(argv, &files, samples);
	printf("  %-6s exit status %d; %s/report.txt\n", status == 0 ? "ok" : "FAILED",
	       status, files.folder);
	failures += status != 0;
	report = report_of(&files);
	return report;
}

static void rate_part(char **argv, double seconds)
{
	static struct samples samples;
	char rate[16], line[160];
	json_t *report, *run, *latency;
	double kept, passes, error;

	printf("%d/s for %.0f s\n", RATE, seconds);
	snprintf(rate, sizeof(rate), "%d/s", RATE);
	report = part(argv[1], argv[2], argv[3], "rate", rate, seconds, &samples);
	run = main_run(report);
	latency = json_object_get(run, "latency");
	passes = json_number_value(json_object_get(run, "passes"));
	kept = json_number_value(json_object_get(run, "rate_kept"));
	error = passes - seconds * RATE;
	snprintf(line, sizeof(line),
		 "%.0f passes of %.0f, %.6f/s kept: off by %+.0f slots", passes,
		 seconds * RATE, kept, error);
	judge(error >= -1 && error <= 1, line);
	print_latency("lateness", json_object_get(latency, "lateness"));
	print_latency("pass", json_object_get(latency, "pass"));
	json_decref(report);
}

static void full_part(char **argv, double seconds)
{
	static struct samples samples;
	char line[160];
	json_t *report, *run;
	double records;

	printf("as fast as it goes for %.0f s\n", seconds);
	report = part(argv[1], argv[2], argv[3], "full", NULL, seconds, &samples);
	run = main_run(report);
	records = measured(report, "journal.records");
	snprintf(line, sizeof(line), "%.0f records (%.0f a second), %.0f passes", records,
		 records / seconds, json_number_value(json_object_get(run, "passes")));
	judge(records >= 1e8 || seconds < 7200, line);
	snprintf(line, sizeof(line), "%.1f MiB of journal, %.0f records thinned",
		 measured(report, "journal.size") / 1048576,
		 measured(report, "journal.thinned"));
	judge(true, line);
	for (enum what what = 0; what < WHATS; what++)
		judge_flat(&samples, what, seconds,
			   CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE +
				   journal_cap(seconds) * 3 / 2);
	print_latency("pass", json_object_get(json_object_get(run, "latency"), "pass"));
	json_decref(report);
}

static double seconds_of(const char *name, double otherwise)
{
	const char *text = getenv(name);
	struct error *error;
	uint64_t ns = 0;

	if (!text)
		return otherwise;
	if (!strcmp(text, "0"))
		return 0;
	error = units_parse_duration(text, &ns);
	if (error) {
		fprintf(stderr, "%s: %s\n", name, error_message(error));
		exit(2);
	}
	return (double)ns / 1e9;
}

int main(int argc, char **argv)
{
	double rate, full;

	if (argc != 4)
		return 2;
	rate = seconds_of("BOOKEND_LONG_RATE", seconds_of("BOOKEND_LONG", 3600));
	full = seconds_of("BOOKEND_LONG_FULL", seconds_of("BOOKEND_LONG", 7200));
	if (rate > 0)
		rate_part(argv, rate);
	if (full > 0)
		full_part(argv, full);
	return failures != 0;
}
