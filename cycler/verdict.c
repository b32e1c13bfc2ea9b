/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "cycler/complaints.h"
#include "cycler/error_paths.h"
#include "cycler/kernel_faults.h"
#include "cycler/leaks.h"
#include "cycler/log_budget.h"
#include "cycler/references.h"
#include "cycler/residue_report.h"
#include "cycler/silence.h"
#include "cycler/trace.h"
#include "report/json.h"

enum {
	CONSOLE_LIMIT = 4 << 20,
	NOISE_SHOWN = 600,
};

/* What the verdict is made of. */
struct verdict_context {
	struct results *results;
	const struct journal *journal;
	struct target *target;
	const struct carried_list *modules;
	const struct run_options *options;
	struct report *report;
	double ns_per_stamp;
	char *last_step;
	struct strbuf *told; /* lines of the log that are in findings */
	const char *console; /* its name in the run folder */
};

static const char *event_text(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

static uint64_t event_number(const json_t *event, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(event, key));

	return value > 0 ? (uint64_t)value : 0;
}

static bool event_is(const json_t *event, const char *what)
{
	return !strcmp(event_text(event, "event"), what);
}

static const char *leg_name(const struct verdict_context *v, const json_t *event)
{
	size_t leg = event_number(event, "leg");

	return leg < v->results->plan->leg_count ? v->results->plan->legs[leg].name : "?";
}

struct error *verdict_last_step(const struct results *results,
				const struct journal *journal, char **ret)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < JOURNAL_WORKERS; i++) {
		const struct journal_worker w = journal->workers[i];
		const struct plan_cycle *cycle;

		if (!w.pid || !w.step || w.leg >= results->plan->leg_count)
			continue;
		cycle = plan_cycle_at(&results->plan->legs[w.leg], w.cycle);
		if (!cycle)
			continue;
		strbuf_adds(&text, text.length ? "; pass " : "pass ");
		units_add_count(&text, w.pass + 1);
		strbuf_addf(&text, " of %s: %s began and did not end", cycle->name,
			    plan_step_name(cycle, w.step - 1));
	}
	/* between two steps: what ended last is in each worker's count */
	for (size_t i = 0; !text.length && i < JOURNAL_WORKERS; i++) {
		const struct journal_worker w = journal->workers[i];
		const struct plan_cycle *cycle;

		if (!w.pid || w.leg >= results->plan->leg_count)
			continue;
		cycle = plan_cycle_at(&results->plan->legs[w.leg], w.cycle);
		if (!cycle)
			continue;
		strbuf_adds(&text, "between two steps, after ");
		units_add_count(&text, w.passes);
		strbuf_addf(&text, " passes of %s", cycle->name);
	}
	return strbuf_steal(&text, ret);
}

static void fill_latency(const struct verdict_context *v, const struct plan_cycle *cycle,
			 size_t leg, size_t number, size_t step, struct latency *l)
{
	struct histogram sum = { 0 };
	double scale = v->ns_per_stamp;

	for (unsigned int w = 0; w < cycle->workers; w++)
		histogram_merge(&sum, &v->results->histograms[plan_histogram(
					      v->results->plan, leg, number, w, step)]);
	if (step == cycle->step_count + 1)
		scale = 1; /* lateness is kept in ns */
	*l = (struct latency){
		.step = step < cycle->step_count    ? plan_step_name(cycle, step)
			: step == cycle->step_count ? "pass"
						    : "lateness",
		.count = sum.count,
		.minimum = (uint64_t)((double)sum.minimum * scale),
		.p50 = (uint64_t)((double)histogram_quantile(&sum, 0.5) * scale),
		.p90 = (uint64_t)((double)histogram_quantile(&sum, 0.9) * scale),
		.p99 = (uint64_t)((double)histogram_quantile(&sum, 0.99) * scale),
		.p999 = (uint64_t)((double)histogram_quantile(&sum, 0.999) * scale),
		.p9999 = (uint64_t)((double)histogram_quantile(&sum, 0.9999) * scale),
		.p99999 = (uint64_t)((double)histogram_quantile(&sum, 0.99999) * scale),
		.maximum = (uint64_t)((double)sum.maximum * scale),
	};
}

static struct error *add_run(const struct verdict_context *v, size_t leg, size_t number)
{
	const struct plan_leg *l = &v->results->plan->legs[leg];
	const struct plan_cycle *cycle = plan_cycle_at(l, number);
	const struct account *a = &v->results->accounts[leg][number];
	struct latency latency[PLAN_MAX_STEPS + 2];
	_free_ char *name = NULL;
	char note[128] = "";
	size_t count = 0;
	struct run run;

	if (!a->passes && !a->failed)
		return NULL;
	if (asprintf(&name, "%s: %s", l->name, cycle->name) < 0) {
		name = NULL;
		return error_nomem();
	}
	for (size_t step = 0; step < cycle->step_count + 2; step++) {
		fill_latency(v, cycle, leg, number, step, &latency[count]);
		count += latency[count].count != 0;
	}
	if (a->missed || a->expected_errors)
		snprintf(note, sizeof(note), "%llu slots missed, %llu legitimate errors",
			 (unsigned long long)a->missed,
			 (unsigned long long)a->expected_errors);
	run = (struct run){
		.cycle = name,
		.passes = a->passes,
		.failed = a->failed,
		.rate_asked = cycle->schedule.rate * cycle->workers,
		.rate_kept = a->seconds > 0 ? (double)a->passes / a->seconds : 0,
		.seconds = a->seconds,
		.note = *note ? note : NULL,
		.latency = latency,
		.latency_count = count,
	};
	return report_add_run(v->report, &run);
}

/* What the kind, or the command that was run, said of the failure. */
static void add_detail(const struct verdict_context *v, size_t leg, size_t number,
		       const struct account *a, struct strbuf *evidence)
{
	const char *noise = strbuf_string(&v->results->noise);
	size_t length = strlen(noise), i;
	const json_t *event;

	json_array_foreach(v->results->events, i, event)
	{
		if (event_is(event, "detail") && event_number(event, "leg") == leg &&
		    event_number(event, "cycle") == number &&
		    event_number(event, "step") == a->first_step) {
			strbuf_addf(evidence, "\n%s", event_text(event, "text"));
			return;
		}
	}
	if (a->first_result == -EREMOTEIO && length)
		strbuf_addf(evidence, "\n%s",
			    noise + (length > NOISE_SHOWN ? length - NOISE_SHOWN : 0));
}

static struct error *add_failure(const struct verdict_context *v, size_t leg,
				 size_t number)
{
	const struct plan_leg *l = &v->results->plan->legs[leg];
	const struct plan_cycle *cycle = plan_cycle_at(l, number);
	const struct account *a = &v->results->accounts[leg][number];
	const char *step = plan_step_name(cycle, a->first_step);
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "CYC001", .level = LEVEL_ERROR };

	if (!a->failed)
		return NULL;
	strbuf_addf(&message, "%s fails with %s: %s", step,
		    plan_errno_name(a->first_result), strerror(-a->first_result));
	strbuf_addf(&evidence, "%s, %s: ", l->name, cycle->name);
	units_add_count(&evidence, a->failed);
	strbuf_adds(&evidence, " of ");
	units_add_count(&evidence, a->passes);
	strbuf_adds(&evidence, " passes failed, first pass ");
	units_add_count(&evidence, a->first_pass + 1);
	add_detail(v, leg, number, a, &evidence);
	finding.symbol = step;
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint =
		"If the error is legitimate there, name it in the plan's \"errors\".";
	return report_add_finding(v->report, &finding);
}

static struct error *add_runs(const struct verdict_context *v)
{
	const struct plan *plan = v->results->plan;
	struct error *error = NULL;

	for (size_t leg = 0; leg < plan->leg_count; leg++)
		for (size_t c = 0; !error && c < results_cycles(&plan->legs[leg]); c++) {
			/* a holder's single pass is no run, only its failure counts */
			if (c < plan->legs[leg].cycle_count)
				error = add_run(v, leg, c);
			if (!error)
				error = add_failure(v, leg, c);
		}
	return error;
}

static struct trace_context trace_context(const struct verdict_context *v)
{
	return (struct trace_context){ v->modules, v->options, v->target->release };
}

static struct error *add_stuck(const struct verdict_context *v, const json_t *event)
{
	_frames_ struct frames frames = { 0 };
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "CYC002", .level = LEVEL_ERROR };
	const struct trace_context context = trace_context(v);
	struct error *error = trace_stack(event_text(event, "stack"), &context, &frames);

	if (error)
		return error;
	strbuf_addf(&message, "%s does not return", event_text(event, "step"));
	strbuf_addf(&evidence, "%s, %s, pass ", leg_name(v, event),
		    event_text(event, "cycle"));
	units_add_count(&evidence, event_number(event, "pass") + 1);
	strbuf_adds(&evidence, ": past its deadline of ");
	units_add_duration(&evidence, v->results->plan->deadline_ns);
	strbuf_addf(&evidence, ", task state %s\n%s", event_text(event, "state"),
		    event_text(event, "stack"));
	finding.symbol = event_text(event, "step");
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.stack = frames.items;
	finding.stack_count = frames.count;
	finding.hint = "A longer \"deadline\" helps when the step is only slow.";
	return report_add_finding(v->report, &finding);
}

static struct error *add_event(const struct verdict_context *v, const json_t *event,
			       bool *residue_seen)
{
	const struct trace_context context = trace_context(v);
	struct error *error = NULL;

	if (event_is(event, "stuck"))
		return add_stuck(v, event);
	if (event_is(event, "failed allocation"))
		return error_paths_add_site(event, leg_name(v, event), &context,
					    v->report);
	if (event_is(event, "error paths"))
		return error_paths_add_sweep(event, v->report);
	if (event_is(event, "references"))
		return references_add(v->results, event, v->report);
	if (event_is(event, "not watched"))
		return report_not_checked(v->report, true, event_text(event, "name"),
					  "%s", event_text(event, "why"));
	if (event_is(event, "leg skipped"))
		return report_not_checked(v->report, true, leg_name(v, event),
					  "what it holds did not open: %s",
					  event_text(event, "why"));
	if (event_is(event, "end") && event_number(event, "log lines lost"))
		return report_not_checked(
			v->report, true, "part of the kernel's log",
			"%llu lines were overwritten before they could be read",
			(unsigned long long)event_number(event, "log lines lost"));
	if (event_is(event, "unable"))
		return report_fail(v->report, "%s", event_text(event, "why"));
	if (event_is(event, "residue") && !*residue_seen &&
	    json_array_size(json_object_get(event, "appeared"))) {
		*residue_seen = true;
		error = residue_report_add(v->results, event, v->report);
	}
	return error;
}

/* What the opening steps of one worker's cycle cost; zero is told, less is noise. */
static void add_costs(const struct verdict_context *v, const json_t *event, json_t *costs)
{
	uint64_t leg = event_number(event, "leg"), number = event_number(event, "cycle");
	const json_t *steps = json_object_get(event, "steps");
	const struct plan *plan = v->results->plan;
	const struct plan_cycle *cycle;

	if (!json_is_true(json_object_get(event, "alone")) || leg >= plan->leg_count ||
	    number >= results_cycles(&plan->legs[leg]))
		return;
	cycle = plan_cycle_at(&plan->legs[leg], number);
	for (size_t i = 0; i < cycle->step_count && i < json_array_size(steps); i++) {
		const struct plan_step *step = &cycle->steps[i];
		const json_t *cost = json_array_get(steps, i);
		const json_int_t bytes =
			json_integer_value(json_object_get(cost, "bytes"));

		if (!step->opening || !json_is_object(cost) || bytes < 0)
			continue;
		json_array_append_new(
			costs, json_pack("{s:s, s:s, s:s, s:I, s:O, s:O, s:b}", "what",
					 plan_step_name(cycle, i), "kind",
					 step->pair->kind->name, "subject",
					 step->pair->kind->subject(step->pair->state),
					 "bytes", bytes, "first",
					 json_object_get(cost, "first"), "passes",
					 json_object_get(cost, "passes"), "measured", 1));
	}
}

/* Of several legs, the one that measured a step most often. */
static void drop_repeats(json_t *costs)
{
	for (size_t i = 0; i < json_array_size(costs); i++)
		for (size_t k = json_array_size(costs); k-- > i + 1;) {
			const json_t *a = json_array_get(costs, i);
			json_t *b = json_array_get(costs, k);

			if (!json_equal(json_object_get(a, "what"),
					json_object_get(b, "what")) ||
			    !json_equal(json_object_get(a, "subject"),
					json_object_get(b, "subject")))
				continue;
			if (json_integer_value(json_object_get(b, "passes")) >
			    json_integer_value(json_object_get(a, "passes")))
				json_array_set(costs, i, b);
			json_array_remove(costs, k);
		}
}

/* What leaks, without what the kernel's own error paths leave behind. */
static struct error *add_leaks(const struct verdict_context *v, const json_t *census,
			       json_t *costs)
{
	json_t *rest = NULL, *faults = NULL;
	struct error *error =
		kernel_faults_split(census, v->results->events, &rest, &faults);

	if (!error)
		error = leaks_add(rest, costs, v->modules, v->options, v->report);
	if (!error)
		error = kernel_faults_add(faults, v->report);
	json_decref(rest);
	json_decref(faults);
	return error;
}

static struct error *add_events(const struct verdict_context *v)
{
	const struct trace_context context = trace_context(v);
	const json_t *event, *census = NULL;
	json_t *costs = json_array();
	struct error *error = NULL;
	bool residue_seen = false;
	size_t i;

	json_array_foreach(v->results->events, i, event)
	{
		if (!error)
			error = add_event(v, event, &residue_seen);
		if (event_is(event, "costs"))
			add_costs(v, event, costs);
		if (event_is(event, "watch") &&
		    !strcmp(event_text(event, "name"), "census"))
			census = json_object_get(event, "value");
	}
	drop_repeats(costs);
	if (!error && !census && !v->options->counted_elsewhere)
		error = report_not_checked(v->report, !v->options->no_census, "leaks",
					   "allocations were not counted");
	else if (!error && census)
		error = add_leaks(v, census, costs);
	if (!error)
		error = error_paths_add_lines(v->results->events, &context, v->report);
	json_decref(costs);
	return error;
}

static struct error *add_taint(const struct verdict_context *v)
{
	uint64_t first = 0, last = 0;
	const json_t *event;
	size_t i;

	json_array_foreach(v->results->events, i, event)
	{
		if (!event_is(event, "taint"))
			continue;
		if (json_is_true(json_object_get(event, "first")))
			first = event_number(event, "after");
		last = event_number(event, "after");
	}
	return complaints_add_taint(first, last, v->report);
}

static struct error *add_console(const struct verdict_context *v)
{
	const struct trace_context context = trace_context(v);
	_free_ char *text = NULL;
	struct error *error = target_console(v->target, CONSOLE_LIMIT, &text);

	if (error)
		return error;
	return trace_log(text, v->console, v->last_step, &context, v->told, v->report);
}

static struct error *add_kernel_log(const struct verdict_context *v)
{
	const struct trace_context context = trace_context(v);
	_free_ char *path = NULL, *text = NULL;
	struct error *error;

	/* when the disk is full the run was ended for it: what is there is judged */
	if (fflush(v->results->log))
		clearerr(v->results->log);
	error = file_join(v->options->machine.folder, "kernel.log", &path);
	if (!error)
		error = file_read_text(path, CONSOLE_LIMIT, &text);
	if (error)
		return error;
	return trace_log(text, "kernel.log", NULL, &context, v->told, v->report);
}

/* How it ended, when not by itself. */
static struct error *add_end(const struct verdict_context *v)
{
	const struct target_outcome *o = &v->results->outcome;

	switch (o->end) {
	case TARGET_PANICKED:
		return report_fail(v->report, "the target's kernel panicked: %s",
				   v->last_step);
	case TARGET_SILENT:
		return report_fail(v->report, "the target fell silent: %s; %s", o->why,
				   v->last_step);
	case TARGET_OVERDUE:
	case TARGET_GONE:
		return report_fail(v->report, "the target was lost: %s; %s", o->why,
				   v->last_step);
	case TARGET_INTERRUPTED:
		return report_not_checked(v->report, true, "the rest of the passes",
					  "interrupted");
	case TARGET_EXITED:
		break;
	}
	if (v->results->stuck)
		return report_fail(v->report, "a step hangs: %s", v->last_step);
	if (v->results->broken)
		return report_fail(v->report, "the target's kernel oopsed: %s",
				   v->last_step);
	if (!v->results->ended)
		return report_fail(v->report, "the agent died (%d): %.400s", o->status,
				   strbuf_string(&v->results->noise));
	if (*v->options->stop)
		return report_not_checked(v->report, true, "the rest of the passes",
					  "interrupted");
	return NULL;
}

/* Complaints of the kernel but for those that a fault of its own explains. */
static json_t *own_lines(const struct results *r)
{
	json_t *lines = json_array();
	json_t *line;
	size_t i;

	json_array_foreach(r->complaints, i, line)
	{
		if (!kernel_faults_line(r->events, (int)event_number(line, "leg"),
					event_text(line, "text")))
			json_array_append(lines, line);
	}
	return lines;
}

static struct error *add_all(const struct verdict_context *v)
{
	enum target_end end = v->results->outcome.end;
	json_t *lines = own_lines(v->results);
	struct error *error = add_runs(v);

	if (!error)
		error = add_events(v);
	for (size_t leg = 0; !error && leg < v->results->plan->leg_count; leg++)
		error = log_budget_add(v->results, leg, v->report);
	/* what died has been told; after restarts the log is of several machines */
	if (!error && end != TARGET_PANICKED && end != TARGET_SILENT)
		error = v->results->restarts ? add_console(v) : add_kernel_log(v);
	if (!error)
		error = complaints_add(lines, strbuf_string(v->told), v->report);
	json_decref(lines);
	if (!error)
		error = add_taint(v);
	return error || v->report->failure ? error : add_end(v);
}

/* Which machine it was. */
static void target_text(const json_t *value, const struct style *style,
			struct strbuf *out)
{
	strbuf_addf(out, "%s%s, kernel %s%s\n", style->dim,
		    json_string_value(json_object_get(value, "description")),
		    json_string_value(json_object_get(value, "release")), style->reset);
}

static const struct section target_section = {
	.name = "target",
	.text = target_text,
	.order = -20,
};

static struct error *add_target(const struct target *target, struct report *report)
{
	struct json_builder b;
	json_t *value = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "kind", target->kind);
	json_builder_string(&b, "description", target->description);
	json_builder_string(&b, "release", target->release);
	error = json_builder_finish(&b, &value);
	return error ? error : report_add_section(report, &target_section, value);
}

static struct error *fill_context(struct verdict_context *v, char **last_step)
{
	uint64_t rate = v->journal->header->stamps_per_second;
	struct error *error = verdict_last_step(v->results, v->journal, last_step);

	v->last_step = *last_step;
	v->told = &v->results->told;
	v->ns_per_stamp = rate ? 1e9 / (double)rate : 1;
	return error;
}

struct error *verdict_death(struct results *results, const struct journal *journal,
			    struct target *target, const struct carried_list *modules,
			    const struct run_options *options, const char *console,
			    struct report *report)
{
	_free_ char *last_step = NULL;
	struct verdict_context v = { results, journal, target, modules, options, report };
	enum target_end end = results->outcome.end;
	struct error *error = fill_context(&v, &last_step);
	const struct trace_context context = trace_context(&v);

	v.console = console;
	if (!error && target->console)
		error = add_console(&v);
	if (!error && end == TARGET_SILENT)
		error = silence_add(target, &context, v.last_step, report);
	return error || report->failure ? error : add_end(&v);
}

struct error *verdict_add(struct results *results, const struct journal *journal,
			  struct target *target, const struct carried_list *modules,
			  const struct run_options *options, struct report *report)
{
	_free_ char *last_step = NULL;
	struct verdict_context v = { results, journal, target, modules, options, report };
	struct error *error = fill_context(&v, &last_step);

	v.console = "console.log";
	if (!error)
		error = add_all(&v);
	if (!error)
		error = add_target(target, report);
	if (!error)
		error = report_measure(report, "target.boot", target->boot_seconds, "s");
	if (!error)
		error = residue_report_measure(results, report);
	if (!error && target->woken)
		error = report_not_checked(
			report, false, "some wake-ups",
			"%llu times the alarm came before the machine slept, and it was "
			"woken from outside: let \"wake\" be longer",
			(unsigned long long)target->woken);
	if (!error && results->restarts)
		error = report_measure(report, "target.restarts",
				       (double)results->restarts, "1");
	if (!error && journal->header->waits)
		error = report_measure(report, "journal.waits",
				       (double)journal->header->waits, "1");
	return error;
}
