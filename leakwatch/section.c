/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/section.h"

#include <string.h>

#include "common/error.h"
#include "leakwatch/leaks.h"
#include "report/json.h"
#include "report/report.h"

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

const struct section leak_section = {
	.name = "leaks",
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
