/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/compare.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/progress.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "leakwatch/command.h"
#include "leakwatch/section.h"
#include "leakwatch/source.h"
#include "leakwatch/statistics.h"
#include "report/json.h"
#include "report/report.h"

/* The whole of a source that counts many caches. */
static const char everything[] = "all together";

static void drop_caches(const char *what)
{
	_close_ int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, what, strlen(what)) < 0)
		return;
}

static void settle(void)
{
	/* the kernel need not log each call */
	drop_caches("4");
	for (int i = 0; i < 3; i++) {
		sync();
		drop_caches("3");
		usleep(50000);
	}
}

static struct error *sample(const struct compare_options *o, struct source_sample *ret)
{
	_sample_ struct source_sample now = { 0 };
	struct error *error;
	uint64_t bytes = 0, objects = 0;

	settle();
	error = o->source->read("", o->modules, &now);
	if (error)
		return error;
	for (size_t i = 0; i < now.count; i++) {
		bytes += now.items[i].bytes;
		objects += now.items[i].objects;
	}
	if (!o->source->names_places)
		error = source_sample_add(&now, everything, bytes, objects);
	if (error)
		return error;
	*ret = now;
	now = (struct source_sample){ 0 };
	return NULL;
}

static struct error *add_section(const struct compare_options *o, const char *verdict,
				 double limit, struct report *report)
{
	struct json_builder b;
	struct error *error;
	json_t *json;

	json_builder_init(&b);
	json_builder_string(&b, "source", o->source->name);
	json_builder_string(&b, "verdict", verdict);
	json_builder_bool(&b, "complete", true);
	if (limit > 0)
		json_builder_real(&b, "limit_bytes", limit);
	error = json_builder_finish(&b, &json);
	return error ? error : report_add_section(report, &leak_section, json);
}

static struct error *add_place(const struct compare_options *o, const char *place,
			       uint64_t bytes, uint64_t objects, struct report *report)
{
	uint64_t runs = o->repeat ? o->repeat : 1;
	char message[256], evidence[256];
	struct finding finding = { .rule = "LEAK001", .level = LEVEL_ERROR };

	snprintf(message, sizeof(message),
		 "holds %llu B more than before %llu run%s of the command",
		 (unsigned long long)bytes, (unsigned long long)runs,
		 runs == 1 ? "" : "s");
	snprintf(evidence, sizeof(evidence), "%s: %llu objects more", o->source->name,
		 (unsigned long long)objects);
	finding.symbol = place;
	finding.message = message;
	finding.evidence = evidence;
	finding.fingerprint = place;
	return report_add_finding(report, &finding);
}

static struct error *before_and_after(const struct compare_options *o,
				      struct report *report, int *status)
{
	_sample_ struct source_sample before = { 0 }, after = { 0 };
	struct error *error = sample(o, &before);
	bool any = false;

	for (uint64_t i = 0; !error && i < (o->repeat ? o->repeat : 1); i++) {
		int now = 0;

		error = command_run(o->command, NULL, o->interrupted, &now);
		*status = *status ? *status : now;
	}
	if (!error)
		error = sample(o, &after);
	for (size_t i = 0; !error && i < after.count; i++) {
		const struct source_value *now = &after.items[i];
		const struct source_value *then = source_sample_find(&before, now->place);
		uint64_t had = then ? then->bytes : 0;

		if (now->bytes <= had)
			continue;
		any = true;
		error = add_place(o, now->place, now->bytes - had,
				  now->objects - (then ? then->objects : 0), report);
	}
	return error ? error : add_section(o, any ? "growing" : "none", 0, report);
}

/* What every block did to every place. */
struct blocks {
	struct source_sample *samples; /* before each block, and after the last */
	size_t count;
};

static void blocks_deinit(struct blocks *blocks)
{
	for (size_t i = 0; blocks->samples && i <= blocks->count; i++)
		source_sample_deinit(&blocks->samples[i]);
	free(blocks->samples);
}

static struct error *run_blocks(const struct compare_options *o, struct blocks *blocks,
				int *status)
{
	struct progress progress;
	uint64_t length = 0;
	struct error *error = sample(o, &blocks->samples[0]);

	progress_init(&progress, "blocks", blocks->count, o->quiet);
	for (size_t i = 0; !error && i < blocks->count && !*o->interrupted; i++) {
		bool cycling = i % 4 == 0 || i % 4 == 3;
		uint64_t begun = command_clock();
		int now = 0;

		if (cycling) {
			error = command_run(o->command, NULL, o->interrupted, &now);
			*status = *status ? *status : now;
			length = command_clock() - begun;
		} else {
			error = command_idle(length, o->interrupted);
		}
		if (!error)
			error = sample(o, &blocks->samples[i + 1]);
		progress_update(&progress, i + 1, NULL);
	}
	progress_deinit(&progress);
	return !error && *o->interrupted ? error_new(ERROR_INTERRUPT, "interrupted")
					 : error;
}

static double bytes_at(const struct blocks *blocks, size_t block, const char *place)
{
	const struct source_value *value =
		source_sample_find(&blocks->samples[block], place);

	return value ? (double)value->bytes : 0;
}

static struct error *judge_place(const struct compare_options *o,
				 const struct blocks *blocks, const char *place,
				 size_t tests, struct abba *ret)
{
	_free_ double *growth = calloc(blocks->count, sizeof(*growth));
	const struct source_value *last =
		source_sample_find(&blocks->samples[blocks->count], place);
	double step = last && last->objects ? (double)last->bytes / last->objects : 4096;

	if (!growth)
		return error_nomem();
	for (size_t i = 0; i < blocks->count; i++)
		growth[i] = bytes_at(blocks, i + 1, place) - bytes_at(blocks, i, place);
	return statistics_abba(growth, blocks->count / 4, o->cycles ? o->cycles : 1, step,
			       tests, ret);
}

static struct error *add_growth(const struct compare_options *o, const char *place,
				const struct abba *abba, struct report *report)
{
	char message[256], evidence[256];
	struct finding finding = { .rule = "LEAK005", .level = LEVEL_ERROR };

	snprintf(message, sizeof(message), "grows by %.1f B per cycle", abba->slope);
	snprintf(evidence, sizeof(evidence),
		 "%s: between %.1f and %.1f B at 99 %%, over %zu groups of cycling and "
		 "idling; below %.1f B nothing could be seen",
		 o->source->name, abba->low, abba->high, abba->fours, abba->limit);
	finding.symbol = place;
	finding.message = message;
	finding.evidence = evidence;
	finding.fingerprint = place;
	return report_add_finding(report, &finding);
}

/* Places that never changed need no test, and do not make the others harder to see. */
static bool changed(const struct blocks *blocks, const char *place)
{
	double first = bytes_at(blocks, 0, place);

	for (size_t i = 1; i <= blocks->count; i++)
		if (bytes_at(blocks, i, place) != first)
			return true;
	return false;
}

static struct error *judge_blocks(const struct compare_options *o,
				  const struct blocks *blocks, struct report *report)
{
	const struct source_sample *last = &blocks->samples[blocks->count];
	struct error *error = NULL;
	struct abba whole = { 0 };
	bool any = false;
	size_t tests = 0;

	for (size_t i = 0; i < last->count; i++)
		tests += changed(blocks, last->items[i].place);
	for (size_t i = 0; !error && i < last->count; i++) {
		const char *place = last->items[i].place;
		struct abba abba;

		if (!changed(blocks, place))
			continue;
		error = judge_place(o, blocks, place, tests, &abba);
		if (!error && !strcmp(place, everything))
			whole = abba;
		if (error || !abba.grows)
			continue;
		any = true;
		error = add_growth(o, place, &abba, report);
	}
	if (!error && whole.fours && !whole.enough)
		error = report_not_checked(report, true, "leaks",
					   "%zu groups of blocks are left after the "
					   "warm-up, %d are needed",
					   whole.fours, ABBA_LEAST);
	if (!error)
		error = report_measure(report, "leaks.limit", whole.limit, "B/cycle");
	if (!error)
		error = report_measure(report, "leaks.slope", whole.slope, "B/cycle");
	return error ? error
		     : add_section(o, any ? "growing" : "none", whole.limit, report);
}

struct error *compare_run(const struct compare_options *options, struct report *report,
			  int *status)
{
	__attribute__((cleanup(blocks_deinit))) struct blocks blocks = { 0 };
	struct error *error;

	*status = 0;
	if (options->source->names_places)
		return before_and_after(options, report, status);
	blocks.count = 4 * (options->groups ? options->groups : 8);
	blocks.samples = calloc(blocks.count + 1, sizeof(*blocks.samples));
	if (!blocks.samples)
		return error_nomem();
	error = run_blocks(options, &blocks, status);
	return error ? error : judge_blocks(options, &blocks, report);
}
