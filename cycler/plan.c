/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/journal.h"
#include "cycler/plan_keys.h"
#include "cycler/plan_steps.h"
#include "report/json.h"

enum {
	MAX_LEGS = 64,
	MAX_CYCLES = 16,
	SETUPS = 2, /* of the plan and of the leg */
	MAX_WORKERS = 16,
	MAX_DEPTH = 4,
	LAST_ERRNO = 133,
	DEADLINE_SECONDS = 30,
};

/* Keys of a cycle that are not its kind's. */
static const char *const cycle_keys[] = {
	"kind",	  "name",   "rate",    "rate_end",    "schedule", "jitter",
	"over",	  "burst",  "phase",   "for",	      "passes",	  "workers",
	"errors", "inside", "comment", "fail_allocs", "health",	  NULL,
};
static const char *const leg_keys[] = { "name",	   "turbo", "cycles",	"hold",
					"comment", "setup", "teardown", NULL };
static const char *const plan_keys[] = { "schema",  "name",	"seed",	    "deadline",
					 "log",	    "legs",	"comment",  "ignore",
					 "setup",   "teardown", "on_stuck", "journal_max",
					 "stop_on", "lanes",	NULL };
static const char *const health_keys[] = { "closed", "open", NULL };
static const char *const log_keys[] = { "lines_per_pass", "bytes_per_pass",
					"lines_per_second", "bytes_per_second", NULL };

const struct cycle_kind *cycle_kind_find(const char *name)
{
	registry_for_each(cycle_kind, it) if (!strcmp((*it)->name, name)) return *it;
	return NULL;
}

int plan_errno(const char *name)
{
	for (int code = 1; code <= LAST_ERRNO; code++) {
		const char *known = strerrorname_np(code);

		if (known && !strcmp(known, name))
			return -code;
	}
	return 0;
}

const char *plan_errno_name(int negative)
{
	const char *name = strerrorname_np(-negative);

	return name ? name : "an unknown error";
}

static struct error *unknown_kind(const char *where, const char *name)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;

	registry_for_each(cycle_kind, it)
		strbuf_addf(&names, "%s%s", names.length ? ", " : "", (*it)->name);
	return error_new(ERROR_INPUT, "%s/kind is '%s'; there are %s", where, name,
			 strbuf_string(&names));
}

static struct error *parse_errors(const json_t *object, const char *where,
				  struct plan_pair *pair)
{
	const json_t *list = json_object_get(object, "errors"), *item;
	size_t i;

	if (list && !plan_all_strings(list))
		return error_new(ERROR_INPUT, "%s/errors must be an array of names",
				 where);
	json_array_foreach((json_t *)list, i, item)
	{
		int code = plan_errno(json_string_value(item));

		if (!code)
			return error_new(ERROR_INPUT,
					 "%s/errors/%zu: '%s' is no error's name, as "
					 "\"ENODEV\"",
					 where, i, json_string_value(item));
		if (pair->error_count >= PLAN_MAX_ERRORS)
			return error_new(ERROR_INPUT, "%s/errors holds more than %d",
					 where, PLAN_MAX_ERRORS);
		pair->errors[pair->error_count++] = code;
	}
	return NULL;
}

static void pair_deinit(struct plan_pair *pair);

static void pairs_deinit(struct plan_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pair_deinit(&pairs[i]);
	free(pairs);
}

static void pair_deinit(struct plan_pair *pair)
{
	pairs_deinit(pair->inside, pair->inside_count);
	pairs_deinit(pair->closed, pair->closed_count);
	pairs_deinit(pair->open, pair->open_count);
	if (pair->kind && pair->state)
		pair->kind->destroy(pair->state);
}

static struct error *parse_pair(const json_t *object, const char *where, int depth,
				struct plan_pair *pair);

/* The pairs listed at @key of @object. */
static struct error *parse_pairs(const json_t *object, const char *where, const char *key,
				 int depth, struct plan_pair **ret, size_t *count)
{
	const json_t *list = json_object_get(object, key), *item;
	size_t i;

	if (!list)
		return NULL;
	if (!json_is_array(list) || depth >= MAX_DEPTH)
		return error_new(ERROR_INPUT,
				 "%s/%s must be an array of cycles, at most %d deep",
				 where, key, MAX_DEPTH);
	*ret = calloc(json_array_size(list) + 1, sizeof(**ret));
	if (!*ret)
		return error_nomem();
	json_array_foreach((json_t *)list, i, item)
	{
		_free_ char *place = NULL;
		struct error *error;

		if (asprintf(&place, "%s/%s/%zu", where, key, i) < 0) {
			place = NULL;
			return error_nomem();
		}
		++*count;
		error = parse_pair(item, place, depth + 1, &(*ret)[i]);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *parse_health(const json_t *object, const char *where, int depth,
				  struct plan_pair *pair)
{
	const json_t *health = json_object_get(object, "health");
	_free_ char *place = NULL;
	struct error *error;

	if (!health)
		return NULL;
	if (asprintf(&place, "%s/health", where) < 0) {
		place = NULL;
		return error_nomem();
	}
	error = plan_check_keys(health, place, health_keys, NULL);
	if (!error)
		error = parse_pairs(health, place, "closed", depth, &pair->closed,
				    &pair->closed_count);
	if (!error)
		error = parse_pairs(health, place, "open", depth, &pair->open,
				    &pair->open_count);
	return error;
}

static struct error *parse_pair(const json_t *object, const char *where, int depth,
				struct plan_pair *pair)
{
	const char *name = json_string_value(json_object_get(object, "kind"));
	struct error *error = NULL;

	if (!json_is_object(object) || !name)
		return error_new(ERROR_INPUT, "%s/kind is missing", where);
	pair->kind = cycle_kind_find(name);
	if (!pair->kind)
		return unknown_kind(where, name);
	error = plan_check_keys(object, where, cycle_keys, pair->kind->keys);
	for (const struct plan_key *k = pair->kind->keys; !error && k && k->name; k++)
		error = plan_check_key(object, where, k);
	if (!error)
		error = parse_errors(object, where, pair);
	if (!error)
		error = pair->kind->create(object, where, &pair->state);
	if (!error)
		error = parse_health(object, where, depth, pair);
	return error ? error
		     : parse_pairs(object, where, "inside", depth, &pair->inside,
				   &pair->inside_count);
}

static struct error *name_cycle(const json_t *object, struct plan_cycle *cycle)
{
	const char *given = json_string_value(json_object_get(object, "name"));
	const struct plan_pair *pair = &cycle->pair;

	if (given)
		cycle->name = strdup(given);
	else if (asprintf(&cycle->name, "%s %s", pair->kind->name,
			  pair->kind->subject(pair->state)) < 0)
		cycle->name = NULL;
	return cycle->name ? NULL : error_nomem();
}

static struct error *parse_limits(const json_t *object, const char *where,
				  struct plan_cycle *cycle)
{
	const json_t *passes = json_object_get(object, "passes");
	const json_t *duration = json_object_get(object, "for");
	const json_t *workers = json_object_get(object, "workers");
	const json_t *fail_allocs = json_object_get(object, "fail_allocs");

	cycle->workers = 1;
	if (fail_allocs && !json_is_boolean(fail_allocs))
		return error_new(ERROR_INPUT, "%s/fail_allocs must be true or false",
				 where);
	cycle->fail_allocs = json_is_true(fail_allocs);
	if (passes && (!json_is_integer(passes) || json_integer_value(passes) < 1))
		return error_new(ERROR_INPUT, "%s/passes must be at least 1", where);
	cycle->passes = passes ? (uint64_t)json_integer_value(passes) : 0;
	if (workers && (!json_is_integer(workers) || json_integer_value(workers) < 1 ||
			json_integer_value(workers) > MAX_WORKERS))
		return error_new(ERROR_INPUT, "%s/workers must be 1 to %d", where,
				 MAX_WORKERS);
	if (workers)
		cycle->workers = (unsigned int)json_integer_value(workers);
	if (duration && !json_is_string(duration))
		return error_new(ERROR_INPUT, "%s/for must be a duration, as \"10m\"",
				 where);
	if (duration)
		return error_wrap(units_parse_duration(json_string_value(duration),
						       &cycle->duration),
				  "%s/for", where);
	return NULL;
}

static struct error *parse_cycle(const json_t *object, const char *where,
				 struct plan_cycle *cycle)
{
	struct error *error = parse_pair(object, where, 0, &cycle->pair);

	if (!error)
		error = name_cycle(object, cycle);
	if (!error)
		error = parse_limits(object, where, cycle);
	if (!error)
		error = schedule_parse(object, where, &cycle->schedule);
	if (!error && !plan_lay_out(cycle))
		error = error_new(ERROR_INPUT, "%s has more than %d steps", where,
				  PLAN_MAX_STEPS);
	return error;
}

/* "setup" and "teardown" of the plan or a leg are the first things that are held. */
static struct error *parse_setup(const json_t *object, const char *where,
				 struct plan_leg *leg)
{
	json_t *setup = json_object_get(object, "setup");
	json_t *teardown = json_object_get(object, "teardown"), *pair;
	struct error *error;

	if (!setup && !teardown)
		return NULL;
	pair = json_pack("{s:s, s:s, s:O*, s:O*}", "kind", "setup", "name", "setup",
			 "setup", setup, "teardown", teardown);
	if (!pair)
		return error_nomem();
	error = parse_cycle(pair, where, &leg->holds[leg->hold_count++]);
	json_decref(pair);
	return error;
}

static struct error *parse_cycles(const json_t *list, const char *where, const char *key,
				  struct plan_cycle *ret, size_t *count)
{
	const json_t *item;
	size_t i;

	if (!list)
		return NULL;
	if (!json_is_array(list) || json_array_size(list) > MAX_CYCLES)
		return error_new(ERROR_INPUT,
				 "%s/%s must be an array of at most %d cycles", where,
				 key, MAX_CYCLES);
	json_array_foreach((json_t *)list, i, item)
	{
		_free_ char *place = NULL;
		struct error *error;

		if (asprintf(&place, "%s/%s/%zu", where, key, i) < 0) {
			place = NULL;
			return error_nomem();
		}
		error = parse_cycle(item, place, &ret[(*count)++]);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *parse_leg(const json_t *object, size_t index, const json_t *plan,
			       struct plan_leg *leg)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const json_t *turbo = json_object_get(object, "turbo");
	char where[32];
	struct error *error;

	snprintf(where, sizeof(where), "/legs/%zu", index);
	error = plan_check_keys(object, where, leg_keys, NULL);
	if (error)
		return error;
	if (turbo && !json_is_boolean(turbo))
		return error_new(ERROR_INPUT, "%s/turbo must be true or false", where);
	leg->turbo = json_is_true(turbo);
	if (name)
		leg->name = strdup(name);
	else if (asprintf(&leg->name, "leg %zu", index + 1) < 0)
		leg->name = NULL;
	if (!leg->name)
		return error_nomem();
	/* steps point to their pairs, so these stay where they are */
	leg->cycles = calloc(MAX_CYCLES, sizeof(*leg->cycles));
	leg->holds = calloc(MAX_CYCLES + SETUPS, sizeof(*leg->holds));
	if (!leg->cycles || !leg->holds)
		return error_nomem();
	error = parse_cycles(json_object_get(object, "cycles"), where, "cycles",
			     leg->cycles, &leg->cycle_count);
	if (!error)
		error = parse_setup(plan, "", leg);
	if (!error)
		error = parse_setup(object, where, leg);
	if (!error)
		error = parse_cycles(json_object_get(object, "hold"), where, "hold",
				     leg->holds, &leg->hold_count);
	if (!error && !leg->cycle_count)
		error = error_new(ERROR_INPUT, "%s/cycles is empty", where);
	for (size_t i = 0; !error && i < leg->cycle_count; i++)
		if (!leg->cycles[i].passes && !leg->cycles[i].duration)
			error = error_new(
				ERROR_INPUT,
				"%s/cycles/%zu needs passes or for, or it would "
				"never end",
				where, i);
	return error;
}

static struct error *parse_budget(const json_t *json, struct plan *plan)
{
	const json_t *log = json_object_get(json, "log");
	struct error *error = log ? plan_check_keys(log, "/log", log_keys, NULL) : NULL;

	if (error || !log)
		return error;
	for (size_t i = 0; log_keys[i]; i++) {
		const json_t *value = json_object_get(log, log_keys[i]);

		if (value && !(json_number_value(value) > 0))
			return error_new(ERROR_INPUT, "/log/%s must be a number above 0",
					 log_keys[i]);
	}
	plan->log_lines = json_number_value(json_object_get(log, "lines_per_pass"));
	plan->log_bytes = json_number_value(json_object_get(log, "bytes_per_pass"));
	plan->log_rate = json_number_value(json_object_get(log, "lines_per_second"));
	plan->log_byte_rate = json_number_value(json_object_get(log, "bytes_per_second"));
	return NULL;
}

/* Residue that the plan's author knows of, as caches that stay by design. */
static struct error *parse_ignore(const json_t *json, struct plan *plan)
{
	const json_t *list = json_object_get(json, "ignore"), *item;
	size_t i;

	if (list && !plan_all_strings(list))
		return error_new(ERROR_INPUT, "/ignore must be an array of strings, as "
					      "\"slab:ext4_*\"");
	plan->ignore = calloc(json_array_size(list) + 1, sizeof(*plan->ignore));
	if (!plan->ignore)
		return error_nomem();
	json_array_foreach((json_t *)list, i, item)
	{
		if (!strchr(json_string_value(item), ':'))
			return error_new(ERROR_INPUT,
					 "/ignore/%zu: '%s' is not WHAT:PATTERN, as "
					 "\"slab:ext4_*\"",
					 i, json_string_value(item));
		plan->ignore[i] = json_string_value(item);
	}
	return NULL;
}

static struct error *parse_journal_max(const json_t *json, struct plan *plan)
{
	const json_t *max = json_object_get(json, "journal_max");
	struct error *error;

	if (!max)
		return NULL;
	if (!json_is_string(max))
		return error_new(ERROR_INPUT, "/journal_max must be a size, as \"256M\"");
	error = units_parse_size(json_string_value(max), &plan->journal_max);
	if (!error && plan->journal_max < PLAN_SMALLEST_JOURNAL)
		error = error_new(ERROR_INPUT, "%s is less than 1M",
				  json_string_value(max));
	return error_wrap(error, "/journal_max");
}

static struct error *parse_head(const json_t *json, struct plan *plan)
{
	const char *schema = json_string_value(json_object_get(json, "schema"));
	const json_t *seed = json_object_get(json, "seed");
	const json_t *deadline = json_object_get(json, "deadline");
	const char *name = json_string_value(json_object_get(json, "name"));
	struct error *error = plan_check_keys(json, "the plan", plan_keys, NULL);

	if (error)
		return error;
	if (!schema || strcmp(schema, "bookend-plan/1"))
		return error_new(ERROR_INPUT, "/schema must be \"bookend-plan/1\"");
	if (seed && !json_is_integer(seed))
		return error_new(ERROR_INPUT, "/seed must be a whole number");
	plan->seed = seed ? (uint64_t)json_integer_value(seed) : 1;
	plan->deadline_ns = DEADLINE_SECONDS * UINT64_C(1000000000);
	if (deadline && !json_is_string(deadline))
		return error_new(ERROR_INPUT, "/deadline must be a duration, as \"30s\"");
	if (deadline)
		error = error_wrap(units_parse_duration(json_string_value(deadline),
							&plan->deadline_ns),
				   "/deadline");
	plan->name = strdup(name ? name : "plan");
	if (!error && !plan->name)
		error = error_nomem();
	if (!error)
		error = policy_parse(json, &plan->policy);
	if (!error)
		error = parse_ignore(json, plan);
	if (!error)
		error = parse_journal_max(json, plan);
	return error ? error : parse_budget(json, plan);
}

static size_t histograms_of(const struct plan_cycle *cycle)
{
	return cycle->workers * (cycle->step_count + 2);
}

/* What the shared memory has room for. */
static struct error *check_size(const struct plan *plan)
{
	size_t histograms = 0;

	for (size_t i = 0; i < plan->leg_count; i++) {
		const struct plan_cycle *cycle;
		unsigned int workers = 0;

		for (size_t k = 0; (cycle = plan_cycle_at(&plan->legs[i], k)); k++) {
			histograms += histograms_of(cycle);
			workers += cycle->workers;
		}
		if (workers > JOURNAL_WORKERS)
			return error_new(ERROR_INPUT,
					 "/legs/%zu has more than %d workers", i,
					 JOURNAL_WORKERS);
	}
	return histograms > JOURNAL_HISTOGRAMS
		       ? error_new(
				 ERROR_INPUT,
				 "the plan is too large: %zu of at most %d latencies to keep",
				 histograms, JOURNAL_HISTOGRAMS)
		       : NULL;
}

struct error *plan_create(json_t *json, struct plan **ret)
{
	_cleanup_(plan_destroy) struct plan *plan = calloc(1, sizeof(*plan));
	const json_t *legs = json_object_get(json, "legs"), *item;
	struct error *error;
	size_t i;

	if (!plan)
		return error_nomem();
	plan->json = json_incref(json);
	error = parse_head(json, plan);
	if (error)
		return error;
	if (!json_is_array(legs) || !json_array_size(legs) ||
	    json_array_size(legs) > MAX_LEGS)
		return error_new(ERROR_INPUT, "/legs must be an array of 1 to %d legs",
				 MAX_LEGS);
	plan->legs = calloc(json_array_size(legs), sizeof(*plan->legs));
	if (!plan->legs)
		return error_nomem();
	json_array_foreach((json_t *)legs, i, item)
	{
		plan->leg_count++;
		error = parse_leg(item, i, json, &plan->legs[i]);
		if (error)
			return error;
	}
	error = check_size(plan);
	if (error)
		return error;
	*ret = take(plan);
	return NULL;
}

static void cycles_destroy(struct plan_cycle *cycles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pair_deinit(&cycles[i].pair);
		free(cycles[i].name);
	}
	free(cycles);
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->leg_count; i++) {
		cycles_destroy(plan->legs[i].cycles, plan->legs[i].cycle_count);
		cycles_destroy(plan->legs[i].holds, plan->legs[i].hold_count);
		free(plan->legs[i].name);
	}
	free(plan->legs);
	free(plan->ignore);
	free(plan->name);
	json_decref(plan->json);
	free(plan);
}

struct error *plan_load(const char *path, struct plan **ret)
{
	json_t *json = NULL;
	struct error *error = json_load_path(path, &json);

	if (!error)
		error = error_wrap(plan_create(json, ret), "plan %s", path);
	json_decref(json);
	return error;
}

const char *plan_step_name(const struct plan_cycle *cycle, size_t step)
{
	const struct plan_step *s;

	if (step >= cycle->step_count)
		return "?";
	s = &cycle->steps[step];
	return s->pair->kind->step_name(s->pair->state, s->index);
}

const struct plan_cycle *plan_cycle_at(const struct plan_leg *leg, size_t number)
{
	if (number < leg->cycle_count)
		return &leg->cycles[number];
	number -= leg->cycle_count;
	return number < leg->hold_count ? &leg->holds[number] : NULL;
}

size_t plan_histogram(const struct plan *plan, size_t leg, size_t cycle,
		      unsigned int worker, size_t step)
{
	const struct plan_cycle *c;
	size_t at = 0;

	for (size_t i = 0; i < leg; i++)
		for (size_t k = 0; (c = plan_cycle_at(&plan->legs[i], k)); k++)
			at += histograms_of(c);
	for (size_t k = 0; k < cycle; k++)
		at += histograms_of(plan_cycle_at(&plan->legs[leg], k));
	c = plan_cycle_at(&plan->legs[leg], cycle);
	return at + worker * (c->step_count + 2) + step;
}

static json_t *cycle_legend(const struct plan_cycle *cycle)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < cycle->step_count; i++)
		json_array_append_new(steps, json_string(plan_step_name(cycle, i)));
	return json_pack("{s:s, s:o}", "name", cycle->name, "steps", steps);
}

struct error *plan_legend(const struct plan *plan, json_t **ret)
{
	json_t *legs = json_array();

	for (size_t i = 0; i < plan->leg_count; i++) {
		const struct plan_leg *leg = &plan->legs[i];
		json_t *cycles = json_array();

		for (size_t k = 0; plan_cycle_at(leg, k); k++)
			json_array_append_new(cycles,
					      cycle_legend(plan_cycle_at(leg, k)));
		json_array_append_new(legs, json_pack("{s:s, s:o}", "name", leg->name,
						      "cycles", cycles));
	}
	*ret = json_pack("{s:s, s:o}", "plan", plan->name, "legs", legs);
	return *ret ? NULL : error_nomem();
}

struct visitor {
	struct error *(*visit)(void *context, enum plan_key_type type, json_t *object,
			       const char *key);
	void *context;
};

static struct error *visit_commands(json_t *object, const char *key,
				    const struct visitor *v)
{
	struct error *error = NULL;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(object, key), i, item)
	{
		if (!error)
			error = v->visit(v->context, PLAN_COMMAND, item, "command");
	}
	return error;
}

static struct error *visit_cycle(json_t *object, const struct visitor *v);

static struct error *visit_pairs(json_t *list, const struct visitor *v)
{
	struct error *error = NULL;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (!error)
			error = visit_cycle(item, v);
	}
	return error;
}

/* Those that the kind itself needs, as if the plan named them. */
static struct error *visit_programs(const struct cycle_kind *kind,
				    const struct visitor *v)
{
	json_t *object = json_pack("{s:[]}", "programs");
	json_t *list = json_object_get(object, "programs");
	struct error *error;

	for (size_t i = 0; kind->programs[i]; i++)
		json_array_append_new(list, json_string(kind->programs[i]));
	error = object ? v->visit(v->context, PLAN_PROGRAMS, object, "programs")
		       : error_nomem();
	json_decref(object);
	return error;
}

/* A value that names files, whatever its type. */
static struct error *visit_key(json_t *object, const struct plan_key *key,
			       const struct visitor *v)
{
	if (!json_object_get(object, key->name))
		return NULL;
	if (key->type == PLAN_COMMANDS)
		return visit_commands(object, key->name, v);
	if (key->type == PLAN_FILE || key->type == PLAN_MODULE ||
	    key->type == PLAN_COMMAND || key->type == PLAN_PROGRAMS)
		return v->visit(v->context, key->type, object, key->name);
	return NULL;
}

static struct error *visit_cycle(json_t *object, const struct visitor *v)
{
	const char *name = json_string_value(json_object_get(object, "kind"));
	const struct cycle_kind *kind = name ? cycle_kind_find(name) : NULL;
	json_t *health = json_object_get(object, "health");
	struct error *error = NULL;

	for (const struct plan_key *k = kind ? kind->keys : NULL; !error && k && k->name;
	     k++)
		error = visit_key(object, k, v);
	if (!error && kind && kind->programs)
		error = visit_programs(kind, v);
	if (!error)
		error = visit_pairs(json_object_get(object, "inside"), v);
	if (!error)
		error = visit_pairs(json_object_get(health, "closed"), v);
	return error ? error : visit_pairs(json_object_get(health, "open"), v);
}

struct error *plan_visit_files(json_t *plan,
			       struct error *(*visit)(void *context,
						      enum plan_key_type type,
						      json_t *object, const char *key),
			       void *context)
{
	const struct visitor v = { visit, context };
	struct error *error = visit_commands(plan, "setup", &v);
	json_t *leg;
	size_t i;

	if (!error)
		error = visit_commands(plan, "teardown", &v);
	json_array_foreach(json_object_get(plan, "legs"), i, leg)
	{
		if (!error)
			error = visit_commands(leg, "setup", &v);
		if (!error)
			error = visit_commands(leg, "teardown", &v);
		if (!error)
			error = visit_pairs(json_object_get(leg, "cycles"), &v);
		if (!error)
			error = visit_pairs(json_object_get(leg, "hold"), &v);
	}
	return error;
}
