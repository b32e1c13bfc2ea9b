/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/repro.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "report/json.h"

/* Rules in the order of what tells most of a failure. */
static const char *const rules[] = { "PANIC001", "CYC002", "LOG001",  "ERR001",
				     "CYC001",	 "RES001", "LEAK001", "LEAK002",
				     "LEAK006",	 "LOG002" };

static const struct finding *find(const struct report *report, const char *rule)
{
	for (size_t i = 0; i < report->findings_count; i++)
		if (!strcmp(report->findings[i].rule, rule))
			return &report->findings[i];
	return NULL;
}

static bool shows(const struct report *report, const struct repro_signature *signature)
{
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		if (!strcmp(f->rule, signature->rule) &&
		    (!*signature->symbol ||
		     (f->symbol && !strcmp(f->symbol, signature->symbol))) &&
		    (!*signature->message || !strcmp(f->message, signature->message)))
			return true;
	}
	return false;
}

bool repro_signature_of(const struct report *report, struct repro_signature *ret)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
		const struct finding *f = find(report, rules[i]);

		if (!f)
			continue;
		snprintf(ret->rule, sizeof(ret->rule), "%s", f->rule);
		snprintf(ret->symbol, sizeof(ret->symbol), "%s",
			 f->symbol ? f->symbol : "");
		snprintf(ret->message, sizeof(ret->message), "%s",
			 strcmp(f->rule, "CYC001") ? "" : f->message);
		return true;
	}
	return false;
}

/* The search: the shortest plan so far, and what the next try costs. */
struct search {
	const struct repro_signature *signature;
	const struct repro_trial *trial;
	json_t *best;
	uint64_t runs, limit; /* the proof is not in the limit */
	struct error *error;
};

static bool spent(const struct search *s)
{
	return s->error || s->runs >= s->limit;
}

/* A plan that makes no sense, or cannot be carried out, does not fail in the same way. */
static bool try_plan(struct search *s, json_t *json)
{
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;
	_error_ struct error *error = plan_create(json, &plan);

	if (error || spent(s))
		return false;
	s->error = report_create("cycle", plan->name, &report);
	s->runs++;
	if (!s->error)
		s->error = s->trial->run(s->trial->context, plan, report);
	return !s->error && shows(report, s->signature);
}

/* Steals @candidate; keeps it when it fails in the same way. */
static bool keep_if_failing(struct search *s, json_t *candidate)
{
	if (!candidate || !try_plan(s, candidate)) {
		json_decref(candidate);
		return false;
	}
	json_decref(s->best);
	s->best = candidate;
	return true;
}

/* The value below @root: the names in @path are keys, "" is the next of @indices. */
static json_t *descend(json_t *root, const char *const *path, const size_t *indices)
{
	for (; *path && root; path++)
		root = **path ? json_object_get(root, *path)
			      : json_array_get(root, *indices++);
	return root;
}

/* Tries the best plan without each item of the list at @path, last ones first. */
static void thin_list(struct search *s, const char *const *path, const size_t *indices,
		      size_t least)
{
	size_t count = json_array_size(descend(s->best, path, indices));

	/* all of it at once first: most of what a plan holds has no part in a failure */
	if (!least && count > 1 && !spent(s)) {
		json_t *candidate = json_deep_copy(s->best);

		json_array_clear(descend(candidate, path, indices));
		if (keep_if_failing(s, candidate))
			return;
	}
	for (size_t i = count; i-- > 0 && !spent(s);) {
		json_t *candidate;

		if (json_array_size(descend(s->best, path, indices)) <= least)
			return;
		candidate = json_deep_copy(s->best);
		json_array_remove(descend(candidate, path, indices), i);
		keep_if_failing(s, candidate);
	}
}

/* Everything within a pair that a pass may do without. */
static void thin_pair(struct search *s, const char *list, size_t leg, size_t index)
{
	const size_t at[] = { leg, index };

	thin_list(s, (const char *const[]){ "legs", "", list, "", "inside", NULL }, at,
		  0);
	thin_list(s, (const char *const[]){ "legs", "", list, "", "probe", NULL }, at, 0);
	thin_list(s,
		  (const char *const[]){ "legs", "", list, "", "health", "open", NULL },
		  at, 0);
	thin_list(s,
		  (const char *const[]){ "legs", "", list, "", "health", "closed", NULL },
		  at, 0);
}

static json_t *cycle_of(json_t *plan, size_t leg, size_t index)
{
	const char *const path[] = { "legs", "", "cycles", "", NULL };

	return descend(plan, path, (const size_t[]){ leg, index });
}

/* The fewest passes that fail, by halves: what fails early mostly fails later, too. */
static void halve_passes(struct search *s, size_t leg, size_t index)
{
	json_int_t high = json_integer_value(
		json_object_get(cycle_of(s->best, leg, index), "passes"));
	json_int_t low = 1;

	while (low < high && !spent(s)) {
		/* one pass is the most likely answer: it is asked for first */
		json_int_t middle = low == 1 && high > 2 ? 1 : (low + high) / 2;
		json_t *candidate = json_deep_copy(s->best);

		json_object_set_new(cycle_of(candidate, leg, index), "passes",
				    json_integer(middle));
		if (keep_if_failing(s, candidate))
			high = middle;
		else
			low = middle + 1;
	}
}

/* A key of a cycle that may do without. */
static void drop_key(struct search *s, size_t leg, size_t index, const char *key)
{
	json_t *candidate;

	if (!json_object_get(cycle_of(s->best, leg, index), key) || spent(s))
		return;
	candidate = json_deep_copy(s->best);
	json_object_del(cycle_of(candidate, leg, index), key);
	keep_if_failing(s, candidate);
}

static size_t count_in(const struct search *s, size_t leg, const char *list)
{
	return json_array_size(descend(s->best,
				       (const char *const[]){ "legs", "", list, NULL },
				       (const size_t[]){ leg }));
}

static void shorten(struct search *s)
{
	const char *const legs[] = { "legs", NULL };

	thin_list(s, legs, NULL, 1);
	for (size_t leg = 0; leg < json_array_size(descend(s->best, legs, NULL)); leg++) {
		const size_t at[] = { leg };

		thin_list(s, (const char *const[]){ "legs", "", "cycles", NULL }, at, 1);
		for (size_t i = 0; i < count_in(s, leg, "cycles"); i++)
			halve_passes(s, leg, i);
		thin_list(s, (const char *const[]){ "legs", "", "hold", NULL }, at, 0);
		for (size_t i = 0; i < count_in(s, leg, "cycles"); i++) {
			thin_pair(s, "cycles", leg, i);
			drop_key(s, leg, i, "workers");
		}
		for (size_t i = 0; i < count_in(s, leg, "hold"); i++)
			thin_pair(s, "hold", leg, i);
	}
}

/*
 * A plan that goes on for a time gets the passes that it had made when it failed, so
 * that they can be counted down.
 */
static void bound_passes(json_t *json, const struct plan *plan,
			 const struct report *failed)
{
	for (size_t leg = 0; leg < plan->leg_count; leg++)
		for (size_t i = 0; i < plan->legs[leg].cycle_count; i++) {
			json_t *cycle = cycle_of(json, leg, i);
			_free_ char *name = NULL;

			if (!json_object_get(cycle, "for") ||
			    asprintf(&name, "%s: %s", plan->legs[leg].name,
				     plan->legs[leg].cycles[i].name) < 0)
				continue;
			for (size_t k = 0; k < failed->runs_count; k++)
				if (!strcmp(failed->runs[k].cycle, name)) {
					json_object_set_new(
						cycle, "passes",
						json_integer((json_int_t)failed->runs[k]
								     .passes +
							     1));
					json_object_del(cycle, "for");
				}
		}
}

struct error *repro_shorten(const struct plan *plan, const struct report *failed,
			    const struct repro_signature *signature, uint64_t limit,
			    const struct repro_trial *trial, struct repro_result *ret)
{
	struct search s = { .signature = signature,
			    .trial = trial,
			    .best = json_deep_copy(plan->json),
			    .limit = limit > 1 ? limit - 1 : 1 };
	bool exhausted, proven;

	if (!s.best)
		return error_nomem();
	bound_passes(s.best, plan, failed);
	shorten(&s);
	exhausted = s.runs >= s.limit;
	s.limit = s.runs + 1;
	proven = try_plan(&s, s.best);
	if (s.error) {
		json_decref(s.best);
		return s.error;
	}
	*ret = (struct repro_result){ s.best, s.runs, exhausted, proven };
	return NULL;
}

/* Legs, cycles, steps and passes, to show how much shorter it got. */
static void add_size(const struct plan *plan, struct strbuf *out)
{
	size_t cycles = 0, steps = 0;
	uint64_t passes = 0;

	for (size_t leg = 0; leg < plan->leg_count; leg++)
		for (size_t i = 0; plan_cycle_at(&plan->legs[leg], i); i++) {
			const struct plan_cycle *c = plan_cycle_at(&plan->legs[leg], i);

			cycles++;
			steps += c->step_count;
			passes += i < plan->legs[leg].cycle_count ? c->passes * c->workers
								  : 1;
		}
	strbuf_addf(out, "%zu leg%s, %zu cycle%s and holds, %zu steps, ", plan->leg_count,
		    plan->leg_count == 1 ? "" : "s", cycles, cycles == 1 ? "" : "s",
		    steps);
	units_add_count(out, passes);
	strbuf_adds(out, passes == 1 ? " pass" : " passes");
}

static void repro_text(const json_t *value, const struct style *style, struct strbuf *out)
{
	const char *after = json_string_value(json_object_get(value, "after"));
	const char *before = json_string_value(json_object_get(value, "before"));
	const char *path = json_string_value(json_object_get(value, "plan"));

	(void)style;
	strbuf_addf(out,
		    "\nShortest schedule that still shows %s\n  %s\n  instead of %s\n",
		    json_string_value(json_object_get(value, "rule")), after, before);
	strbuf_addf(
		out, "  %lld runs%s; %s\n",
		(long long)json_integer_value(json_object_get(value, "runs")),
		json_is_true(json_object_get(value, "exhausted"))
			? ", all that were allowed: it may not be the shortest"
			: "",
		json_is_true(json_object_get(value, "proven"))
			? "it failed again in the last one"
			: "it did NOT fail again in the last one: it fails now and then");
	strbuf_addf(out, "  bookend cycle %s\n", path);
}

static const struct section repro_section = {
	.name = "repro",
	.text = repro_text,
	.order = 20,
};

static struct error *add_section(const struct plan *plan, const char *path,
				 const struct repro_signature *signature,
				 const struct repro_result *result, struct report *report)
{
	_cleanup_(plan_destroy) struct plan *shorter = NULL;
	_strbuf_ struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	struct error *error = plan_create(result->plan, &shorter);
	struct json_builder b;
	json_t *value = NULL;

	if (error)
		return error;
	add_size(plan, &before);
	add_size(shorter, &after);
	json_builder_init(&b);
	json_builder_string(&b, "rule", signature->rule);
	json_builder_string(&b, "symbol", signature->symbol);
	json_builder_string(&b, "plan", path);
	json_builder_string(&b, "before", strbuf_string(&before));
	json_builder_string(&b, "after", strbuf_string(&after));
	json_builder_integer(&b, "runs", result->runs);
	json_builder_bool(&b, "exhausted", result->exhausted);
	json_builder_bool(&b, "proven", result->proven);
	error = json_builder_finish(&b, &value);
	return error ? error : report_add_section(report, &repro_section, value);
}

static struct error *run_trial(void *context, const struct plan *plan,
			       struct report *report)
{
	const struct run_options *options = context;

	if (*options->stop)
		return error_new(ERROR_INTERRUPT, "interrupted");
	return run_plan(plan, options, report);
}

static bool counts_memory(const struct repro_signature *signature)
{
	return !strncmp(signature->rule, "LEAK", 4);
}

struct error *repro_run(const struct plan *plan, const struct run_options *options,
			uint64_t limit, struct report *report)
{
	struct run_options again = *options;
	const struct repro_trial trial = { run_trial, &again };
	struct repro_signature signature;
	struct repro_result result = { 0 };
	_free_ char *folder = NULL, *path = NULL, *text = NULL;
	struct error *error;

	if (!repro_signature_of(report, &signature) || *options->stop)
		return NULL;
	error = file_join(options->machine.folder, "repro", &folder);
	if (!error)
		error = file_join(options->machine.folder, "repro.json", &path);
	if (error)
		return error;
	again.machine.folder = folder;
	again.restarts = 0;
	again.hold = again.dump = false;
	again.no_census = !counts_memory(&signature);
	error = repro_shorten(plan, report, &signature, limit, &trial, &result);
	if (error && error_kind(error) == ERROR_INTERRUPT) {
		error_destroy(error);
		return report_not_checked(report, true, "a shorter schedule",
					  "interrupted");
	}
	if (error)
		return error;
	text = json_dumps(result.plan, JSON_INDENT(2));
	error = text ? file_write(path, text, strlen(text), 0644) : error_nomem();
	if (!error)
		error = add_section(plan, path, &signature, &result, report);
	json_decref(result.plan);
	return error;
}
