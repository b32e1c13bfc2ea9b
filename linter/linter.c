/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/linter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/matcher.h"
#include "readers/bundle.h"

static bool matches_any(const struct string_list *globs, const char *id)
{
	for (size_t i = 0; i < globs->count; i++)
		if (!fnmatch(globs->items[i], id, 0))
			return true;
	return false;
}

static bool is_wanted(const struct linter *linter, const char *id)
{
	const struct linter_options *o = linter->options;

	return (!o->only.count || matches_any(&o->only, id)) &&
	       !matches_any(&o->skip, id);
}

enum level linter_level(const struct linter *linter, const char *id)
{
	const struct rule *rule = catalogue_find(linter->catalogue, id);

	if (!rule || !is_wanted(linter, id))
		return LEVEL_OFF;
	return rule->levels[linter->options->profile];
}

static int compare_active(const void *a, const void *b)
{
	const struct active_check *x = a, *y = b;

	return strcmp(x->check->id, y->check->id);
}

static struct error *activate(struct linter *linter, const struct check *check)
{
	const struct rule *rule = catalogue_find(linter->catalogue, check->id);
	enum level level;

	if (!rule)
		return error_new(
			ERROR_INTERNAL,
			"the catalogue has no rules/%s.json for a built-in check",
			check->id);
	level = linter_level(linter, check->id);
	if (level == LEVEL_OFF)
		return NULL;
	if (check->slow && !linter->options->slow)
		return NULL;
	linter->active[linter->active_count++] =
		(struct active_check){ check, rule, level };
	return NULL;
}

static struct error *activate_all(struct linter *linter)
{
	struct error *error = NULL;
	size_t count = 0;

	registry_for_each(check, it) count++;
	linter->active = calloc(count + 1, sizeof(*linter->active));
	if (!linter->active)
		return error_nomem();
	registry_for_each(check, it)
	{
		if (!error)
			error = activate(linter, *it);
	}
	if (linter->active_count)
		qsort(linter->active, linter->active_count, sizeof(*linter->active),
		      compare_active);
	return error;
}

/* A glob of --only or --skip that names no rule is a slip of the user's. */
static struct error *check_globs(const struct linter *linter,
				 const struct string_list *globs, const char *option)
{
	for (size_t i = 0; i < globs->count; i++) {
		bool found = false;

		for (size_t k = 0; k < catalogue_count(linter->catalogue); k++)
			found |= !fnmatch(globs->items[i],
					  catalogue_at(linter->catalogue, k)->id, 0);
		if (!found)
			return error_new(ERROR_USAGE,
					 "%s %s: no rule has such an id; 'bookend "
					 "explain' lists them",
					 option, globs->items[i]);
	}
	return NULL;
}

/* A file that an option names has to be there before anything is looked at. */
static struct error *check_file(const char *path, const char *option)
{
	if (!path || !access(path, R_OK))
		return NULL;
	return error_errno(errno, "%s: cannot read %s", option, path);
}

static const struct target_family *find_family(const char *spec, const char **rest)
{
	const struct target_family *fallback = NULL;

	registry_for_each(target_family, it)
	{
		size_t n = strlen((*it)->name);

		if (!strncmp(spec, (*it)->name, n) && spec[n] == ':') {
			*rest = spec + n + 1;
			return *it;
		}
		if ((*it)->by_default)
			fallback = *it;
	}
	*rest = spec;
	return fallback;
}

static struct error *add_targets(struct linter *linter)
{
	const struct string_list *targets = &linter->options->targets;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < targets->count; i++) {
		const char *rest;
		const struct target_family *family =
			find_family(targets->items[i], &rest);

		error = family ? family->add(linter, rest)
			       : error_new(ERROR_USAGE, "--target %s: unknown kind",
					   targets->items[i]);
	}
	return error;
}

struct error *linter_create(const struct linter_options *options, struct report *report,
			    struct linter **ret)
{
	_cleanup_(linter_destroy) struct linter *linter = calloc(1, sizeof(*linter));
	struct error *error;

	if (!linter)
		return error_nomem();
	linter->options = options;
	linter->report = report;
	error = catalogue_create(NULL, &linter->catalogue);
	for (size_t i = 0; !error && i < options->rules.count; i++)
		error = catalogue_add(linter->catalogue, options->rules.items[i]);
	if (!error)
		error = matchers_check(linter->catalogue);
	if (!error)
		error = check_globs(linter, &options->only, "--only");
	if (!error)
		error = check_globs(linter, &options->skip, "--skip");
	if (!error)
		error = check_file(options->manifest, "--manifest");
	if (!error)
		error = check_file(options->stablelist, "--stablelist");
	if (!error)
		error = check_file(options->trust, "--trust");
	if (!error)
		error = activate_all(linter);
	if (!error)
		error = add_targets(linter);
	if (error)
		return error;
	*ret = take(linter);
	return NULL;
}

void linter_destroy(struct linter *linter)
{
	if (!linter)
		return;
	for (size_t i = 0; i < linter->slot_count; i++)
		linter->slots[i].destroy(linter->slots[i].state);
	for (size_t i = 0; i < linter->told_count; i++)
		free(linter->told[i]);
	free(linter->told);
	free(linter->slots);
	free(linter->active);
	catalogue_destroy(linter->catalogue);
	free(linter);
}

void *linter_state(const struct linter *linter, const void *key)
{
	for (size_t i = 0; i < linter->slot_count; i++)
		if (linter->slots[i].key == key)
			return linter->slots[i].state;
	return NULL;
}

struct error *linter_set_state(struct linter *linter, const void *key, void *state,
			       void (*destroy)(void *state))
{
	if (!array_grow(linter->slots, linter->slot_count, linter->slot_capacity)) {
		destroy(state);
		return error_nomem();
	}
	linter->slots[linter->slot_count++] =
		(struct linter_state_slot){ key, state, destroy };
	return NULL;
}

bool linter_check_on(const struct linter *linter, const char *id)
{
	for (size_t i = 0; i < linter->active_count; i++)
		if (!strcmp(linter->active[i].check->id, id))
			return true;
	return false;
}

bool linter_wants(struct linter *linter, const struct subject_kind *kind)
{
	for (size_t i = 0; i < linter->active_count; i++)
		if (linter->active[i].check->kind == kind)
			return true;
	registry_for_each(observer, it)
	{
		if ((*it)->enabled(linter, kind))
			return true;
	}
	return false;
}

/* Whether a run cannot go on after @error, rather than one check on one subject. */
static bool is_fatal(const struct error *error)
{
	switch (error_kind(error)) {
	case ERROR_INPUT:
	case ERROR_MISSING:
	case ERROR_SYSTEM:
	case ERROR_TIMEOUT:
		return false;
	default:
		return true;
	}
}

static struct error *run_check(struct linter *linter, const struct active_check *active,
			       const struct subject *subject)
{
	_error_ struct error *error = NULL;

	linter->running = active;
	error = active->check->run(linter, subject);
	linter->running = NULL;
	if (!error || is_fatal(error))
		return take(error);
	return linter_not_checked(linter, true, active->check->id, subject->path, "%s",
				  error_message(error));
}

/* Checks that would look at such a subject, but take long. */
static struct error *tell_slow(struct linter *linter, const struct subject_kind *kind)
{
	struct error *error = NULL;

	registry_for_each(check, it)
	{
		if (!error && (*it)->slow && (*it)->kind == kind &&
		    !linter->options->slow &&
		    linter_level(linter, (*it)->id) != LEVEL_OFF)
			error = linter_not_checked(linter, false, (*it)->id, NULL,
						   "slow: asked for with --slow");
	}
	return error;
}

struct error *linter_subject(struct linter *linter, const struct subject *subject)
{
	struct error *error = tell_slow(linter, subject->kind);

	linter->subjects += subject->kind->is_driver;
	for (size_t i = 0; !error && i < linter->active_count; i++)
		if (linter->active[i].check->kind == subject->kind)
			error = run_check(linter, &linter->active[i], subject);
	registry_for_each(observer, it)
	{
		if (!error && (*it)->enabled(linter, subject->kind))
			error = (*it)->run(linter, subject);
	}
	return error;
}

static struct error *emit(struct linter *linter, const char *rule, enum level level,
			  const struct subject *subject, const struct finding *finding)
{
	struct finding copy = *finding;

	if (level == LEVEL_OFF)
		return NULL;
	copy.rule = rule;
	copy.level = level;
	if (!copy.path && subject)
		copy.path = subject->path;
	return report_add_finding(linter->report, &copy);
}

struct error *linter_emit(struct linter *linter, const struct subject *subject,
			  const struct finding *finding)
{
	return linter_emit_at(linter, subject, LEVEL_ERROR, finding);
}

struct error *linter_emit_at(struct linter *linter, const struct subject *subject,
			     enum level level, const struct finding *finding)
{
	const struct active_check *active = linter->running;

	if (!active)
		return error_new(ERROR_INTERNAL, "a finding outside of any check");
	return emit(linter, active->rule->id,
		    active->level < level ? active->level : level, subject, finding);
}

struct error *linter_emit_rule(struct linter *linter, const char *rule,
			       const struct subject *subject,
			       const struct finding *finding)
{
	return emit(linter, rule, linter_level(linter, rule), subject, finding);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether @key is new; it is consumed. */
static struct error *tell_once(struct linter *linter, char *key, bool *ret)
{
	if (!key)
		return error_nomem();
	*ret = !linter->told_count || !bsearch(&key, linter->told, linter->told_count,
					       sizeof(key), compare_strings);
	if (!*ret ||
	    !array_grow(linter->told, linter->told_count, linter->told_capacity)) {
		free(key);
		return *ret ? error_nomem() : NULL;
	}
	linter->told[linter->told_count++] = key;
	qsort(linter->told, linter->told_count, sizeof(key), compare_strings);
	return NULL;
}

struct error *linter_not_checked(struct linter *linter, bool asked, const char *rule,
				 const char *what, const char *why, ...)
{
	_free_ char *text = NULL;
	char *label;
	struct error *error;
	va_list args;
	bool fresh = false;

	va_start(args, why);
	if (vasprintf(&text, why, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		return error_nomem();
	if (asprintf(&label, "%s%s%s", rule ? rule : "", rule && what ? ", " : "",
		     what ? what : "") < 0)
		return error_nomem();
	error = tell_once(linter, label, &fresh);
	if (error || !fresh)
		return error;
	return report_not_checked(linter->report, asked, label, "%s", text);
}

static int compare_kinds(const void *a, const void *b)
{
	const struct subject_kind *x = *(const struct subject_kind *const *)a;
	const struct subject_kind *y = *(const struct subject_kind *const *)b;

	return x->order != y->order ? (x->order < y->order ? -1 : 1)
				    : strcmp(x->name, y->name);
}

/* Owned array of all kinds in their order, NULL at the end. */
static struct error *sorted_kinds(const struct subject_kind ***ret)
{
	const struct subject_kind **kinds;
	size_t count = 0;

	registry_for_each(subject_kind, it) count++;
	kinds = calloc(count + 1, sizeof(*kinds));
	if (!kinds)
		return error_nomem();
	count = 0;
	registry_for_each(subject_kind, it) kinds[count++] = *it;
	qsort(kinds, count, sizeof(*kinds), compare_kinds);
	*ret = kinds;
	return NULL;
}

struct error *linter_bundle(struct linter *linter, struct bundle *bundle)
{
	_free_ const struct subject_kind **kinds = NULL;
	struct error *error = sorted_kinds(&kinds);

	for (size_t i = 0; !error && kinds[i]; i++)
		error = kinds[i]->visit(linter, bundle);
	return error;
}

struct error *linter_path(struct linter *linter, const char *path)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	size_t before = linter->subjects;
	struct error *error = bundle_open(path, NULL, &bundle);

	if (!error)
		error = linter_bundle(linter, bundle);
	/* a package that cannot be read has findings of its own */
	if (!error && linter->subjects == before && !bundle->fact_count)
		error = error_new(ERROR_INPUT,
				  "%s holds no driver: no module (.ko), kernel extension "
				  "or driver source was found in it; give the folder or "
				  "package that has them",
				  path);
	return error;
}

struct error *linter_finish(struct linter *linter)
{
	_free_ const struct subject_kind **kinds = NULL;
	struct error *error = sorted_kinds(&kinds);

	for (size_t i = 0; !error && kinds[i]; i++)
		if (kinds[i]->finish)
			error = kinds[i]->finish(linter);
	return error;
}
