/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources that count for the whole kernel, in throwaway machines in which nothing
 * happens: how often do they see a leak? A run lasts a minute; BOOKEND_IDLE_RUNS says how
 * many there are of each source (default 8), BOOKEND_IDLE_MACHINES in how many machines
 * at a time (default 4).
 */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static const char *const sources[] = { "slabs", "slabinfo", "meminfo" };

enum { SOURCES = sizeof(sources) / sizeof(sources[0]), MACHINES = 16 };

struct count {
	unsigned int runs, alarms;
	double limit, seconds; /* the largest */
};

static long from_environment(const char *name, long otherwise, long most)
{
	const char *text = getenv(name);
	long value = text ? atol(text) : otherwise;

	return value < 1 ? 1 : value > most ? most : value;
}

static FILE *start(long rounds)
{
	char idle[PATH_MAX], leakwatch[PATH_MAX], command[3 * PATH_MAX + 256];

	if (!realpath("build/tests/leakwatch/idle", idle) ||
	    !realpath("build/bin/bookend-leakwatch", leakwatch))
		return NULL;
	snprintf(command, sizeof(command),
		 "nice -n 10 build/bin/bookend-vm run --boot-timeout 600s --file %s "
		 "-- %s %s %ld 60 slabs slabinfo meminfo",
		 leakwatch, idle, leakwatch, rounds);
	return popen(command, "r");
}

static void add(struct count *counts, const json_t *run)
{
	const char *source = json_string_value(json_object_get(run, "source"));
	const json_t *findings = json_object_get(run, "findings");
	double limit = json_number_value(json_object_get(run, "limit"));
	double seconds = json_number_value(json_object_get(run, "seconds"));

	for (size_t i = 0; source && i < SOURCES; i++) {
		struct count *count = &counts[i];

		if (strcmp(source, sources[i]))
			continue;
		count->runs++;
		count->alarms += json_array_size(findings) > 0;
		count->limit = limit > count->limit ? limit : count->limit;
		count->seconds = seconds > count->seconds ? seconds : count->seconds;
	}
	for (size_t i = 0; source && i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);

		printf("alarm: %s: %s %s\n", source,
		       json_string_value(json_object_get(finding, "symbol")),
		       json_string_value(json_object_get(finding, "evidence")));
	}
}

int main(void)
{
	long runs = from_environment("BOOKEND_IDLE_RUNS", 8, 100000);
	long machines = from_environment("BOOKEND_IDLE_MACHINES", 4, MACHINES);
	struct count counts[SOURCES] = { 0 };
	FILE *lanes[MACHINES] = { NULL };
	char *line = NULL;
	size_t size = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (machines > runs)
		machines = runs;
	for (long i = 0; i < machines; i++)
		lanes[i] = start(runs / machines + (i < runs % machines));
	for (long i = 0; i < machines; i++) {
		while (lanes[i] && getline(&line, &size, lanes[i]) > 0) {
			json_t *run = json_loads(line, 0, NULL);

			add(counts, run);
			json_decref(run);
		}
		if (!lanes[i] || pclose(lanes[i]))
			fprintf(stderr,
				"bench_counters: a machine failed: its runs until "
				"then count\n");
	}
	free(line);
	for (size_t i = 0; i < SOURCES; i++)
		printf("%-10s %u alarms in %u idle runs (of up to %.0f s; largest limit "
		       "%.0f B a cycle)\n",
		       sources[i], counts[i].alarms, counts[i].runs, counts[i].seconds,
		       counts[i].limit);
	return EXIT_SUCCESS;
}
