/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/profile.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "leakwatch/model.h"
#include "leakwatch/symbols.h"
#include "report/json.h"
#include "report/report.h"

enum { PLACES = 10, SHOWN = 5 }; /* in the document, in the text */

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* Freed objects that lived at most 2^@bucket ticks. */
static uint64_t lived_at_most(const struct site *site, size_t bucket)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= bucket && i < json_array_size(site->lifetimes); i++)
		sum += json_integer_value(json_array_get(site->lifetimes, i));
	return sum;
}

/* The bucket that holds the median of the lives that ended. */
static size_t median_life(const struct site *site)
{
	size_t bucket = 0;

	while (bucket < json_array_size(site->lifetimes) &&
	       2 * lived_at_most(site, bucket) < site->freed)
		bucket++;
	return bucket;
}

/* Whether the driver called the allocator itself, not something that allocates for it. */
static bool is_direct(const struct site *site)
{
	for (size_t i = 0; i < site->frame_count && i < 2; i++)
		if (site->frames[i].module)
			return true;
	return false;
}

/* What a reviewer would ask; NULL: nothing. */
static const char *advice(const struct site *site)
{
	uint64_t asked = site->allocated ? site->bytes_asked / site->allocated : 0;
	bool slab = !strcmp(site->kind, "kmalloc");
	bool brief = site->freed && site->freed == site->allocated &&
		     lived_at_most(site, 0) * 100 >= site->freed * 99;

	if (site->allocated < 20 || !is_direct(site))
		return NULL;
	if (slab && asked <= 128 && brief && site->allocated >= 100 &&
	    site->smallest == site->largest)
		return "small and gone at once: a variable on the stack would serve";
	if (site->bytes_given > site->bytes_asked &&
	    (site->bytes_given - site->bytes_asked) * 4 > site->bytes_given &&
	    asked >= 64)
		return "a quarter or more of each is rounding: another size, or a cache of "
		       "its own";
	if (slab && brief && site->allocated >= 1000)
		return "made and freed again and again: a pool, or one for each open file";
	if (slab && asked <= 256 && site->alive_most >= 64 &&
	    lived_at_most(site, 4) * 10 < site->freed)
		return "small and long-lived: such objects keep whole slabs, a cache of its "
		       "own keeps them together";
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct site *x = *(const struct site *const *)a;
	const struct site *y = *(const struct site *const *)b;

	if (x->given_most != y->given_most)
		return x->given_most > y->given_most ? -1 : 1;
	if (x->bytes_asked != y->bytes_asked)
		return x->bytes_asked > y->bytes_asked ? -1 : 1;
	return x < y ? -1 : x > y;
}

static struct error *place_json(struct leak_symbols *symbols, const struct site *site,
				uint64_t tick_ns, json_t **ret)
{
	_frames_ struct frames frames = { 0 };
	const struct frame *at;
	struct json_builder b;
	size_t driver;
	struct error *error = leak_symbols_resolve(symbols, site, &frames, &driver);

	if (error)
		return error;
	at = driver < frames.count ? &frames.items[driver] : NULL;
	json_builder_init(&b);
	json_builder_string(&b, "function", at ? at->function : NULL);
	json_builder_string(&b, "file", at ? at->file : NULL);
	json_builder_integer(&b, "line", at ? at->line : 0);
	json_builder_string(&b, "kind", site->kind);
	json_builder_string(&b, "cache", site->cache);
	json_builder_integer(&b, "allocated", site->allocated);
	json_builder_integer(&b, "freed", site->freed);
	json_builder_integer(&b, "asked", site->bytes_asked);
	json_builder_integer(&b, "given", site->bytes_given);
	json_builder_integer(&b, "smallest", site->smallest);
	json_builder_integer(&b, "largest", site->largest);
	json_builder_integer(&b, "peak_objects", site->alive_most);
	json_builder_integer(&b, "peak_bytes", site->given_most);
	if (site->freed)
		json_builder_integer(&b, "median_life_ns", tick_ns << median_life(site));
	json_builder_string(&b, "advice", advice(site));
	return json_builder_finish(&b, ret);
}

static struct error *add_places(const struct census_model *model,
				const struct leak_options *options, json_t *places,
				uint64_t *peak)
{
	_cleanup_(leak_symbols_destroy) struct leak_symbols *symbols = NULL;
	_free_ const struct site **order = calloc(model->site_count + 1, sizeof(*order));
	struct error *error = leak_symbols_create(model, options, &symbols);
	size_t count = 0;

	if (!order || error)
		return error ? error : error_nomem();
	*peak = 0;
	for (size_t i = 0; i < model->site_count; i++) {
		if (!model->sites[i].driver)
			continue;
		order[count++] = &model->sites[i];
		*peak += model->sites[i].given_most;
	}
	qsort(order, count, sizeof(*order), compare);
	for (size_t i = 0; !error && i < count && i < PLACES; i++) {
		json_t *place = NULL;

		error = place_json(symbols, order[i], model->tick_ns, &place);
		if (!error && json_array_append_new(places, place))
			error = error_nomem();
	}
	return error;
}

/* Code and data of a module, in whole pages as the kernel gives them. */
static uint64_t module_bytes(const struct census_module *module, bool init)
{
	const char *name;
	uint64_t sum = 0;
	json_t *value;

	json_object_foreach((json_t *)module->regions, name,
			    value) if (!strncmp(name, "init", 4) == init) sum +=
		((uint64_t)json_integer_value(value) + 4095) & ~4095ULL;
	return sum;
}

static void add_life(struct strbuf *out, const json_t *place)
{
	const json_t *life = json_object_get(place, "median_life_ns");

	if (!life)
		return;
	strbuf_adds(out, ", half live below ");
	units_add_duration(out, (uint64_t)json_integer_value(life));
}

static void place_text(const json_t *place, const struct style *style, struct strbuf *out)
{
	const char *function = json_string_value(json_object_get(place, "function"));
	const char *advised = json_string_value(json_object_get(place, "advice"));
	uint64_t allocated = count_of(place, "allocated");

	strbuf_addf(out, "              %-24s ", function ? function : "?");
	units_add_count(out, allocated);
	strbuf_adds(out, " × ");
	units_add_size(out, allocated ? count_of(place, "asked") / allocated : 0);
	strbuf_adds(out, ", at most ");
	units_add_size(out, count_of(place, "peak_bytes"));
	add_life(out, place);
	strbuf_addc(out, '\n');
	if (advised)
		strbuf_addf(out, "                %s-> %s%s\n", style->dim, advised,
			    style->reset);
}

static void section_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	const char *before = "";
	const json_t *place;
	size_t index, shown = 0;

	strbuf_adds(out, "  wired       ");
	units_add_size(out, count_of(value, "loaded"));
	strbuf_adds(out, " loaded, ");
	units_add_size(out, count_of(value, "init"));
	strbuf_adds(out, " more during init, at most ");
	units_add_size(out, count_of(value, "peak"));
	strbuf_adds(out, " allocated\n");
	json_array_foreach((json_t *)json_object_get(value, "places"), index, place)
	{
		const char *function =
			json_string_value(json_object_get(place, "function"));

		/* one line a function: the document has them all */
		if (shown >= SHOWN || !function || !strcmp(function, before))
			continue;
		place_text(place, style, out);
		before = function;
		shown++;
	}
}

const struct section profile_section = {
	.name = "memory",
	.text = section_text,
	.order = -9,
};

struct error *profile_add(const struct census_model *model,
			  const struct leak_options *options, struct report *report)
{
	json_t *places = json_array(), *json = NULL;
	uint64_t peak = 0, loaded = 0, init = 0;
	struct json_builder b;
	struct error *error;

	if (!places)
		return error_nomem();
	error = add_places(model, options, places, &peak);
	if (error) {
		json_decref(places);
		return error;
	}
	for (size_t i = 0; i < model->module_count; i++) {
		loaded += module_bytes(&model->modules[i], false);
		init += module_bytes(&model->modules[i], true);
	}
	json_builder_init(&b);
	json_builder_integer(&b, "loaded", loaded);
	json_builder_integer(&b, "init", init);
	json_builder_integer(&b, "peak", peak);
	json_builder_value(&b, "places", places);
	error = json_builder_finish(&b, &json);
	if (!error)
		error = report_add_section(report, &profile_section, json);
	if (!error)
		error = report_measure(report, "memory.loaded", (double)loaded, "B");
	if (!error)
		error = report_measure(report, "memory.peak", (double)peak, "B");
	return error;
}
