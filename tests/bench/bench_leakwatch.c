/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leakwatch in the throwaway machine: twelve ways to leak, each in every pass, in one of
 * seven, and once in a hundred passes; what must not be reported; and what it costs.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/process.h"
#include "leakwatch/verdict.h"
#include "report/report.h"

static const char ko[] = "build/tests/leakwatch/leaky/leaky.ko";

/* Objects and bytes of one leak of a kind. */
static const struct kind {
	const char *name, *function;
	unsigned int objects, bytes;
} kinds[] = {
	{ "kmalloc", "leaky_kmalloc", 1, 100 },
	{ "large", "leaky_large", 1, 40000 },
	{ "kasprintf", "leaky_kasprintf", 1, 21 },
	{ "vmalloc", "leaky_vmalloc", 1, 8192 },
	{ "percpu", "leaky_percpu", 1, 64 },
	{ "page", "leaky_page", 1, 8192 },
	{ "skb", "leaky_skb", 2, 1256 },
	{ "dma", "leaky_dma", 1, 8192 },
	{ "work", "leaky_worker", 1, 300 },
	{ "rcu", "leaky_rcu", 1, 152 },
	{ "kvmalloc", "leaky_kvmalloc", 1, 100000 },
	{ "file", "leaky_file", 2, 280 },
};

static const struct {
	const char *every;
	unsigned int leaks;
} rhythms[] = { { "1", 100 }, { "7", 15 }, { "once", 1 } };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), RHYTHMS = 3, ARGUMENTS = 128 };

static void check(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "bench_leakwatch: %s\n", error_message(error));
	exit(EXIT_FAILURE);
}

/* What @program prints in the machine, owned. */
static char *in_machine(const char *program, const char *const *arguments)
{
	char path[PATH_MAX], module[PATH_MAX];
	const char *argv[ARGUMENTS + 8] = {
		"build/bin/bookend-vm", "run", "--file", module, "--", path, "/leaky.ko"
	};
	struct process_options options = { .timeout_ns = 3000000000000,
					   .output_limit = 256 << 20 };
	struct process_result result = { 0 };

	if (!realpath(program, path))
		check(error_new(ERROR_MISSING, "%s is not built", program));
	snprintf(module, sizeof(module), "%s:/leaky.ko", ko);
	for (size_t i = 0; arguments[i]; i++)
		argv[9 + i] = arguments[i];
	check(process_run(argv, &options, &result));
	if (result.status)
		check(error_new(ERROR_SYSTEM, "%s failed in the machine", program));
	return result.output.data;
}

static struct report *judge(const json_t *result)
{
	static const struct leak_module modules[] = { { .name = "leaky", .path = ko } };
	struct leak_options options = { .modules = modules, .module_count = 1 };
	struct report *report = NULL;

	check(report_create("leakwatch", "leaky", &report));
	check(leak_judge(json_object_get(result, "census"), &options, report));
	return report;
}

/* One finding, at the function that leaks, with its exact counts. */
static bool is_exact(const struct report *report, const struct kind *kind,
		     unsigned int leaks)
{
	const json_t *alive = json_array_get(
		json_object_get(report_section(report, "leaks"), "alive"), 0);

	return report->findings_count == 1 && !report->not_checked_count &&
	       report->findings[0].symbol && report->findings[0].line &&
	       !strcmp(report->findings[0].symbol, kind->function) &&
	       json_integer_value(json_object_get(alive, "objects")) ==
		       leaks * kind->objects &&
	       json_integer_value(json_object_get(alive, "bytes")) ==
		       leaks * kind->bytes &&
	       json_integer_value(json_object_get(alive, "passes")) == leaks;
}

static void bench_matrix(void)
{
	char names[KINDS * RHYTHMS][32];
	const char *arguments[ARGUMENTS] = { "100" };
	unsigned int exact = 0, all = 0;
	double slowest = 0;
	char *output, *rest, *line;

	for (size_t i = 0; i < KINDS * RHYTHMS; i++) {
		snprintf(names[i], sizeof(names[i]), "%s:%s", kinds[i / RHYTHMS].name,
			 rhythms[i % RHYTHMS].every);
		arguments[1 + i] = names[i];
	}
	rest = output = in_machine("build/tests/leakwatch/matrix", arguments);
	while ((line = strsep(&rest, "\n"))) {
		json_t *json = json_loads(line, 0, NULL);
		struct report *report = json ? judge(json) : NULL;
		double seconds = json_real_value(json_object_get(json, "seconds"));

		if (!json)
			continue;
		if (is_exact(report, &kinds[all / RHYTHMS], rhythms[all % RHYTHMS].leaks))
			exact++;
		else
			printf("not exact: %s\n",
			       json_string_value(json_object_get(json, "case")));
		slowest = seconds > slowest ? seconds : slowest;
		all++;
		report_destroy(report);
		json_decref(json);
	}
	free(output);
	printf("planted leaks (12 kinds x 1/1, 1/7, once; 100 passes)   %u of %u exact\n"
	       "last pass to the whole census, slowest                   %.2f s\n",
	       exact, all, slowest);
}

/* Cases in which nothing leaks. */
static void bench_innocent(const char *passes, const char *title,
			   const char *const *cases)
{
	const char *arguments[ARGUMENTS] = { passes };
	unsigned int all = 0, false_leaks = 0, incomplete = 0;
	long long frees = 0;
	char *output, *rest, *line;

	for (size_t i = 0; cases[i]; i++)
		arguments[1 + i] = cases[i];
	rest = output = in_machine("build/tests/leakwatch/matrix", arguments);
	while ((line = strsep(&rest, "\n"))) {
		json_t *json = json_loads(line, 0, NULL);
		struct report *report = json ? judge(json) : NULL;

		if (!json)
			continue;
		all++;
		false_leaks += report->findings_count;
		incomplete += report->not_checked_count > 0;
		frees += json_integer_value(json_object_get(
			json_object_get(json_object_get(json, "census"), "events"),
			"frees"));
		report_destroy(report);
		json_decref(json);
	}
	free(output);
	printf("%-56s %u false in %u runs (%lld frees matched, %u incomplete)\n", title,
	       false_leaks, all, frees, incomplete);
}

static double of(const json_t *json, const char *key)
{
	return json_number_value(json_object_get(json, key));
}

static void bench_rates(const char *rounds)
{
	const char *arguments[] = { rounds, NULL };
	char *output = in_machine("build/tests/leakwatch/rates", arguments);
	json_t *json = json_loads(output, 0, NULL);
	double pair = of(json, "pair_none");

	printf("alloc/free pair of another driver, against no census (%.0f ns):\n", pair);
	printf("  census attached, nothing to watch loaded                %.2f x\n",
	       of(json, "pair_idle") / pair);
	printf("  census attached, watched code loaded                    %.2f x\n",
	       of(json, "pair_watching") / pair);
	printf("  census detached again                                   %.2f x\n",
	       of(json, "pair_after") / pair);
	printf("load/unload, with census against without:\n");
	printf("  plain grace periods (%.1f/s without)                    %.3f x\n",
	       of(json, "plain_none"), of(json, "plain_census") / of(json, "plain_none"));
	printf("  expedited grace periods (%.1f/s without)                %.3f x\n",
	       of(json, "expedited_none"),
	       of(json, "expedited_census") / of(json, "expedited_none"));
	json_decref(json);
	free(output);
}

int main(void)
{
	static const char *const rcu[] = { "rcu:never", NULL };
	static const char *const kept[] = { "cached:1", "handed:1", NULL };
	static const char *const clean[] = { "kmalloc:never",
					     "load:none",
					     "skb:never",
					     "load:none",
					     "vmalloc:never",
					     "load:none",
					     "percpu:never",
					     "load:none",
					     "work:never",
					     "load:none",
					     NULL };

	setvbuf(stdout, NULL, _IOLBF, 0);
	bench_matrix();
	bench_innocent("12000", "12 000 objects through kfree_rcu", rcu);
	bench_innocent("2000", "a cache filled once; socket buffers handed on", kept);
	bench_innocent("100", "a clean driver, ten runs", clean);
	bench_rates("5");
	return EXIT_SUCCESS;
}
