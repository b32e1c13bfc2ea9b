/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/journal.h"
#include "report/json.h"

enum {
	MAX_LEGS = 64,
	MAX_CYCLES = 16,
	MAX_WORKERS = 16,
	MAX_DEPTH = 4,
	LAST_ERRNO = 133,
	DEADLINE_SECONDS = 30,
};

/* Keys of a cycle that are not its kind's. */
static const char *const cycle_keys[] = {
	"kind",	  "name",   "rate",    "rate_end",    "schedule", "jitter",
	"over",	  "burst",  "phase",   "for",	      "passes",	  "workers",
	"errors", "inside", "comment", "fail_allocs", NULL,
};
static const char *const leg_keys[] = {
	"name", "turbo", "cycles", "hold", "comment", NULL
};
static const char *const plan_keys[] = { "schema",	"name", "seed",	   "deadline",
					 "log",		"legs", "comment", "ignore",
					 "journal_max", NULL };
static const char *const log_keys[] = { "lines_per_pass", "bytes_per_pass",
					"lines_per_second", NULL };

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

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static struct error *check_keys(const json_t *object, const char *where,
				const char *const *names, const struct plan_key *more)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return error_new(ERROR_INPUT, "%s is no object", where);
	json_object_foreach((json_t *)object, key, value)
	{
		const struct plan_key *k = more;

		while (k && k->name && strcmp(k->name, key))
			k++;
		if (!listed(names, key) && !(k && k->name))
			return error_new(ERROR_INPUT, "%s has an unknown key '%s'", where,
					 key);
	}
	return NULL;
}

static bool all_strings(const json_t *array)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)array, i,
			   item) if (!json_is_string(item)) return false;
	return json_is_array(array);
}

static struct error *check_key(const json_t *object, const char *where,
			       const struct plan_key *key)
{
	const json_t *value = json_object_get(object, key->name);
	const char *want = NULL;

	if (!value)
		return key->required ? error_new(ERROR_INPUT, "%s/%s is missing: %s",
						 where, key->name, key->help)
				     : NULL;
	switch (key->type) {
	case PLAN_STRING:
	case PLAN_FILE:
	case PLAN_MODULE:
		want = json_is_string(value) && json_string_length(value) ? NULL : "text";
		break;
	case PLAN_STRINGS:
		want = all_strings(value) ? NULL : "an array of strings";
		break;
	case PLAN_COMMAND:
		want = all_strings(value) && json_array_size(value)
			       ? NULL
			       : "a command: an array of strings";
		break;
	case PLAN_INTEGER:
		want = json_is_integer(value) && json_integer_value(value) >= 0
			       ? NULL
			       : "a whole number";
		break;
	case PLAN_BOOL:
		want = json_is_boolean(value) ? NULL : "true or false";
		break;
	}
	return want ? error_new(ERROR_INPUT, "%s/%s must be %s", where, key->name, want)
		    : NULL;
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

	if (list && !all_strings(list))
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

static void pair_deinit(struct plan_pair *pair)
{
	for (size_t i = 0; i < pair->inside_count; i++)
		pair_deinit(&pair->inside[i]);
	free(pair->inside);
	if (pair->kind && pair->state)
		pair->kind->destroy(pair->state);
}

static struct error *parse_pair(const json_t *object, const char *where, int depth,
				struct plan_pair *pair);

static struct error *parse_inside(const json_t *object, const char *where, int depth,
				  struct plan_pair *pair)
{
	const json_t *list = json_object_get(object, "inside"), *item;
	size_t i;

	if (!list)
		return NULL;
	if (!json_is_array(list) || depth >= MAX_DEPTH)
		return error_new(ERROR_INPUT,
				 "%s/inside must be an array of cycles, at most %d deep",
				 where, MAX_DEPTH);
	pair->inside = calloc(json_array_size(list) + 1, sizeof(*pair->inside));
	if (!pair->inside)
		return error_nomem();
	json_array_foreach((json_t *)list, i, item)
	{
		_free_ char *place = NULL;
		struct error *error;

		if (asprintf(&place, "%s/inside/%zu", where, i) < 0) {
			place = NULL;
			return error_nomem();
		}
		pair->inside_count++;
		error = parse_pair(item, place, depth + 1, &pair->inside[i]);
		if (error)
			return error;
	}
	return NULL;
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
	error = check_keys(object, where, cycle_keys, pair->kind->keys);
	for (const struct plan_key *k = pair->kind->keys; !error && k && k->name; k++)
		error = check_key(object, where, k);
	if (!error)
		error = parse_errors(object, where, pair);
	if (!error)
		error = pair->kind->create(object, where, &pair->state);
	return error ? error : parse_inside(object, where, depth, pair);
}

/* Lays the steps out: opening, what is inside, closing. */
static bool flatten(struct plan_cycle *cycle, const struct plan_pair *pair)
{
	size_t opening = pair->kind->opening(pair->state);
	size_t closing = pair->kind->closing(pair->state);
	unsigned int number = (unsigned int)cycle->pair_count++;

	for (size_t i = 0; i < opening + closing; i++) {
		if (i == opening)
			for (size_t k = 0; k < pair->inside_count; k++)
				if (!flatten(cycle, &pair->inside[k]))
					return false;
		if (cycle->step_count >= PLAN_MAX_STEPS)
			return false;
		cycle->steps[cycle->step_count++] = (struct plan_step){
			.pair = pair,
			.index = i,
			.opening = i < opening,
			.first = i == 0 || i == opening,
			.pair_number = number,
		};
	}
	return true;
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
	if (!error && !flatten(cycle, &cycle->pair))
		error = error_new(ERROR_INPUT, "%s has more than %d steps", where,
				  PLAN_MAX_STEPS);
	return error;
}

static struct error *parse_cycles(const json_t *list, const char *where, const char *key,
				  struct plan_cycle **ret, size_t *count)
{
	const json_t *item;
	size_t i;

	if (!list)
		return NULL;
	if (!json_is_array(list) || json_array_size(list) > MAX_CYCLES)
		return error_new(ERROR_INPUT,
				 "%s/%s must be an array of at most %d cycles", where,
				 key, MAX_CYCLES);
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
		error = parse_cycle(item, place, &(*ret)[i]);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *parse_leg(const json_t *object, size_t index, struct plan_leg *leg)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const json_t *turbo = json_object_get(object, "turbo");
	char where[32];
	struct error *error;

	snprintf(where, sizeof(where), "/legs/%zu", index);
	error = check_keys(object, where, leg_keys, NULL);
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
	error = parse_cycles(json_object_get(object, "cycles"), where, "cycles",
			     &leg->cycles, &leg->cycle_count);
	if (!error)
		error = parse_cycles(json_object_get(object, "hold"), where, "hold",
				     &leg->holds, &leg->hold_count);
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
	struct error *error = log ? check_keys(log, "/log", log_keys, NULL) : NULL;

	if (error || !log)
		return error;
	plan->log_lines =
		(uint64_t)json_integer_value(json_object_get(log, "lines_per_pass"));
	plan->log_bytes =
		(uint64_t)json_integer_value(json_object_get(log, "bytes_per_pass"));
	plan->log_rate = json_number_value(json_object_get(log, "lines_per_second"));
	return NULL;
}

/* Residue that the plan's author knows of, as caches that stay by design. */
static struct error *parse_ignore(const json_t *json, struct plan *plan)
{
	const json_t *list = json_object_get(json, "ignore"), *item;
	size_t i;

	if (list && !all_strings(list))
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
	struct error *error = check_keys(json, "the plan", plan_keys, NULL);

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
		error = parse_leg(item, i, &plan->legs[i]);
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

static struct error *visit_cycle(json_t *object, const struct visitor *v)
{
	const char *name = json_string_value(json_object_get(object, "kind"));
	const struct cycle_kind *kind = name ? cycle_kind_find(name) : NULL;
	struct error *error = NULL;
	json_t *inner;
	size_t i;

	for (const struct plan_key *k = kind ? kind->keys : NULL; !error && k && k->name;
	     k++)
		if ((k->type == PLAN_FILE || k->type == PLAN_MODULE ||
		     k->type == PLAN_COMMAND) &&
		    json_object_get(object, k->name))
			error = v->visit(v->context, k->type, object, k->name);
	json_array_foreach(json_object_get(object, "inside"), i, inner)
	{
		if (!error)
			error = visit_cycle(inner, v);
	}
	return error;
}

struct error *plan_visit_files(json_t *plan,
			       struct error *(*visit)(void *context,
						      enum plan_key_type type,
						      json_t *object, const char *key),
			       void *context)
{
	static const char *const lists[] = { "cycles", "hold" };
	const struct visitor v = { visit, context };
	struct error *error = NULL;
	json_t *leg, *cycle;
	size_t i, k;

	json_array_foreach(json_object_get(plan, "legs"), i, leg)
	{
		for (size_t list = 0; list < 2; list++)
			json_array_foreach(json_object_get(leg, lists[list]), k, cycle)
			{
				if (!error)
					error = visit_cycle(cycle, &v);
			}
	}
	return error;
}
