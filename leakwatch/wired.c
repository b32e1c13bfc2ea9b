/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/wired.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/model.h"
#include "leakwatch/moments.h"
#include "leakwatch/verdict.h"
#include "report/json.h"
#include "report/report.h"

enum { PAGE = 4096, MOMENTS = 48, SECTIONS = 128 };

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

enum part { PART_TEXT, PART_READ_ONLY, PART_DATA, PART_INIT, PARTS };

struct code {
	uint64_t parts[PARTS];
};

/* Kernels since 6.4 keep the parts apart. */
static enum part part_of_region(const char *region)
{
	if (!strncmp(region, "init", 4))
		return PART_INIT;
	if (!strcmp(region, "text"))
		return PART_TEXT;
	return !strcmp(region, "data") ? PART_DATA : PART_READ_ONLY;
}

static enum part part_of_section(const char *name)
{
	static const char *const data[] = {
		".data",	 ".bss",	  ".gnu.linkonce.this_module",
		"__bug_table",	 ".static_call",  "__jump_table",
		"__tracepoints", "_ftrace_events"
	};

	if (strstr(name, "text") && strncmp(name, ".rodata", 7))
		return PART_TEXT;
	for (size_t i = 0; i < ARRAY_LENGTH(data); i++)
		if (!strncmp(name, data[i], strlen(data[i])))
			return PART_DATA;
	return PART_READ_ONLY;
}

struct place {
	const char *name;
	uint64_t address;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* Each section reaches to the next one, so that what is lost between belongs to it. */
static void split_core(const struct census_module *module, uint64_t size,
		       struct code *ret)
{
	struct place places[SECTIONS];
	size_t count = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)module->sections, name, value)
	{
		const char *text = json_string_value(value);
		uint64_t address = text ? strtoull(text, NULL, 16) : 0;

		if (count < SECTIONS && address - module->base < size)
			places[count++] = (struct place){ name, address };
	}
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++) {
		uint64_t end =
			i + 1 < count ? places[i + 1].address : module->base + size;

		ret->parts[part_of_section(places[i].name)] += end - places[i].address;
	}
	if (!count)
		ret->parts[PART_TEXT] += size;
}

/* The kernel lays the parts on pages; a few bytes on the wrong side are names' fault. */
static void round_parts(struct code *code)
{
	uint64_t all = code->parts[PART_TEXT] + code->parts[PART_READ_ONLY] +
		       code->parts[PART_DATA];

	for (int i = PART_TEXT; i < PART_DATA; i++)
		code->parts[i] = (code->parts[i] + PAGE / 2) & ~(uint64_t)(PAGE - 1);
	if (code->parts[PART_TEXT] + code->parts[PART_READ_ONLY] <= all)
		code->parts[PART_DATA] =
			all - code->parts[PART_TEXT] - code->parts[PART_READ_ONLY];
}

static void add_code(const struct census_module *module, struct code *ret)
{
	bool apart = json_object_get(module->regions, "rodata") ||
		     json_object_get(module->regions, "data");
	const char *name;
	json_t *value;

	if (module->range)
		return;
	json_object_foreach((json_t *)module->regions, name, value)
	{
		uint64_t size = pages((uint64_t)json_integer_value(value));

		if (!apart && strncmp(name, "init", 4))
			split_core(module, size, ret);
		else
			ret->parts[part_of_region(name)] += size;
	}
}

/* One occasion on which the driver allocates. */
struct moment {
	const char *name;
	uint64_t sites, allocated, objects, asked, given; /* at most alive */
};

struct moments {
	struct moment items[MOMENTS];
	size_t count;
};

static uint64_t asked_at_most(const struct site *site)
{
	return site->allocated ? site->bytes_asked / site->allocated * site->alive_most
			       : 0;
}

static void add_moment(struct moments *moments, const struct site *site)
{
	const char *name = moment_of(site);
	struct moment *m = NULL;

	for (size_t i = 0; !m && i < moments->count; i++)
		if (!strcmp(moments->items[i].name, name))
			m = &moments->items[i];
	if (!m && moments->count < MOMENTS) {
		m = &moments->items[moments->count++];
		*m = (struct moment){ .name = name };
	}
	if (!m)
		return;
	m->sites++;
	m->allocated += site->allocated;
	m->objects += site->alive_most;
	m->asked += asked_at_most(site);
	m->given += site->given_most;
}

static int compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->given != y->given)
		return x->given > y->given ? -1 : 1;
	return strcmp(x->name, y->name);
}

static json_t *moments_json(const struct moments *moments)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < moments->count; i++) {
		const struct moment *m = &moments->items[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "when",
						m->name, "places", (json_int_t)m->sites,
						"allocated", (json_int_t)m->allocated,
						"objects", (json_int_t)m->objects,
						"asked", (json_int_t)m->asked, "bytes",
						(json_int_t)m->given));
	}
	return array;
}

static uint64_t all_loads(const struct census_model *model)
{
	uint64_t loads = 0;

	for (size_t i = 0; i < model->module_count; i++)
		loads += model->modules[i].loads;
	return loads;
}

/*
 * How many devices a load probes: what most places of probe allocate in one load. 0: not
 * known.
 */
static uint64_t instances(const struct census_model *model)
{
	uint64_t loads = all_loads(model), best = 0, most = 0;

	for (size_t i = 0; loads && i < model->site_count; i++) {
		const struct site *site = &model->sites[i];
		uint64_t each = site->allocated / loads, same = 0;

		if (!site->driver || site->allocated % loads || !each ||
		    strcmp(moment_of(site), "probe"))
			continue;
		for (size_t k = 0; k < model->site_count; k++)
			same += model->sites[k].driver &&
				model->sites[k].allocated == site->allocated &&
				!strcmp(moment_of(&model->sites[k]), "probe");
		if (same > most || (same == most && each < best)) {
			most = same;
			best = each;
		}
	}
	return best;
}

/* The instance's share of what probing takes at most; and of a load, when measured. */
static json_t *instance_json(const struct census_model *model,
			     const struct moments *moments, const json_t *units)
{
	uint64_t count = instances(model), bytes = 0;
	json_t *unit;
	size_t i;

	for (size_t k = 0; k < moments->count; k++)
		if (!strcmp(moments->items[k].name, "probe"))
			bytes = moments->items[k].given;
	json_array_foreach((json_t *)units, i, unit)
	{
		uint64_t load =
			(uint64_t)json_integer_value(json_object_get(unit, "bytes"));

		if (!strcmp(json_string_value(json_object_get(unit, "what")), "load") &&
		    load < bytes)
			bytes = load;
	}
	if (!count || !bytes)
		return NULL;
	return json_pack("{s:s, s:I, s:I, s:b}", "what", "instance", "bytes",
			 (json_int_t)(bytes / count), "count", (json_int_t)count,
			 "measured", 0);
}

static json_t *growth_json(const struct census_model *model)
{
	return model->growth ? json_deep_copy(model->growth) : NULL;
}

static uint64_t number_at(const json_t *row, size_t index)
{
	return (uint64_t)json_integer_value(json_array_get(row, index));
}

/* Maxima of places that came at different times add up to more than there ever was. */
static void bound_moments(struct moments *moments, uint64_t peak)
{
	for (size_t i = 0; peak && i < moments->count; i++) {
		struct moment *m = &moments->items[i];

		m->given = m->given > peak ? peak : m->given;
		m->asked = m->asked > m->given ? m->given : m->asked;
	}
}

/* The most that was allocated at one time; before there were samples, a bound of it. */
uint64_t wired_peak(const struct census_model *model)
{
	uint64_t peak = 0, sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)model->growth, i, row)
	{
		if (number_at(row, 3) > peak)
			peak = number_at(row, 3);
	}
	for (size_t k = 0; k < model->site_count; k++)
		sum += model->sites[k].driver ? model->sites[k].given_most : 0;
	return json_array_size(model->growth) ? peak : sum;
}

/* What the whole kernel could not have given back, by the counters of /proc/meminfo. */
static json_t *kernel_json(const struct census_model *model)
{
	uint64_t most = 0, last = 0;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)model->growth, i, row)
	{
		last = number_at(row, 4);
		if (last > most)
			most = last;
	}
	if (!model->wired_before || !last)
		return NULL;
	return json_pack("{s:I, s:I, s:I}", "before", (json_int_t)model->wired_before,
			 "most", (json_int_t)most, "after", (json_int_t)last);
}

static struct error *measure(const struct code *code, uint64_t peak, const json_t *units,
			     struct report *report)
{
	uint64_t loaded = code->parts[PART_TEXT] + code->parts[PART_READ_ONLY] +
			  code->parts[PART_DATA];
	struct error *error =
		report_measure(report, "memory.loaded", (double)loaded, "B");
	json_t *unit;
	size_t i;

	if (!error)
		error = report_measure(report, "memory.peak", (double)peak, "B");
	json_array_foreach((json_t *)units, i, unit)
	{
		_free_ char *name = NULL;

		if (asprintf(&name, "memory.%s",
			     json_string_value(json_object_get(unit, "what"))) < 0)
			return name = NULL, error_nomem();
		if (!error)
			error = report_measure(
				report, name,
				json_number_value(json_object_get(unit, "bytes")), "B");
	}
	return error;
}

struct error *wired_add(const struct census_model *model,
			const struct leak_options *options, struct json_builder *b,
			struct report *report)
{
	json_t *units = options->costs ? json_deep_copy(options->costs) : json_array();
	struct moments moments = { .count = 0 };
	struct code code = { 0 };
	json_t *instance, *kernel = kernel_json(model), *growth = growth_json(model);
	uint64_t peak = wired_peak(model);
	struct error *error;

	for (size_t i = 0; i < model->module_count; i++)
		add_code(&model->modules[i], &code);
	round_parts(&code);
	for (size_t i = 0; i < model->site_count; i++)
		if (model->sites[i].driver)
			add_moment(&moments, &model->sites[i]);
	bound_moments(&moments, peak);
	qsort(moments.items, moments.count, sizeof(*moments.items), compare_moments);
	instance = instance_json(model, &moments, units);
	if (instance)
		json_array_insert_new(units, 0, instance);
	error = measure(&code, peak, units, report);
	json_builder_integer(b, "loaded",
			     code.parts[PART_TEXT] + code.parts[PART_READ_ONLY] +
				     code.parts[PART_DATA]);
	json_builder_integer(b, "init", code.parts[PART_INIT]);
	json_builder_integer(b, "text", code.parts[PART_TEXT]);
	json_builder_integer(b, "read_only", code.parts[PART_READ_ONLY]);
	json_builder_integer(b, "data", code.parts[PART_DATA]);
	json_builder_integer(b, "peak", peak);
	json_builder_value(b, "units", units);
	json_builder_value(b, "moments", moments_json(&moments));
	if (kernel)
		json_builder_value(b, "kernel", kernel);
	if (growth)
		json_builder_value(b, "growth", growth);
	return error;
}
