/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs inside a throwaway VM: the agent against bare loops over the same system calls, a
 * module and a device, all in one boot. Three rounds, alternating; medians and ratios.
 *
 *	bench_cycle MODULE DEVICE [TRIVIAL MODULE]
 *
 * The trivial module does nothing when it is loaded: its cycle is grace periods.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cycler/journal.h"

#define AREA "/tmp/area"

enum {
	AREA_SIZE = 16 << 20,
	ROUNDS = 3,
	LOADS = 40,
	TURBO_LOADS = 150,
	OPENS = 40000,
	STEPS = 2000000,
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static double bare_loads(const char *module, const char *name, int passes)
{
	double begin = now();
	int fd = open(module, O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < passes; i++)
		if (syscall(SYS_finit_module, fd, "", 0) ||
		    syscall(SYS_delete_module, name, O_NONBLOCK)) {
			perror("bare load");
			exit(1);
		}
	close(fd);
	return passes / (now() - begin);
}

/* A loop of insmod and rmmod, as people write it. */
static double shell_loads(const char *module, const char *name, int passes)
{
	double begin = now();
	char line[512];

	snprintf(
		line, sizeof(line),
		"i=0; while [ $i -lt %d ]; do /sbin/insmod %s && /sbin/rmmod %s || exit 1; "
		"i=$((i + 1)); done",
		passes, module, name);
	if (system(line)) {
		fprintf(stderr, "the shell's loop failed\n");
		exit(1);
	}
	return passes / (now() - begin);
}

static double bare_opens(const char *device)
{
	double begin = now();

	for (int i = 0; i < OPENS; i++) {
		int fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0) {
			perror(device);
			exit(1);
		}
		close(fd);
	}
	return OPENS / (now() - begin);
}

/* The first worker's rate, from the area that the agent shared. */
static double agent_rate(struct journal *journal, const char *plan, bool census)
{
	FILE *file = fopen("/tmp/plan.json", "w");
	const struct journal_worker *w = journal->workers;
	pid_t pid;
	int status;

	fputs(plan, file);
	fclose(file);
	pid = fork();
	if (!pid) {
		char area[64];

		snprintf(area, sizeof(area), "BOOKEND_AREA=" AREA ":0:%d", AREA_SIZE);
		putenv(area);
		if (!census)
			putenv("BOOKEND_WATCH=none");
		if (!freopen("/tmp/agent.out", "w", stdout))
			_exit(1);
		execl("/bookend/agent", "agent", "/tmp/plan.json", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status) {
		fprintf(stderr, "the agent failed: %d\n", status);
		exit(1);
	}
	/* the cycling worker is the last one: holders come first */
	while (w[1].pid)
		w++;
	return (double)w->passes * (double)journal->header->stamps_per_second /
	       (double)(w->ended - w->started);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

static double module_rate(struct journal *journal, const char *module, int passes,
			  bool turbo, bool census)
{
	char plan[512];

	snprintf(plan, sizeof(plan),
		 "{\"schema\":\"bookend-plan/1\",\"legs\":[{\"turbo\":%s,\"cycles\":[{"
		 "\"kind\":\"module\",\"module\":\"%s\",\"passes\":%d}]}]}",
		 turbo ? "true" : "false", module, passes);
	return agent_rate(journal, plan, census);
}

static double device_rate(struct journal *journal, const char *module, const char *device,
			  bool census)
{
	char plan[512];

	snprintf(
		plan, sizeof(plan),
		"{\"schema\":\"bookend-plan/1\",\"legs\":[{\"hold\":[{\"kind\":\"module\","
		"\"module\":\"%s\"}],\"cycles\":[{\"kind\":\"device\",\"device\":\"%s\","
		"\"passes\":%d}]}]}",
		module, device, OPENS);
	return agent_rate(journal, plan, census);
}

static double journal_ns(struct journal *journal)
{
	struct journal_record record = { .kind = JOURNAL_BEGIN };
	double begin = now();

	for (int i = 0; i < STEPS; i++) {
		record.stamp = journal_stamp();
		record.kind = JOURNAL_BEGIN;
		journal_add(journal, &record);
		record.stamp = journal_stamp();
		record.kind = JOURNAL_END;
		journal_add(journal, &record);
	}
	return (now() - begin) / STEPS * 1e9;
}

static void show(const char *what, double *rates, double *peers, const char *peer)
{
	double rate = median(rates), bare = median(peers);

	printf("%-44s %10.1f/s   %s %10.1f/s   ratio %.2f\n", what, rate, peer, bare,
	       rate / bare);
}

static double opens_loaded(const char *module, const char *name, const char *device)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	double rate;

	syscall(SYS_finit_module, fd, "", 0);
	rate = bare_opens(device);
	syscall(SYS_delete_module, name, O_NONBLOCK);
	close(fd);
	return rate;
}

static void name_of(const char *module, char *ret, size_t size)
{
	const char *slash = strrchr(module, '/');

	snprintf(ret, size, "%s", slash ? slash + 1 : module);
	ret[strcspn(ret, ".")] = 0;
	for (char *c = ret; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

static void run_loads(struct journal *journal, const char *module)
{
	double bare[ROUNDS], full[ROUNDS], lean[ROUNDS], turbo[ROUNDS],
		bare_turbo[ROUNDS], by_shell[ROUNDS];
	char name[64];

	name_of(module, name, sizeof(name));
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = bare_loads(module, name, LOADS);
		full[i] = module_rate(journal, module, LOADS, false, true);
		lean[i] = module_rate(journal, module, LOADS, false, false);
		by_shell[i] = shell_loads(module, name, LOADS);
		put("/sys/kernel/rcu_expedited", "1");
		bare_turbo[i] = bare_loads(module, name, TURBO_LOADS);
		put("/sys/kernel/rcu_expedited", "0");
		turbo[i] = module_rate(journal, module, TURBO_LOADS, true, true);
	}
	printf("%s\n", name);
	show("load/unload, journal, census, health", full, bare, "bare");
	show("load/unload, journal and health", lean, bare, "bare");
	show("load/unload, all on, against a shell's loop", full, by_shell, "shell");
	show("load/unload, turbo, all on", turbo, bare_turbo, "bare turbo");
	show("load/unload, turbo, against plain bare", turbo, bare, "bare");
}

static void run_opens(struct journal *journal, const char *module, const char *device)
{
	double opens[ROUNDS], full_opens[ROUNDS], lean_opens[ROUNDS],
		journal_cost[ROUNDS];
	char name[64];

	name_of(module, name, sizeof(name));
	for (int i = 0; i < ROUNDS; i++) {
		opens[i] = opens_loaded(module, name, device);
		full_opens[i] = device_rate(journal, module, device, true);
		lean_opens[i] = device_rate(journal, module, device, false);
		journal_cost[i] = journal_ns(journal);
	}
	show("open/close, journal and health", lean_opens, opens, "bare");
	show("open/close, journal, census, health", full_opens, opens, "bare");
	printf("journal: %.0f ns a step (two records, two stamps)\n",
	       median(journal_cost));
}

int main(int argc, char **argv)
{
	struct journal journal;
	void *area;
	int fd;

	/* what forks must not print the lines before it once more */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return 2;
	fd = open(AREA, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, AREA_SIZE))
		return 1;
	area = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED || !journal_format(area, AREA_SIZE, &journal))
		return 1;
	run_loads(&journal, argv[1]);
	run_opens(&journal, argv[1], argv[2]);
	if (argc > 3)
		run_loads(&journal, argv[3]);
	return 0;
}
