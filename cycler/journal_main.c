/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend journal: what a cycle recorded, for people and for other programs. */
#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/tool.h"
#include "common/units.h"
#include "cycler/journal.h"
#include "cycler/plan.h"
#include "cycler/thin.h"

struct values {
	int format;
	uint64_t last;
	bool failed_only;
};

static const char *const formats[] = { "text", "jsonl", "csv", NULL };

static const struct option options[] = {
	{ OPTION_CHOICE, 'f', "format", "FORMAT", offsetof(struct values, format),
	  "text, jsonl (a JSON object a line) or csv; default text.", formats },
	{ OPTION_COUNT, 'n', "last", "N", offsetof(struct values, last),
	  "Only the last N records." },
	{ OPTION_FLAG, 0, "failed", NULL, offsetof(struct values, failed_only),
	  "Only steps that failed, and marks." },
	OPTIONS_END,
};

static const char *const mark_names[] = {
	"?",
	"leg begins",
	"leg ends",
	"taint changes",
	"kernel complains",
	"slots missed",
	"module base",
	"compared",
	"stuck",
	"restart",
	"wall clock set",
	"signals changed",
};
static const char *const kind_names[] = { "?",	  "begin",   "end",
					  "mark", "summary", "summary" };
static const char *const thin_names[] = { "", "legitimate errors", "slots missed" };

/* A record with its names found in the legend. */
struct entry {
	uint64_t sequence;
	double seconds; /* since the journal began */
	const struct journal_record *record;
	const char *kind, *leg, *cycle, *step;
	double ns_per_stamp;
	struct thin_counts latencies; /* of a summary */
};

static const char *name_in(const json_t *list, size_t index, const char *key)
{
	const json_t *item = json_array_get(list, index);
	const char *name = json_string_value(key ? json_object_get(item, key) : item);

	return name ? name : "?";
}

static void fill(const struct journal_reader *reader, const json_t *legend,
		 struct entry *e)
{
	const struct journal_record *r = e->record;
	const json_t *legs = json_object_get(legend, "legs"), *cycles;
	uint64_t rate = reader->header.stamps_per_second;

	e->ns_per_stamp = rate ? 1e9 / (double)rate : 1;
	e->seconds = journal_reader_seconds(reader, r->stamp);
	e->kind = kind_names[r->kind < ARRAY_LENGTH(kind_names) ? r->kind : 0];
	e->leg = name_in(legs, r->leg, "name");
	cycles = json_object_get(json_array_get(legs, r->leg), "cycles");
	e->cycle = r->kind == JOURNAL_MARK ? "" : name_in(cycles, r->cycle, "name");
	if (r->kind == JOURNAL_MARK)
		e->step = mark_names[r->step < ARRAY_LENGTH(mark_names) ? r->step : 0];
	else if (r->kind == JOURNAL_SUMMARY && r->step == THIN_WHOLE_PASS)
		e->step = "pass";
	else
		e->step = name_in(json_object_get(json_array_get(cycles, r->cycle),
						  "steps"),
				  r->step, NULL);
}

static uint64_t quantile_ns(const struct entry *e, double share)
{
	return (uint64_t)((double)thin_quantile(&e->latencies, share) * e->ns_per_stamp);
}

/* "41.000000 s  1 s from pass 18 204: open × 14 203  p50 41 µs  p99 88 µs (…)". */
static void print_summary(const struct entry *e)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } };
	const struct journal_record *r = e->record;
	_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%14.6f s  %u s from pass %" PRIu32 ": %s", e->seconds,
		    r->reserved, r->pass + 1, e->step);
	strbuf_adds(&line, " × ");
	units_add_count(&line, (uint32_t)r->result);
	if (r->worker != THIN_STEPS)
		strbuf_addf(
			&line, " %s",
			thin_names[r->worker < ARRAY_LENGTH(thin_names) ? r->worker : 0]);
	for (size_t i = 0; r->worker == THIN_STEPS && i < ARRAY_LENGTH(shown); i++) {
		strbuf_addf(&line, "  %s ", shown[i].name);
		units_add_duration(&line, quantile_ns(e, shown[i].share));
	}
	printf("%s  (%s, %s)\n", strbuf_string(&line), e->leg, e->cycle);
}

static void print_text(const struct entry *e)
{
	const struct journal_record *r = e->record;

	if (r->kind == JOURNAL_SUMMARY) {
		print_summary(e);
		return;
	}
	printf("%14.6f s  worker %-2u pass %-10" PRIu32 " %-5s %s", e->seconds, r->worker,
	       r->pass + 1, e->kind, e->step);
	if (*e->cycle)
		printf(" (%s, %s)", e->leg, e->cycle);
	else
		printf(" (%s)", e->leg);
	if (r->kind == JOURNAL_END && r->result)
		printf("  %s", plan_errno_name(r->result));
	else if (r->result)
		printf("  %" PRId32, r->result);
	putchar('\n');
}

/* What a summary has beyond a record's own fields. */
static void add_summary(const struct entry *e, json_t *line)
{
	const struct journal_record *r = e->record;
	json_t *buckets = json_array();
	uint64_t from, to;

	json_object_set_new(line, "count", json_integer((uint32_t)r->result));
	json_object_set_new(line, "seconds covered", json_integer(r->reserved));
	json_object_set_new(line, "of",
			    json_string(r->worker == THIN_STEPS	   ? "steps"
					: r->worker == THIN_ERRORS ? "errors"
								   : "missed"));
	for (unsigned int i = 0; i < THIN_OCTAVES; i++)
		for (unsigned int q = 0; q < THIN_QUARTERS; q++) {
			if (!e->latencies.counts[i][q])
				continue;
			thin_bounds(i, q, &from, &to);
			json_array_append_new(
				buckets,
				json_pack("[I, I, I]",
					  (json_int_t)((double)from * e->ns_per_stamp),
					  (json_int_t)((double)to * e->ns_per_stamp),
					  (json_int_t)e->latencies.counts[i][q]));
		}
	/* [from, to, how many], ns */
	json_object_set_new(line, "buckets", buckets);
}

static void print_json(const struct entry *e)
{
	const struct journal_record *r = e->record;
	json_t *line =
		json_pack("{s:I, s:f, s:i, s:I, s:s, s:s, s:s, s:s, s:i}", "sequence",
			  (json_int_t)e->sequence, "seconds", e->seconds, "worker",
			  (int)r->worker, "pass", (json_int_t)r->pass, "kind", e->kind,
			  "leg", e->leg, "cycle", e->cycle, "step", e->step, "result",
			  (int)r->result);
	_free_ char *text = NULL;

	if (line && r->kind == JOURNAL_SUMMARY)
		add_summary(e, line);
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	if (text)
		puts(text);
}

/* RFC 4180: quoted, with quotes doubled. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void print_csv(const struct entry *e)
{
	const struct journal_record *r = e->record;

	printf("%" PRIu64 ",%.9f,%u,%" PRIu32 ",%s,", e->sequence, e->seconds, r->worker,
	       r->pass, e->kind);
	print_quoted(e->leg);
	putchar(',');
	print_quoted(e->cycle);
	putchar(',');
	print_quoted(e->step);
	printf(",%" PRId32, r->result);
	if (r->kind == JOURNAL_SUMMARY)
		printf(",%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", r->reserved,
		       quantile_ns(e, 0.5), quantile_ns(e, 0.99), quantile_ns(e, 1));
	else
		puts(",,,,");
}

static void (*const printers[])(const struct entry *) = { print_text, print_json,
							  print_csv };

static bool wanted(const struct values *v, const struct journal_record *r)
{
	return !v->failed_only || r->kind == JOURNAL_MARK ||
	       (r->kind == JOURNAL_END && r->result);
}

/* The buckets behind a summary are part of it. */
static bool next_entry(struct journal_reader *reader, struct journal_record *ret,
		       struct entry *e)
{
	struct journal_reader ahead;
	struct journal_record record;
	uint64_t sequence;

	*e = (struct entry){ .record = ret };
	if (!journal_reader_next(reader, ret, &e->sequence))
		return false;
	while (ret->kind == JOURNAL_SUMMARY) {
		ahead = *reader;
		if (!journal_reader_next(&ahead, &record, &sequence) ||
		    !thin_take(&e->latencies, &record))
			break;
		*reader = ahead;
	}
	return true;
}

static uint64_t count_wanted(struct journal_reader reader, const struct values *v)
{
	struct journal_record record;
	uint64_t count = 0;
	struct entry e;

	while (next_entry(&reader, &record, &e))
		count += wanted(v, &record);
	return count;
}

static void print_all(struct journal_reader *reader, const json_t *legend,
		      const struct values *v)
{
	uint64_t skip = 0, count;
	struct journal_record record;
	struct entry e;

	if (v->last) {
		count = count_wanted(*reader, v);
		skip = count > v->last ? count - v->last : 0;
	}
	if (printers[v->format] == print_csv)
		puts("sequence,seconds,worker,pass,kind,leg,cycle,step,result,"
		     "seconds_covered,p50_ns,p99_ns,max_ns");
	while (next_entry(reader, &record, &e)) {
		if (!wanted(v, &record) || (skip && skip--))
			continue;
		fill(reader, legend, &e);
		printers[v->format](&e);
	}
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	const struct values *v = values;
	_mapping_ struct mapping map = { 0 };
	struct journal_reader reader;
	struct error *error;
	json_t *legend;
	const char *why;

	if (operands->count != 1)
		return error_new(ERROR_USAGE,
				 "name one journal: journal.bin or shared.bin "
				 "of a run folder");
	error = file_map(operands->items[0], &map);
	if (error)
		return error;
	if (!journal_reader_init(&reader, map.bytes, &why))
		return error_new(ERROR_INPUT, "%s cannot be read as a journal: %s",
				 operands->items[0], why);
	legend = json_loads(reader.legend, 0, NULL);
	print_all(&reader, legend, v);
	json_decref(legend);
	if (reader.skipped)
		fprintf(stderr,
			"bookend journal: %" PRIu64 " records are damaged or "
			"were never completed\n",
			reader.skipped);
	*ret = EXIT_CLEAN;
	return NULL;
}

static const struct tool tool = {
	.command = {
		.name = "journal",
		.usage = "[OPTION]… FILE",
		.summary = "Prints what a cycle recorded, step by step.",
		.description =
			"FILE is journal.bin of a run folder, or shared.bin, the memory that "
			"a target wrote to: that one is there even when everything else died. "
			"A record stands before and after each step; a begin without its end "
			"is the step that was running.",
		.examples = "bookend journal --last 20 run-refdrv/journal.bin\n"
			    "bookend journal --failed --format csv run-refdrv/journal.bin",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.run = run,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
