/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/model.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

void census_model_destroy(struct census_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->site_count; i++)
		free(model->sites[i].frames);
	free(model->sites);
	free(model->modules);
	free(model);
}

/* A counter that is not there is 0; one that is no count is refused by its reader. */
static uint64_t count_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

static uint64_t address_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strtoull(text, NULL, 16) : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static struct error *read_frames(const json_t *stack, size_t index, struct site *site)
{
	site->frame_count = json_array_size(stack);
	site->frames = calloc(site->frame_count + 1, sizeof(*site->frames));
	if (!site->frames)
		return error_nomem();
	for (size_t i = 0; i < site->frame_count; i++) {
		const json_t *frame = json_array_get(stack, i);

		if (!json_is_object(frame))
			return error_new(ERROR_INPUT,
					 "/sites/%zu/stack/%zu is not an object", index,
					 i);
		site->frames[i] = (struct census_frame){
			.address = address_of(frame, "address"),
			.module = text_of(frame, "module"),
			.region = text_of(frame, "region"),
			.symbol = text_of(frame, "symbol"),
			.offset = count_of(frame, "offset"),
		};
	}
	return NULL;
}

static struct error *read_site(const json_t *json, size_t index, struct site *site)
{
	const char *class = text_of(json, "class");
	static const struct {
		const char *key;
		size_t offset;
	} counts[] = {
		{ "allocated", offsetof(struct site, allocated) },
		{ "freed", offsetof(struct site, freed) },
		{ "bytes_asked", offsetof(struct site, bytes_asked) },
		{ "bytes_given", offsetof(struct site, bytes_given) },
		{ "alive_most", offsetof(struct site, alive_most) },
		{ "given_most", offsetof(struct site, given_most) },
		{ "smallest", offsetof(struct site, smallest) },
		{ "largest", offsetof(struct site, largest) },
		{ "alive", offsetof(struct site, alive) },
		{ "alive_asked", offsetof(struct site, alive_asked) },
		{ "alive_given", offsetof(struct site, alive_given) },
		{ "passes", offsetof(struct site, passes) },
		{ "first_pass", offsetof(struct site, first_pass) },
		{ "last_pass", offsetof(struct site, last_pass) },
		{ "first_ordinal", offsetof(struct site, first_ordinal) },
		{ "oldest_ns", offsetof(struct site, oldest_ns) },
		{ "youngest_ns", offsetof(struct site, youngest_ns) },
		{ "alive_at_mark", offsetof(struct site, alive_at_mark) },
		{ "alive_late", offsetof(struct site, alive_late) },
	};

	site->kind = text_of(json, "kind");
	if (!site->kind || !class)
		return error_new(ERROR_INPUT, "/sites/%zu has no kind or class", index);
	site->cache = text_of(json, "cache");
	site->driver = !strcmp(class, "driver");
	site->process = !strcmp(class, "process");
	site->pass_ranges = json_object_get(json, "pass_ranges");
	site->lifetimes = json_object_get(json, "lifetimes");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const json_t *value = json_object_get(json, counts[i].key);

		if (value && (!json_is_integer(value) || json_integer_value(value) < 0))
			return error_new(ERROR_INPUT, "/sites/%zu/%s is no count", index,
					 counts[i].key);
		*(uint64_t *)((char *)site + counts[i].offset) =
			count_of(json, counts[i].key);
	}
	return read_frames(json_object_get(json, "stack"), index, site);
}

static struct error *read_sites(const json_t *json, struct census_model *model)
{
	const json_t *sites = json_object_get(json, "sites");

	if (!json_is_array(sites))
		return error_new(ERROR_INPUT, "/sites is not an array");
	model->sites = calloc(json_array_size(sites) + 1, sizeof(*model->sites));
	if (!model->sites)
		return error_nomem();
	for (size_t i = 0; i < json_array_size(sites); i++) {
		struct error *error;

		model->site_count++;
		error = read_site(json_array_get(sites, i), i, &model->sites[i]);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *read_modules(const json_t *json, struct census_model *model)
{
	const json_t *modules = json_object_get(json, "modules");

	if (!json_is_array(modules) || !json_array_size(modules))
		return error_new(ERROR_INPUT, "/modules is not an array of modules");
	model->module_count = json_array_size(modules);
	model->modules = calloc(model->module_count, sizeof(*model->modules));
	if (!model->modules)
		return error_nomem();
	for (size_t i = 0; i < model->module_count; i++) {
		const json_t *module = json_array_get(modules, i);

		if (!text_of(module, "name"))
			return error_new(ERROR_INPUT, "/modules/%zu has no name", i);
		model->modules[i] = (struct census_module){
			.name = text_of(module, "name"),
			.range = json_is_true(json_object_get(module, "range")),
			.loaded_before =
				json_is_true(json_object_get(module, "loaded_before")),
			.loaded = json_is_true(json_object_get(module, "loaded")),
			.references_before = count_of(module, "references_before"),
			.references = count_of(module, "references"),
			.loads = count_of(module, "loads"),
			.unloads = count_of(module, "unloads"),
			.changed = count_of(module, "changed"),
			.base = address_of(module, "base"),
			.size = count_of(module, "size"),
			.regions = json_object_get(module, "regions"),
			.sections = json_object_get(module, "sections"),
		};
	}
	return NULL;
}

static struct error *read_losses(const json_t *json, struct census_model *model)
{
	const char *key;
	json_t *value;

	model->hooks = json_object_get(json, "hooks");
	model->loss = json_object_get(json, "loss");
	if (!json_is_object(model->loss) || !json_is_array(model->hooks))
		return error_new(ERROR_INPUT, "/loss or /hooks is missing");
	json_object_foreach((json_t *)model->loss, key, value)
	{
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return error_new(ERROR_INPUT, "/loss/%s is no count", key);
		model->lost += json_integer_value(value);
	}
	return NULL;
}

/* Rows of five counts, the time of which goes on. */
static struct error *read_growth(const json_t *json, struct census_model *model)
{
	json_t *row;
	size_t i, k;

	model->growth = json_object_get(json, "growth");
	model->wired_before = count_of(json, "wired_before");
	if (model->growth && !json_is_array(model->growth))
		return error_new(ERROR_INPUT, "/growth is not an array");
	json_array_foreach((json_t *)model->growth, i, row)
	{
		for (k = 0; k < 5; k++) {
			const json_t *value = json_array_get(row, k);

			if (!json_is_integer(value) || json_integer_value(value) < 0)
				return error_new(ERROR_INPUT,
						 "/growth/%zu/%zu is no count", i, k);
		}
	}
	return NULL;
}

struct error *census_model_create(const json_t *json, struct census_model **ret)
{
	_cleanup_(census_model_destroy) struct census_model *model =
		calloc(1, sizeof(*model));
	const char *schema = text_of(json, "schema");
	struct error *error;

	if (!model)
		return error_nomem();
	if (!schema || strcmp(schema, "bookend-census/1"))
		return error_new(ERROR_INPUT, "no census document: its schema is %s",
				 schema ? schema : "missing");
	model->release = text_of(json, "release");
	model->passes = count_of(json, "passes");
	model->tick_ns = count_of(json, "tick_ns");
	model->marked = json_object_get(json, "mark") != NULL;
	model->moved = json_is_true(json_object_get(json, "moved"));
	model->halved = json_object_get(json, "legs") != NULL;
	model->mark = count_of(json, "mark");
	error = read_modules(json, model);
	if (!error)
		error = read_losses(json, model);
	if (!error)
		error = read_sites(json, model);
	if (!error)
		error = read_growth(json, model);
	if (error)
		return error_wrap(error, "census document");
	for (size_t i = 0; !model->passes && i < model->module_count; i++)
		model->passes = model->modules[i].loads;
	*ret = take(model);
	return NULL;
}
