/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/section.h"

#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "leakwatch/leaks.h"
#include "report/json.h"
#include "report/report.h"

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void text_bound(const json_t *value, struct strbuf *out)
{
	double bound = json_number_value(json_object_get(value, "bound"));

	if (bound >= 1)
		strbuf_adds(out, ", in too few passes for a bound");
	else if (bound > 0)
		strbuf_addf(out, ": below %.2g %% of passes at 99 %%", 100 * bound);
}

/* One line of what is alive and yet no leak. */
static void text_harmless(const json_t *leak, const struct style *style,
			  struct strbuf *out)
{
	const char *why = json_string_value(json_object_get(leak, "why"));
	const char *place = json_string_value(json_object_get(leak, "function"));

	strbuf_addf(out, "              %s%s: ", style->dim,
		    json_string_value(json_object_get(leak, "class")));
	units_add_count(out, count_of(leak, "objects"));
	strbuf_addf(out, " object%s of ", count_of(leak, "objects") == 1 ? "" : "s");
	units_add_size(out, count_of(leak, "bytes"));
	strbuf_addf(out, " in all%s%s%s%s%s\n", place ? ", from " : "",
		    place ? place : "", why ? ": " : "", why ? why : "", style->reset);
}

/* Other sources have neither passes nor a bound on them. */
static void text_source(const json_t *value, const char *source,
			const struct style *style, struct strbuf *out)
{
	const char *verdict = json_string_value(json_object_get(value, "verdict"));
	double limit = json_number_value(json_object_get(value, "limit_bytes"));
	bool none = verdict && !strcmp(verdict, "none");

	strbuf_addf(out, "  leaks       %s%s%s, by %s", none ? style->green : style->red,
		    none ? "none seen" : "growing", style->reset, source);
	if (limit > 0)
		strbuf_addf(out, "; below %.1f B a cycle nothing could be seen", limit);
	strbuf_addc(out, '\n');
}

static void section_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	const char *source = json_string_value(json_object_get(value, "source"));
	const char *verdict = json_string_value(json_object_get(value, "verdict"));
	const json_t *leaks = json_object_get(value, "alive");
	uint64_t lost = count_of(value, "lost");
	const json_t *leak;
	size_t index;

	if (source && strcmp(source, "census")) {
		text_source(value, source, style, out);
		return;
	}
	strbuf_adds(out, "  leaks       ");
	if (verdict && !strcmp(verdict, "none")) {
		strbuf_addf(out, "%snone%s", style->green, style->reset);
		text_bound(value, out);
	} else {
		strbuf_addf(out, "%s%s%s in ", style->red,
			    verdict ? verdict : "not known", style->reset);
		units_add_count(out, count_of(value, "passes"));
		strbuf_adds(out, " passes");
	}
	if (lost || !json_is_true(json_object_get(value, "complete")))
		strbuf_addf(out, ", %scensus incomplete%s", style->yellow, style->reset);
	else
		strbuf_adds(out, ", census complete (0 events lost)");
	strbuf_addc(out, '\n');
	json_array_foreach((json_t *)leaks, index, leak)
	{
		const char *class = json_string_value(json_object_get(leak, "class"));

		if (class && (!strcmp(class, "kept") || !strcmp(class, "follows") ||
			      !strcmp(class, "outstanding")))
			text_harmless(leak, style, out);
	}
}

const struct section leak_section = {
	.name = "leaks",
	.text = section_text,
	.order = -10,
};

static void add_assigned(struct json_builder *b, const struct assigned *assigned)
{
	json_builder_string(b, "assigned_to", assigned->place);
	json_builder_string(b, "type", assigned->type);
	if (!assigned->type)
		return;
	json_builder_integer(b, "type_count", assigned->count);
	json_builder_bool(b, "type_likely", assigned->likely);
}

static json_t *leak_json(const struct leak *leak)
{
	const struct frame *at = leak->frames.count > leak->driver_frame
					 ? &leak->frames.items[leak->driver_frame]
					 : NULL;
	_error_ struct error *error = NULL;
	json_t *parts = json_array(), *json = NULL;
	struct json_builder b;

	for (size_t i = 0; parts && i < leak->part_count; i++) {
		const struct leak_part *part = &leak->parts[i];

		json_array_append_new(parts,
				      json_pack("{s:s, s:s*, s:I, s:I, s:I, s:I}", "kind",
						part->kind, "cache", part->cache,
						"objects", (json_int_t)part->objects,
						"bytes", (json_int_t)part->asked, "taken",
						(json_int_t)part->given, "passes",
						(json_int_t)part->passes));
	}
	json_builder_init(&b);
	json_builder_string(&b, "class", leak_class_name(leak->class));
	json_builder_string(&b, "why", leak->why);
	json_builder_string(&b, "object", leak->object);
	json_builder_integer(&b, "objects", leak->objects);
	json_builder_integer(&b, "bytes", leak->asked);
	json_builder_integer(&b, "taken", leak->given);
	json_builder_integer(&b, "smallest", leak->site->smallest);
	json_builder_integer(&b, "largest", leak->site->largest);
	json_builder_integer(&b, "passes", leak->passes);
	json_builder_integer(&b, "first_pass", leak->first_pass);
	json_builder_integer(&b, "last_pass", leak->last_pass);
	json_builder_integer(&b, "oldest_ns", leak->oldest_ns);
	json_builder_value(&b, "parts", parts);
	add_assigned(&b, &leak->assigned);
	if (at) {
		json_builder_string(&b, "function", at->function);
		json_builder_string(&b, "file", at->file);
		json_builder_integer(&b, "line", at->line);
	}
	error = json_builder_finish(&b, &json);
	return error ? NULL : json;
}

static bool is_complete(const struct census_model *model)
{
	json_t *hook;
	size_t index;

	json_array_foreach(
		(json_t *)model->hooks, index,
		hook) if (!json_is_true(json_object_get(hook, "attached"))) return false;
	for (size_t i = 0; i < model->module_count; i++)
		if (model->modules[i].changed)
			return false;
	return !model->lost;
}

/* Events that came while another was recorded, and that the twin programs took over. */
static uint64_t recovered(const struct census_model *model)
{
	uint64_t sum = 0;
	json_t *hook;
	size_t index;

	json_array_foreach((json_t *)model->hooks, index, hook) sum +=
		count_of(hook, "recovered");
	return sum;
}

static const char *verdict_of(const struct leaks *leaks)
{
	const char *verdict = "none";

	for (size_t i = 0; i < leaks->count; i++) {
		if (leaks->items[i].class == LEAK_GROWS)
			return "growing";
		if (leaks->items[i].class == LEAK_ONCE)
			verdict = "left behind once";
	}
	return verdict;
}

struct error *leak_section_add(const struct census_model *model,
			       const struct leaks *leaks, double bound,
			       struct report *report)
{
	json_t *alive = json_array(), *json = NULL;
	struct json_builder b;
	struct error *error;

	for (size_t i = 0; alive && i < leaks->count; i++)
		json_array_append_new(alive, leak_json(&leaks->items[i]));
	json_builder_init(&b);
	json_builder_string(&b, "source", "census");
	json_builder_string(&b, "verdict", verdict_of(leaks));
	json_builder_integer(&b, "passes", model->passes);
	json_builder_integer(&b, "lost", model->lost);
	json_builder_integer(&b, "recovered", recovered(model));
	json_builder_bool(&b, "complete", is_complete(model));
	if (!strcmp(verdict_of(leaks), "none"))
		json_builder_real(&b, "bound", bound);
	json_builder_value(&b, "alive", alive);
	error = json_builder_finish(&b, &json);
	return error ? error : report_add_section(report, &leak_section, json);
}
