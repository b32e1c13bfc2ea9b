/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs inside a target: what the census costs. Prints one JSON object.
 *
 *	rates LEAKY.KO ROUNDS        (with the kernel's module dummy loaded)
 *
 * ns of an alloc/free pair of a driver that is not watched: without census, with one
 * that has nothing to watch, with one that watches code which is there, and after it;
 * and load/unload passes a second with and without, for plain and expedited grace
 * periods. The median of the rounds; with and without take turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/census.h"

enum { PAIRS = 100000, LOADS = 40, MOST = 64 };

static void die(const char *what)
{
	fprintf(stderr, "rates: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		die("finit_module");
	close(fd);
}

static void unload(void)
{
	while (syscall(SYS_delete_module, "leaky", O_NONBLOCK)) {
		if (errno != EAGAIN && errno != EBUSY)
			die("delete_module");
		usleep(1000);
	}
}

/* ns a pair */
static double pairs(void)
{
	static const char command[] = "free pairs";
	int fd = open("/dev/leaky", O_WRONLY | O_CLOEXEC);
	double begin = now();

	if (fd < 0 || write(fd, command, strlen(command)) < 0)
		die("/dev/leaky");
	close(fd);
	return (now() - begin) * 1e9 / PAIRS;
}

static struct census *begin_census(const char *module)
{
	struct census_options options = { .modules = &module, .module_count = 1 };
	struct census *census = NULL;
	_error_ struct error *error = census_create(&options, &census);

	if (error) {
		fprintf(stderr, "rates: %s\n", error_message(error));
		exit(EXIT_FAILURE);
	}
	return census;
}

/* Passes a second, by a worker of its own as the cycler has it. */
static double loads(const char *path)
{
	double begin = now();
	int status = 0;
	pid_t worker = fork();

	if (!worker) {
		for (int i = 0; i < LOADS; i++) {
			load(path);
			unload();
		}
		_exit(0);
	}
	waitpid(worker, &status, 0);
	if (status)
		die("worker");
	return LOADS / (now() - begin);
}

static void expedite(bool on)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, on ? "1" : "0", 1) < 0)
		die("rcu_expedited");
	close(fd);
}

static void print_pairs(const char *path, int rounds)
{
	double none[MOST], idle[MOST], watching[MOST], after[MOST];
	struct census *census;

	load(path);
	for (int i = 0; i < rounds; i++) {
		none[i] = pairs();
		census = begin_census("nothing");
		idle[i] = pairs();
		census_destroy(census);
		census = begin_census("dummy");
		watching[i] = pairs();
		census_destroy(census);
		/* the kernel tears the programs down in the background */
		usleep(500000);
		after[i] = pairs();
	}
	unload();
	printf("\"pair_none\": %.1f, \"pair_idle\": %.1f, \"pair_watching\": %.1f, "
	       "\"pair_after\": %.1f",
	       median(none, rounds), median(idle, rounds), median(watching, rounds),
	       median(after, rounds));
}

static void print_loads(const char *path, int rounds, bool expedited)
{
	double none[MOST], with[MOST];

	expedite(expedited);
	for (int i = 0; i < rounds; i++) {
		struct census *census;

		none[i] = loads(path);
		census = begin_census("leaky");
		with[i] = loads(path);
		census_destroy(census);
	}
	printf(", \"%s_none\": %.2f, \"%s_census\": %.2f",
	       expedited ? "expedited" : "plain", median(none, rounds),
	       expedited ? "expedited" : "plain", median(with, rounds));
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[2]) : 0;

	if (rounds < 1 || rounds > MOST) {
		fprintf(stderr, "usage: rates LEAKY.KO ROUNDS\n");
		return 2;
	}
	printf("{ ");
	print_pairs(argv[1], rounds);
	print_loads(argv[1], rounds, false);
	print_loads(argv[1], rounds, true);
	printf(" }\n");
	return EXIT_SUCCESS;
}
