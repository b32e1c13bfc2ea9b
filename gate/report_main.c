/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports after the run: one is printed again in any format, several are held against
 * each other, in the order given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "report/format.h"
#include "report/history.h"
#include "report/json.h"

struct report_tool_options {
	const char *subject, *tool;
	uint64_t last;
	bool record;
	struct report_options report;
};

static const struct option options[] = {
	{ OPTION_FLAG, 0, "record",
	  .offset = offsetof(struct report_tool_options, record),
	  .help = "Adds each RUN to the history, and shows nothing." },
	{ OPTION_STRING, 0, "tool", "NAME", offsetof(struct report_tool_options, tool),
	  "Of the history, the runs of one tool: gate, cycle, lint …" },
	{ OPTION_STRING, 0, "subject", "NAME",
	  offsetof(struct report_tool_options, subject),
	  "Of the history, the runs on one subject." },
	{ OPTION_COUNT, 0, "last", "N", offsetof(struct report_tool_options, last),
	  "Of the history, the last N runs of each subject. Default: 30." },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct report_tool_options, report),
	  NULL, NULL, report_option_table },
	OPTIONS_END,
};

static const struct report_tool_options defaults = { .report = REPORT_OPTIONS_DEFAULTS };

static void options_deinit(void *values)
{
	report_options_deinit(&((struct report_tool_options *)values)->report);
}

static struct error *load(const char *path, struct report **ret)
{
	_free_ char *inner = NULL;
	struct stat st;

	if (stat(path, &st))
		return error_new(ERROR_USAGE,
				 "there is no %s: give run folders or report.json "
				 "files",
				 path);
	if (!S_ISDIR(st.st_mode))
		return report_load(path, ret);
	if (asprintf(&inner, "%s/report.json", path) < 0)
		return inner = NULL, error_nomem();
	return report_load(inner, ret);
}

static bool has_finding(const struct report *report, const char *fingerprint)
{
	for (size_t i = 0; i < report->findings_count; i++)
		if (!strcmp(report->findings[i].fingerprint, fingerprint))
			return true;
	return false;
}

static size_t only_in(const struct report *a, const struct report *b)
{
	size_t count = 0;

	for (size_t i = 0; i < a->findings_count; i++)
		count += !b || !has_finding(b, a->findings[i].fingerprint);
	return count;
}

static struct error *add_run_row(json_t *rows, const char *path,
				 const struct report *report, const struct report *before)
{
	struct json_builder b;
	json_t *row = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "run", path);
	json_builder_string(&b, "subject", report->subject);
	json_builder_string(&b, "verdict", verdict_name(report_verdict(report)));
	json_builder_integer(&b, "errors", report_count(report, LEVEL_ERROR));
	json_builder_integer(&b, "warnings", report_count(report, LEVEL_WARNING));
	if (before) {
		json_builder_integer(&b, "new", only_in(report, before));
		json_builder_integer(&b, "gone", only_in(before, report));
	}
	error = json_builder_finish(&b, &row);
	if (!error && json_array_append_new(rows, row))
		error = error_nomem();
	return error;
}

static const struct measurement *find_measurement(const struct report *report,
						  const char *name)
{
	for (size_t i = 0; i < report->measurements_count; i++)
		if (!strcmp(report->measurements[i].name, name))
			return &report->measurements[i];
	return NULL;
}

/* Every measurement of the last report, with its value in each: null where absent. */
static json_t *measurement_rows(struct report *const *reports, size_t count)
{
	const struct report *last = reports[count - 1];
	json_t *rows = json_array();

	for (size_t i = 0; rows && i < last->measurements_count; i++) {
		const struct measurement *m = &last->measurements[i];
		json_t *values = json_array();

		for (size_t k = 0; values && k < count; k++) {
			const struct measurement *o =
				find_measurement(reports[k], m->name);

			json_array_append_new(values,
					      o ? json_real(o->value) : json_null());
		}
		json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "name", m->name,
						      "unit", m->unit, "values", values));
	}
	return rows;
}

static void add_value(struct strbuf *out, const json_t *value, const char *unit)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	double number = json_number_value(value);

	if (!json_is_number(value))
		strbuf_adds(&text, "-");
	else if (!strcmp(unit, "B") && number >= 0)
		units_add_size(&text, (uint64_t)number);
	else if (!strcmp(unit, "ns") && number >= 0)
		units_add_duration(&text, (uint64_t)number);
	else
		strbuf_addf(&text, "%.5g", number);
	strbuf_addf(out, "  %12s", strbuf_string(&text));
}

static void compare_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	json_t *row, *cell;
	size_t i, k;

	strbuf_addf(out, "\n  %s%-32s %-10s %7s %9s %6s %6s%s\n", s->dim, "run",
		    "verdict", "errors", "warnings", "new", "gone", s->reset);
	json_array_foreach(json_object_get(value, "runs"), i, row)
	{
		const char *verdict = json_string_value(json_object_get(row, "verdict"));
		bool clean = !strcmp(verdict, "clean");

		strbuf_addf(out, "  %-32s %s%-10s%s %7lld %9lld",
			    json_string_value(json_object_get(row, "run")),
			    clean ? s->green : s->red, verdict, s->reset,
			    json_integer_value(json_object_get(row, "errors")),
			    json_integer_value(json_object_get(row, "warnings")));
		if (json_object_get(row, "new"))
			strbuf_addf(out, " %6lld %6lld",
				    json_integer_value(json_object_get(row, "new")),
				    json_integer_value(json_object_get(row, "gone")));
		strbuf_addc(out, '\n');
	}
	if (json_array_size(json_object_get(value, "measurements")))
		strbuf_addc(out, '\n');
	json_array_foreach(json_object_get(value, "measurements"), i, row)
	{
		const char *unit = json_string_value(json_object_get(row, "unit"));

		strbuf_addf(out, "  %-40s",
			    json_string_value(json_object_get(row, "name")));
		json_array_foreach(json_object_get(row, "values"), k, cell)
			add_value(out, cell, unit);
		strbuf_addf(out, "  %s\n", strcmp(unit, "1") ? unit : "");
	}
}

static const struct section compare_section = {
	.name = "compare",
	.text = compare_text,
	.order = -10,
	.owns_runs = true,
};

static struct error *compare(struct report *const *reports,
			     const struct string_list *paths, struct report *ret)
{
	const struct report *last = reports[paths->count - 1];
	json_t *rows = json_array();
	struct error *error = rows ? NULL : error_nomem();

	for (size_t i = 0; !error && i < paths->count; i++)
		error = add_run_row(rows, paths->items[i], reports[i],
				    i ? reports[i - 1] : NULL);
	if (!error)
		error = report_add_section(
			ret, &compare_section,
			json_pack("{s:O, s:o}", "runs", rows, "measurements",
				  measurement_rows(reports, paths->count)));
	json_decref(rows);
	for (size_t i = 0; !error && i < last->findings_count; i++)
		error = report_add_finding(ret, &last->findings[i]);
	for (size_t i = 0; !error && i < last->not_checked_count; i++)
		error = report_not_checked(ret, last->not_checked[i].asked,
					   last->not_checked[i].what, "%s",
					   last->not_checked[i].why);
	if (!error && last->failure)
		error = report_fail(ret, "%s", last->failure);
	return error;
}

static struct error *record(const struct report_tool_options *o,
			    const struct string_list *operands)
{
	_cleanup_(history_close) struct history *history = NULL;
	struct error *error = NULL;

	if (!o->report.history || !*o->report.history)
		return error_new(ERROR_USAGE, "--record needs --history FILE");
	if (!operands->count)
		return error_new(ERROR_USAGE, "--record: which RUN?");
	error = history_open(o->report.history, true, &history);
	for (size_t i = 0; !error && i < operands->count; i++) {
		_cleanup_(report_destroy) struct report *report = NULL;
		const char *label = o->report.label;
		struct stat st = { 0 };

		error = load(operands->items[i], &report);
		if (error)
			return error;
		if (!label || !*label)
			label = json_string_value(json_object_get(
				report_section(report, "gate"), "version"));
		stat(operands->items[i], &st);
		error = history_add(history, report, label, st.st_mtime);
	}
	return error;
}

/* A history is as good as the last run of each subject. */
static struct error *judge_last_runs(const json_t *subjects, struct report *report)
{
	struct error *error = NULL;
	json_t *subject;
	size_t i;

	json_array_foreach((json_t *)subjects, i, subject)
	{
		const json_t *runs = json_object_get(subject, "runs");
		const json_t *last = json_array_get(runs, json_array_size(runs) - 1);
		const char *verdict = json_string_value(json_object_get(last, "verdict"));
		const char *tool = json_string_value(json_object_get(subject, "tool"));
		const char *name = json_string_value(json_object_get(subject, "subject"));

		if (error || !strcmp(verdict, "clean"))
			continue;
		if (!strcmp(verdict, "incomplete"))
			error = report_not_checked(report, true, name,
						   "its last %s was incomplete", tool);
		else
			error = report_fail(report, "the last %s of %s ended with %s",
					    tool, name, verdict);
	}
	return error;
}

static struct error *show_history(const struct report_tool_options *o,
				  enum exit_status *ret)
{
	_cleanup_(history_close) struct history *history = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;
	const struct history_query query = { o->tool, o->subject, o->last };
	static const struct section section = { .name = "history" };
	struct report_options output = o->report;
	json_t *json = NULL;
	struct error *error = history_open(o->report.history, false, &history);

	if (!error)
		error = history_read(history, &query, &json);
	if (!error && !json_array_size(json)) {
		json_decref(json);
		return error_new(ERROR_USAGE, "history %s has no such runs",
				 o->report.history);
	}
	if (!error)
		error = report_create("history", o->report.history, &report);
	if (!error)
		error = judge_last_runs(json, report);
	if (!error)
		error = report_add_section(report, &section, json);
	output.history = "";
	return error ? error : report_output(report, &output, ret);
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	struct report_tool_options *o = values;
	_cleanup_(report_destroy) struct report *both = NULL;
	struct report **reports;
	struct error *error = report_options_check(&o->report);

	*ret = EXIT_CLEAN;
	if (!error && o->record)
		return record(o, operands);
	if (!error && !operands->count && o->report.history)
		return show_history(o, ret);
	if (!error && !operands->count)
		error = error_new(ERROR_USAGE, "give run folders or report.json files");
	if (!error && o->report.history)
		error = record(o, operands);
	if (error)
		return error;
	/* what is shown again is no new run */
	o->report.history = "";
	reports = calloc(operands->count, sizeof(*reports));
	if (!reports)
		return error_nomem();
	for (size_t i = 0; !error && i < operands->count; i++)
		error = load(operands->items[i], &reports[i]);
	if (!error && operands->count == 1)
		error = report_output(reports[0], &o->report, ret);
	if (!error && operands->count > 1) {
		error = report_create("report", operands->items[operands->count - 1],
				      &both);
		if (!error)
			error = compare(reports, operands, both);
		if (!error)
			error = report_output(both, &o->report, ret);
	}
	for (size_t i = 0; i < operands->count; i++)
		report_destroy(reports[i]);
	free(reports);
	return error;
}

static const struct tool tool = {
	.command = {
		.name = "report",
		.usage = "[OPTION]… RUN…\n"
			 "[OPTION]… --history FILE",
		.summary = "Reports after the run: in another format, or several side by "
			   "side.",
		.description =
			"RUN is a run folder or a report.json. One is printed again, in any "
			"format. Several are compared in the order given: verdicts, findings "
			"that are new or gone, measurements. The exit status is that of the "
			"last one.\n\nWith --history alone it shows the runs that were recorded there "
			"over time: verdicts, findings by rule, every measurement. Every tool "
			"that reports records its run with --history FILE, or always where "
			"BOOKEND_HISTORY names the file.",
		.examples = "  bookend report run-refdrv --format html:refdrv.html\n"
			    "  bookend report run-monday run-tuesday run-wednesday\n"
			    "  bookend report --history runs.db --format html:trend.html\n",
		.options = options,
	},
	.values_size = sizeof(struct report_tool_options),
	.defaults = &defaults,
	.run = run,
	.deinit = options_deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
