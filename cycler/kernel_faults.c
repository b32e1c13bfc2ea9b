/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/kernel_faults.h"

#include <fnmatch.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/failalloc.h"
#include "report/json.h"

static const struct {
	const char *function;	 /* that was below the failed allocation */
	const char *kind, *name; /* of the residue: a pattern */
	const char *line;	 /* in the log */
	const char *why;
} known[] = {
	/* drivers/base/module.c: the folder's pointer stays NULL, and NULL is the root */
	{ "module_add_driver", "sysfs", "/sys/*:*",
	  "cannot create duplicate filename '//",
	  "module_add_driver() makes its link in /sys itself when there was no memory for "
	  "the module's folder 'drivers', and no one takes it away there" },
};

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_site(const json_t *event)
{
	return !strcmp(json_text(event, "event"), "failed allocation");
}

static bool failed_below(const json_t *events, int leg, const char *function)
{
	const json_t *event;
	size_t i;

	json_array_foreach((json_t *)events, i, event)
	{
		if (is_site(event) && number_of(event, "leg") == leg &&
		    strstr(json_text(event, "stack"), function))
			return true;
	}
	return false;
}

const char *kernel_faults_residue(const json_t *events, int leg, const char *kind,
				  const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(known[i].kind, kind) &&
		    !fnmatch(known[i].name, name, FNM_PATHNAME) &&
		    failed_below(events, leg, known[i].function))
			return known[i].why;
	return NULL;
}

const char *kernel_faults_line(const json_t *events, int leg, const char *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strstr(text, known[i].line) &&
		    failed_below(events, leg, known[i].function))
			return known[i].why;
	return NULL;
}

static bool same_call(const json_t *a, const json_t *b)
{
	return number_of(a, "region") == number_of(b, "region") &&
	       number_of(a, "offset") == number_of(b, "offset");
}

/*
 * Whether the stack of @events[@from] comes again within the run of its call, after
 * others. At once after itself it is no second call: what comes before it allocated one
 * object less in that pass (a reserve of nodes was full), and so the count met it twice.
 * Unless there is nothing else: then nothing tells the two from a loop.
 */
static bool called_again(const json_t *events, size_t from, size_t to)
{
	const char *first = json_text(json_array_get(events, from), "stack");
	bool others = false;

	for (size_t i = from + 1; i < to; i++) {
		bool same = !strcmp(json_text(json_array_get(events, i), "stack"), first);

		if (same && others)
			return true;
		others = others || !same;
	}
	return !others && to - from > 1;
}

/* Sites come in the order of the step's allocations: those of one call are a run. */
static bool is_single(const json_t *events, size_t at)
{
	const json_t *site = json_array_get(events, at);
	size_t from = at, to = at + 1;

	while (from && is_site(json_array_get(events, from - 1)) &&
	       same_call(json_array_get(events, from - 1), site))
		from--;
	while (is_site(json_array_get(events, to)) &&
	       same_call(json_array_get(events, to), site))
		to++;
	return !called_again(events, from, to);
}

/* Below a function that is known for what it leaves, whether it told of it or not. */
static bool is_known_site(const json_t *event)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strstr(json_text(event, "stack"), known[i].function))
			return true;
	return false;
}

static bool told_an_error(const json_t *event)
{
	const char *outcome = json_text(event, "outcome");

	return !strcmp(outcome, failalloc_outcome_name(FAILALLOC_CLEAN)) ||
	       !strcmp(outcome, failalloc_outcome_name(FAILALLOC_OTHER));
}

/* The failed allocation below the call at @frame in @pass; NULL: there is none. */
static const json_t *find_site(const json_t *events, json_int_t pass, const json_t *frame)
{
	bool init = !strcmp(json_text(frame, "region"), "init");
	const json_t *event;
	size_t i;

	json_array_foreach((json_t *)events, i, event)
	{
		if (is_site(event) && number_of(event, "pass") == pass &&
		    number_of(event, "region") ==
			    (init ? FAILALLOC_INIT : FAILALLOC_CORE) &&
		    number_of(event, "offset") == number_of(frame, "offset") &&
		    (told_an_error(event) || is_known_site(event)) &&
		    is_single(events, i))
			return event;
	}
	return NULL;
}

/* The innermost frame of a module, and the kernel's function that it called. */
static const json_t *driver_frame(const json_t *site, const char **called)
{
	const json_t *frame;
	size_t i;

	*called = "a function of the kernel";
	json_array_foreach(json_object_get(site, "stack"), i, frame)
	{
		if (json_object_get(frame, "module"))
			return i ? frame : NULL; /* its own allocation is its own */
		if (*json_text(frame, "symbol"))
			*called = json_text(frame, "symbol");
	}
	return NULL;
}

static void take_from(json_t *site, const char *key, json_int_t less)
{
	json_object_set_new(site, key, json_integer(number_of(site, key) - less));
}

/* Takes what was left in @pass out of the site's account. */
static void take_pass(json_t *site, const json_t *pass)
{
	json_int_t objects = number_of(pass, "objects");

	take_from(site, "alive", objects);
	take_from(site, "alive_asked", number_of(pass, "asked"));
	take_from(site, "alive_given", number_of(pass, "given"));
	take_from(site, "passes", 1);
	json_object_set_new(site, "freed",
			    json_integer(number_of(site, "freed") + objects));
}

static json_t *fault(const char *called, const json_t *event, const json_t *pass)
{
	return json_pack("{s:s, s:O, s:O, s:O, s:O}", "function", called, "objects",
			 json_object_get(pass, "objects"), "bytes",
			 json_object_get(pass, "given"), "nth",
			 json_object_get(event, "nth"), "stack",
			 json_object_get(event, "stack"));
}

static void split_site(json_t *site, const json_t *events, json_t *faults)
{
	json_t *left = json_object_get(site, "left_in"), *pass;
	const char *called;
	const json_t *frame = driver_frame(site, &called);

	for (size_t i = 0; frame && i < json_array_size(left);) {
		const json_t *event;

		pass = json_array_get(left, i);
		event = find_site(events, number_of(pass, "pass"), frame);
		if (!event) {
			i++;
			continue;
		}
		json_array_append_new(faults, fault(called, event, pass));
		take_pass(site, pass);
		json_array_remove(left, i);
	}
	if (json_array_size(left))
		json_object_set(site, "first_pass",
				json_object_get(json_array_get(left, 0), "pass"));
}

struct error *kernel_faults_split(const json_t *census, const json_t *events,
				  json_t **rest, json_t **faults)
{
	json_t *copy = json_deep_copy(census), *list = json_array(), *site;
	size_t i;

	if (!copy || !list) {
		json_decref(copy);
		json_decref(list);
		return error_nomem();
	}
	json_array_foreach(json_object_get(copy, "sites"), i, site)
		split_site(site, events, list);
	*rest = copy;
	*faults = list;
	return NULL;
}

/* Everything of one function of the kernel's. */
static struct error *add_function(const json_t *faults, const char *function,
				  struct report *report)
{
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "ERR003", .level = LEVEL_INFO };
	json_int_t objects = 0, bytes = 0;
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)faults, i, item)
	{
		if (strcmp(json_text(item, "function"), function))
			continue;
		if (!objects)
			strbuf_addf(&evidence, "allocation %lld was made to fail:\n%s",
				    (long long)number_of(item, "nth"),
				    json_text(item, "stack"));
		objects += number_of(item, "objects");
		bytes += number_of(item, "bytes");
	}
	strbuf_addf(&message, "%s() of the kernel leaves ", function);
	units_add_count(&message, (uint64_t)objects);
	strbuf_adds(&message, objects == 1 ? " object of " : " objects of ");
	units_add_size(&message, (uint64_t)bytes);
	strbuf_adds(&message, " behind when it fails");
	finding.symbol = function;
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	return report_add_finding(report, &finding);
}

struct error *kernel_faults_add(const json_t *faults, struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < json_array_size(faults); i++) {
		const char *function = json_text(json_array_get(faults, i), "function");
		bool before = false;

		for (size_t k = 0; k < i; k++)
			before = before ||
				 !strcmp(json_text(json_array_get(faults, k), "function"),
					 function);
		if (!before)
			error = add_function(faults, function, report);
	}
	return error;
}
