/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs inside a target: does leakwatch's counting cry wolf while nothing happens?
 *
 *	idle BOOKEND-LEAKWATCH ROUNDS SECONDS SOURCE…
 *
 * In each round every source takes a run of its own, all at once: a command that only
 * sleeps, in eight groups of blocks that last SECONDS together. Prints a line a run:
 * { "source": …, "seconds": …, "findings": [ … ], "limit": … }
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 32, SOURCES = 8 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static pid_t start(const char *self, const char *leakwatch, const char *source,
		   double seconds)
{
	char format[64], block[32];
	pid_t process = fork();

	if (process)
		return process;
	snprintf(format, sizeof(format), "json:/tmp/%s.json", source);
	snprintf(block, sizeof(block), "%.3f", seconds / BLOCKS);
	execl(leakwatch, leakwatch, "--quiet", "--module", "nothing", "--source", source,
	      "--format", format, "--", self, block, (char *)NULL);
	_exit(127);
}

/* 0 and 1 are verdicts. */
static int finish(const char *source, double begun, int status)
{
	char path[64];
	json_t *report, *run, *measure;
	size_t i;
	char *text;

	snprintf(path, sizeof(path), "/tmp/%s.json", source);
	report = WIFEXITED(status) && WEXITSTATUS(status) <= 1
			 ? json_load_file(path, 0, NULL)
			 : NULL;
	if (!report) {
		fprintf(stderr, "idle: %s gave no verdict (status %d)\n", source, status);
		return EXIT_FAILURE;
	}
	run = json_pack("{s:s, s:f, s:O}", "source", source, "seconds", now() - begun,
			"findings", json_object_get(report, "findings"));
	json_array_foreach(
		json_object_get(report, "measurements"), i,
		measure) if (!strcmp(json_string_value(json_object_get(measure, "name")),
				     "leaks.limit"))
		json_object_set(run, "limit", json_object_get(measure, "value"));
	text = json_dumps(run, JSON_COMPACT);
	puts(text ? text : "");
	free(text);
	json_decref(run);
	json_decref(report);
	unlink(path);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	pid_t runs[SOURCES];

	/* the command of its runs: it sleeps */
	if (argc == 2)
		return usleep(atof(argv[1]) * 1e6) ? EXIT_FAILURE : EXIT_SUCCESS;
	if (argc < 5 || argc > 4 + SOURCES) {
		fprintf(stderr, "usage: idle BOOKEND-LEAKWATCH ROUNDS SECONDS SOURCE…\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (long round = 0; round < atol(argv[2]); round++) {
		double begun = now();

		for (int i = 4; i < argc; i++)
			runs[i - 4] = start(argv[0], argv[1], argv[i], atof(argv[3]));
		for (int i = 4; i < argc; i++) {
			int status = 0;

			waitpid(runs[i - 4], &status, 0);
			if (finish(argv[i], begun, status))
				return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
