/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "leakwatch/leaks.h"
#include "leakwatch/profile.h"
#include "leakwatch/section.h"
#include "report/json.h"

/* -ln(0.01): with no leak in N passes, fewer than this / N leak, at 99 %. */
static const double bound_99 = 4.6052;

static const char *rule_of(const struct leak *leak)
{
	if (leak->class == LEAK_GROWS)
		return leak->referenced ? "LEAK004" : "LEAK001";
	return leak->class == LEAK_ONCE ? "LEAK006" : "LEAK003";
}

static enum level level_of(const struct leak *leak)
{
	if (leak->class == LEAK_GROWS)
		return LEVEL_ERROR;
	return leak->class == LEAK_ONCE ? LEVEL_WARNING : LEVEL_INFO;
}

static void add_bytes(struct strbuf *out, uint64_t bytes)
{
	units_add_count(out, bytes);
	strbuf_adds(out, " B");
}

/* " (struct refdrv_ctx)", " (probably 4 struct slot)" */
static void add_type(const struct leak *leak, struct strbuf *out)
{
	const struct assigned *a = &leak->assigned;

	if (!a->type || leak->part_count > 1 || leak->object)
		return;
	strbuf_addf(out, " (%s", a->likely ? "probably " : "");
	if (a->count > 1)
		strbuf_addf(out, "%llu × ", (unsigned long long)a->count);
	strbuf_addf(out, "%s%s)", a->type, a->rest ? " with a tail" : "");
}

/* "100 B in each of 100 passes"; "512 B × 31 objects in 30 of 330 passes" */
static void add_amount(const struct leak *leak, uint64_t passes, struct strbuf *out)
{
	uint64_t in = leak->passes ? leak->passes : 1;

	if (leak->objects % in) {
		add_bytes(out, leak->asked / (leak->objects ? leak->objects : 1));
		add_type(leak, out);
		strbuf_addf(out, " × %llu objects", (unsigned long long)leak->objects);
	} else {
		add_bytes(out, leak->asked / in);
		if (leak->objects / in > 1)
			strbuf_addf(out, " (%llu objects)",
				    (unsigned long long)(leak->objects / in));
		else
			add_type(leak, out);
	}
	if (leak->passes == passes && passes > 1)
		strbuf_adds(out, " in each of ");
	else
		strbuf_addf(out, " in %llu of ", (unsigned long long)leak->passes);
	units_add_count(out, passes);
	strbuf_addf(out, " pass%s", passes == 1 ? "" : "es");
	if (leak->passes != passes || passes == 1)
		strbuf_addf(out, ", first in pass %llu",
			    (unsigned long long)leak->first_pass);
}

static void add_message(const struct leak *leak, uint64_t passes, struct strbuf *out)
{
	static const char *const verbs[] = {
		[LEAK_GROWS] = "leaks ",
		[LEAK_ONCE] = "leaves behind ",
		[LEAK_OUTSTANDING] = "handed on and not freed yet: ",
		[LEAK_KEPT] = "kept: ",
		[LEAK_FOLLOWS] = "kept alive by another leak: ",
	};

	if (leak->site->process) {
		strbuf_addf(out, "still holds a %s of a process that has ended",
			    leak->object);
		return;
	}
	strbuf_adds(out, verbs[leak->class]);
	if (leak->class <= LEAK_ONCE && leak->object)
		strbuf_addf(out, "a %s: ", leak->object);
	add_amount(leak, passes, out);
}

static void add_evidence(const struct leak *leak, struct strbuf *out)
{
	for (size_t i = 0; i < leak->part_count; i++) {
		const struct leak_part *part = &leak->parts[i];

		if (i)
			strbuf_addc(out, '\n');
		leak_part_describe(part, out);
		strbuf_adds(out, ": ");
		units_add_count(out, part->objects);
		strbuf_addf(out, " object%s alive, ", part->objects == 1 ? "" : "s");
		add_bytes(out, part->asked);
		strbuf_adds(out, " asked for, ");
		add_bytes(out, part->given);
		strbuf_adds(out, " taken");
	}
	if (leak->class == LEAK_OUTSTANDING) {
		strbuf_adds(out,
			    leak->settling
				    ? "\nthe kernel is at freeing them; the oldest is "
				    : "\nthe youngest alone are alive; the oldest is ");
		units_add_duration(out, leak->oldest_ns);
		strbuf_adds(out, " old");
	}
	if (leak->assigned.place)
		strbuf_addf(out, "\nassigned to %s", leak->assigned.place);
	if (leak->why)
		strbuf_addf(out, "\n%s", leak->why);
}

static const char *hint_of(const struct leak *leak)
{
	if (leak->class == LEAK_GROWS && leak->referenced)
		return "give the reference back on the way that undoes what took it (fput, "
		       "put_device, dev_put, put_task_struct …)";
	if (leak->class == LEAK_GROWS)
		return "free it on the way that undoes what allocated it, and on every "
		       "error path in between";
	if (leak->class == LEAK_ONCE)
		return "free it in the module's exit, or let devm_ do it";
	return NULL;
}

static struct error *add_finding(const struct leak *leak, uint64_t passes,
				 struct report *report)
{
	const struct frame *at = leak->frames.count > leak->driver_frame
					 ? &leak->frames.items[leak->driver_frame]
					 : NULL;
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT,
			       print = STRBUF_INIT;
	struct finding finding = { .rule = rule_of(leak), .level = level_of(leak) };
	struct error *error;

	add_message(leak, passes, &message);
	add_evidence(leak, &evidence);
	finding.symbol = at && leak->driver ? at->function : leak->site->cache;
	strbuf_addf(&print, "%s:%s:%s:%s", finding.rule,
		    finding.symbol ? finding.symbol : "", leak->site->kind,
		    leak->site->cache ? leak->site->cache : "");
	error = strbuf_error(&message);
	if (!error)
		error = strbuf_error(&evidence);
	if (!error)
		error = strbuf_error(&print);
	if (error)
		return error;
	if (at && leak->driver) {
		finding.path = at->file;
		finding.line = at->line;
		finding.column = at->column;
	}
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint = hint_of(leak);
	finding.fingerprint = strbuf_string(&print);
	finding.stack = leak->frames.items;
	finding.stack_count = leak->frames.count;
	return report_add_finding(report, &finding);
}

static struct error *check_loads(const struct census_model *model, struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < model->module_count; i++) {
		const struct census_module *module = &model->modules[i];

		if (!module->range && !module->loaded_before && !module->loads)
			return error_new(ERROR_INPUT,
					 "the census saw no load of module %s: is that "
					 "its name?",
					 module->name);
		if (module->changed)
			error = report_not_checked(
				report, true, "leak census",
				"module %s was replaced by another build %llu times "
				"while it was watched",
				module->name, (unsigned long long)module->changed);
	}
	return error;
}

/* Of a module that was there all the time: who has it open now counts too. */
static struct error *check_references(const struct census_model *model,
				      struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < model->module_count; i++) {
		const struct census_module *m = &model->modules[i];
		struct finding finding = { .rule = "LEAK002", .level = LEVEL_WARNING };
		char message[128];

		if (!m->loaded_before || !m->loaded || m->loads ||
		    m->references <= m->references_before)
			continue;
		snprintf(message, sizeof(message),
			 "%llu references to the module more than before: it cannot be "
			 "unloaded",
			 (unsigned long long)(m->references - m->references_before));
		finding.symbol = m->name;
		finding.message = message;
		finding.hint =
			"if nobody has it open now, look for a module_get or an open "
			"file that is not given back";
		error = report_add_finding(report, &finding);
	}
	return error;
}

static struct error *check_losses(const struct census_model *model, struct report *report)
{
	struct error *error =
		model->moved
			? report_not_checked(report, true, "leak census",
					     "somebody loaded or unloaded the module "
					     "while it was counted")
			: NULL;
	const char *key;
	json_t *value;
	size_t index;

	json_object_foreach((json_t *)model->loss, key, value)
	{
		static const struct {
			const char *key, *what;
		} words[] = {
			{ "recursion_misses", "came while another was being recorded" },
			{ "objects", "found the table of objects full" },
			{ "sites", "found the table of places full" },
			{ "stacks", "had a stack that could not be walked" },
			{ "vmalloc", "of vmalloc were entered and not left" },
			{ "stale", "gave out memory whose free was not seen" },
		};

		for (size_t i = 0; !error && json_integer_value(value) &&
				   i < sizeof(words) / sizeof(words[0]);
		     i++)
			if (!strcmp(words[i].key, key))
				error = report_not_checked(
					report, true, "leak census is incomplete",
					"%lld events %s",
					(long long)json_integer_value(value),
					words[i].what);
	}
	json_array_foreach((json_t *)model->hooks, index, value)
	{
		const char *covers = json_string_value(json_object_get(value, "covers"));
		const char *why = json_string_value(json_object_get(value, "why"));

		if (!error && !json_is_true(json_object_get(value, "attached")))
			error = report_not_checked(report, true,
						   covers ? covers : "leak census", "%s",
						   why ? why : "the hook is missing");
	}
	return error;
}

static struct error *measure(const struct census_model *model, const struct leaks *leaks,
			     struct report *report)
{
	uint64_t objects = 0, bytes = 0, bad = 0;
	struct error *error;

	for (size_t i = 0; i < leaks->count; i++) {
		if (leaks->items[i].class > LEAK_ONCE)
			continue;
		bad++;
		objects += leaks->items[i].objects;
		bytes += leaks->items[i].asked;
	}
	error = report_measure(report, "leaks.objects", (double)objects, "1");
	if (!error)
		error = report_measure(report, "leaks.bytes", (double)bytes, "B");
	if (!error && !bad && (double)model->passes > bound_99)
		error = report_measure(report, "leaks.bound",
				       bound_99 / (double)model->passes, "1");
	return error;
}

struct error *leak_judge(const json_t *census, const struct leak_options *options,
			 struct report *report)
{
	_cleanup_(census_model_destroy) struct census_model *model = NULL;
	_leaks_ struct leaks leaks = { 0 };
	struct error *error = census_model_create(census, &model);

	if (!error)
		error = check_loads(model, report);
	if (!error)
		error = check_losses(model, report);
	if (!error)
		error = check_references(model, report);
	if (!error)
		error = leaks_find(model, options, &leaks);
	for (size_t i = 0; !error && i < leaks.count; i++)
		if (leaks.items[i].class <= LEAK_OUTSTANDING)
			error = add_finding(&leaks.items[i], model->passes, report);
	if (!error)
		error = measure(model, &leaks, report);
	if (!error)
		error = leak_section_add(
			model, &leaks,
			model->passes ? bound_99 / (double)model->passes : 0, report);
	if (!error)
		error = profile_add(model, options, report);
	return error;
}
