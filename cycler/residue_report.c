/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/residue_report.h"

#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/kernel_faults.h"
#include "report/json.h"

enum { NAMES_SHOWN = 12 };

static uint64_t number_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

/* The passes from..to: "pass 41", or "one of the passes 36 to 60", of a cycle. */
static void add_passes(const struct plan_leg *leg, const json_t *passes,
		       size_t default_cycle, struct strbuf *out)
{
	const json_t *cycle = json_object_get(passes, "cycle");
	const struct plan_cycle *c = plan_cycle_at(
		leg, cycle ? (size_t)json_integer_value(cycle) : default_cycle);
	uint64_t from = number_of(passes, "from"), to = number_of(passes, "to");

	if (to <= from + 1) {
		strbuf_adds(out, "pass ");
		units_add_count(out, to ? to : 1);
	} else {
		strbuf_adds(out, "one of the passes ");
		units_add_count(out, from + 1);
		strbuf_adds(out, " to ");
		units_add_count(out, to);
	}
	strbuf_addf(out, " of %s", c ? c->name : "?");
}

static const json_t *find_sighting(const struct results *r, uint64_t leg,
				   const json_t *item)
{
	const json_t *event;
	size_t i;

	json_array_foreach(r->events, i, event)
	{
		const char *what = json_text(event, "event");

		if (number_of(event, "leg") == leg &&
		    (!strcmp(what, "residue seen") || !strcmp(what, "residue since")) &&
		    !strcmp(json_text(event, "kind"), json_text(item, "kind")) &&
		    !strcmp(json_text(event, "name"), json_text(item, "name")))
			return event;
	}
	return NULL;
}

/* The leg's signals, when a pass changed them and no survey saw the thing itself. */
static void add_signals(const struct results *r, uint64_t leg, struct strbuf *out)
{
	const json_t *event;
	size_t i;

	json_array_foreach(r->events, i, event)
	{
		const json_t *changes = json_object_get(event, "changes");

		if (strcmp(json_text(event, "event"), "surveyed") ||
		    number_of(event, "leg") != leg || !json_array_size(changes))
			continue;
		strbuf_adds(out, ", by ");
		add_passes(&r->plan->legs[leg], json_array_get(changes, 0),
			   number_of(event, "cycle"), out);
		strbuf_adds(out, " as the signals after each pass say");
		return;
	}
}

/* ", by pass 41 of module refdrv.ko". */
static void add_origin(const struct results *r, uint64_t leg, const json_t *item,
		       struct strbuf *out)
{
	const json_t *sighting = find_sighting(r, leg, item), *passes;
	size_t i;

	if (!sighting) {
		add_signals(r, leg, out);
		return;
	}
	json_array_foreach(json_object_get(sighting, "passes"), i, passes)
	{
		strbuf_adds(out, i ? "; " : ", by ");
		add_passes(&r->plan->legs[leg], passes, 0, out);
	}
}

static struct error *add_kind(const struct results *r, const json_t *event,
			      const json_t *items, size_t first, struct report *report)
{
	uint64_t leg = number_of(event, "leg");
	const char *kind = json_text(json_array_get(items, first), "kind");
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "RES001", .level = LEVEL_ERROR };
	size_t count = 0;

	for (size_t i = first; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		if (strcmp(json_text(item, "kind"), kind))
			break;
		if (++count <= NAMES_SHOWN)
			strbuf_addf(&evidence, "%s × %llu\n", json_text(item, "name"),
				    (unsigned long long)number_of(item, "count"));
	}
	if (count > NAMES_SHOWN)
		strbuf_addf(&evidence, "and %zu more\n", count - NAMES_SHOWN);
	strbuf_addf(&message, "%s %s is left behind", kind,
		    json_text(json_array_get(items, first), "name"));
	if (count > 1)
		strbuf_addf(&message, ", and %zu more of its kind", count - 1);
	strbuf_addf(&evidence, "after %s", r->plan->legs[leg].name);
	add_origin(r, leg, json_array_get(items, first), &evidence);
	finding.symbol = json_text(json_array_get(items, first), "name");
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint =
		"What a load registers its unload must take back, and so must each "
		"error path of the load.";
	return report_add_finding(report, &finding);
}

/* What is there by a fault of the kernel's is told, but is no finding. */
static struct error *drop_known(const struct results *r, int leg, json_t *items,
				struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < json_array_size(items);) {
		const json_t *item = json_array_get(items, i);
		const char *why = kernel_faults_residue(
			r->events, leg, json_text(item, "kind"), json_text(item, "name"));

		if (!why) {
			i++;
			continue;
		}
		error = report_not_checked(report, false, json_text(item, "name"),
					   "it is left by the kernel: %s", why);
		json_array_remove(items, i);
	}
	return error;
}

static struct error *add_items(const struct results *results, const json_t *event,
			       const json_t *items, struct report *report)
{
	struct error *error = NULL;
	const char *last = "";

	for (size_t i = 0; !error && i < json_array_size(items); i++) {
		const char *kind = json_text(json_array_get(items, i), "kind");

		if (strcmp(kind, last))
			error = add_kind(results, event, items, i, report);
		last = kind;
	}
	return error;
}

struct error *residue_report_add(const struct results *results, const json_t *event,
				 struct report *report)
{
	json_t *items = json_deep_copy(json_object_get(event, "appeared"));
	struct error *error = NULL;

	if (number_of(event, "leg") >= results->plan->leg_count)
		json_array_clear(items);
	error = drop_known(results, (int)number_of(event, "leg"), items, report);
	if (!error)
		error = add_items(results, event, items, report);
	json_decref(items);
	return error;
}

struct error *residue_report_measure(const struct results *results, struct report *report)
{
	uint64_t surveys = 0, looks = 0, longest = 0;
	const json_t *event;
	struct error *error;
	size_t i;

	json_array_foreach(results->events, i, event)
	{
		if (strcmp(json_text(event, "event"), "surveyed"))
			continue;
		surveys += number_of(event, "surveys");
		looks += number_of(event, "looks");
		if (number_of(event, "longest ms") > longest)
			longest = number_of(event, "longest ms");
	}
	if (!surveys && !looks)
		return NULL;
	error = report_measure(report, "residue.surveys", (double)surveys, "1");
	if (!error && surveys)
		error = report_measure(report, "residue.longest_survey",
				       (double)longest / 1e3, "s");
	return error ? error
		     : report_measure(report, "residue.signals_read", (double)looks, "1");
}
