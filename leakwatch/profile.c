/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/profile.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "leakwatch/advice.h"
#include "leakwatch/model.h"
#include "leakwatch/moments.h"
#include "leakwatch/symbols.h"
#include "leakwatch/wired.h"
#include "report/json.h"
#include "report/report.h"

/* Of the document, those that take most; what is shown is the view's affair. */
enum { PLACES = 40, BUCKETS = 32 };

/* Sites of one place in the driver and one allocator: they differ in who called. */
struct group {
	struct site site; /* added up; frames are those of the largest */
	uint64_t lifetimes[BUCKETS];
	json_t *life; /* the same, as the site's */
	uint64_t most;
};

static const struct census_frame *driver_frame(const struct site *site)
{
	for (size_t i = 0; i < site->frame_count; i++)
		if (site->frames[i].module)
			return &site->frames[i];
	return NULL;
}

static bool same_place(const struct site *a, const struct site *b)
{
	const struct census_frame *x = driver_frame(a), *y = driver_frame(b);

	return x && y && x->offset == y->offset && !strcmp(x->module, y->module) &&
	       !strcmp(x->region ? x->region : "", y->region ? y->region : "") &&
	       !strcmp(a->kind, b->kind) &&
	       !strcmp(a->cache ? a->cache : "", b->cache ? b->cache : "");
}

static void add_up(struct group *group, const struct site *site)
{
	struct site *sum = &group->site;

	if (!sum->kind || site->given_most > group->most) {
		sum->frames = site->frames;
		sum->frame_count = site->frame_count;
		group->most = site->given_most;
	}
	if (!sum->kind || site->smallest < sum->smallest)
		sum->smallest = site->smallest;
	if (site->largest > sum->largest)
		sum->largest = site->largest;
	sum->kind = site->kind;
	sum->cache = site->cache;
	sum->allocated += site->allocated;
	sum->freed += site->freed;
	sum->bytes_asked += site->bytes_asked;
	sum->bytes_given += site->bytes_given;
	sum->alive_most += site->alive_most;
	sum->given_most += site->given_most;
	sum->alive += site->alive;
	for (size_t i = 0; i < BUCKETS; i++)
		group->lifetimes[i] +=
			(uint64_t)json_integer_value(json_array_get(site->lifetimes, i));
}

static void bound(struct site *site, uint64_t peak)
{
	uint64_t each = site->allocated ? site->bytes_given / site->allocated : 0;

	site->given_most = peak;
	if (each && site->alive_most > peak / each)
		site->alive_most = peak / each;
}

static struct error *make_groups(const struct census_model *model, struct group *groups,
				 size_t *count)
{
	uint64_t peak = wired_peak(model);

	for (size_t i = 0; i < model->site_count; i++) {
		const struct site *site = &model->sites[i];
		size_t k = 0;

		if (!site->driver)
			continue;
		while (k < *count && !same_place(&groups[k].site, site))
			k++;
		add_up(&groups[k], site);
		*count += k == *count;
	}
	for (size_t i = 0; i < *count; i++) {
		groups[i].life = json_array();
		for (size_t k = 0; groups[i].life && k < BUCKETS; k++)
			json_array_append_new(
				groups[i].life,
				json_integer((json_int_t)groups[i].lifetimes[k]));
		if (!groups[i].life)
			return error_nomem();
		groups[i].site.lifetimes = groups[i].life;
		/* maxima of different times add up to more than there ever was */
		if (peak && groups[i].site.given_most > peak)
			bound(&groups[i].site, peak);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct site *x = &((const struct group *)a)->site;
	const struct site *y = &((const struct group *)b)->site;
	uint64_t p = driver_frame(x) ? driver_frame(x)->offset : 0;
	uint64_t q = driver_frame(y) ? driver_frame(y)->offset : 0;

	if (x->given_most != y->given_most)
		return x->given_most > y->given_most ? -1 : 1;
	if (x->bytes_asked != y->bytes_asked)
		return x->bytes_asked > y->bytes_asked ? -1 : 1;
	return (p > q) - (p < q);
}

/* Objects alive on average: all their lives together, over the length of the run. */
static double average_alive(const struct site *site, const struct census_model *model)
{
	const json_t *last =
		json_array_get(model->growth, json_array_size(model->growth) - 1);
	double run = json_number_value(json_array_get(last, 0)), lives = 0;

	for (size_t i = 1; i < json_array_size(site->lifetimes); i++)
		lives += json_number_value(json_array_get(site->lifetimes, i)) * 0.75 *
			 (double)(1ULL << i) * (double)model->tick_ns;
	return run > 0 ? lives / run + (double)site->alive / 2 : 0;
}

static struct error *place_json(struct leak_symbols *symbols, const struct site *site,
				const struct census_model *model, json_t **ret)
{
	_frames_ struct frames frames = { 0 };
	_strbuf_ struct strbuf why = STRBUF_INIT;
	const char *suggested = advice_for(site, model->tick_ns, &why);
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
	json_builder_string(&b, "when", moment_of(site));
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
	json_builder_real(&b, "average_objects", average_alive(site, model));
	if (site->freed)
		json_builder_integer(&b, "median_life_ns",
				     model->tick_ns << advice_median_life(site));
	json_builder_string(&b, "suggested", suggested);
	if (suggested)
		json_builder_string(&b, "advice", strbuf_string(&why));
	return json_builder_finish(&b, ret);
}

static struct error *add_places(const struct census_model *model,
				const struct leak_options *options, json_t *places)
{
	_cleanup_(leak_symbols_destroy) struct leak_symbols *symbols = NULL;
	struct group *groups = calloc(model->site_count + 1, sizeof(*groups));
	size_t count = 0;
	struct error *error = groups ? make_groups(model, groups, &count) : error_nomem();

	if (!error)
		error = leak_symbols_create(model, options, &symbols);
	if (!error && count)
		qsort(groups, count, sizeof(*groups), compare);
	for (size_t i = 0; !error && i < count && i < PLACES; i++) {
		json_t *place = NULL;

		error = place_json(symbols, &groups[i].site, model, &place);
		if (!error && json_array_append_new(places, place))
			error = error_nomem();
	}
	for (size_t i = 0; i < count; i++)
		json_decref(groups[i].life);
	free(groups);
	return error;
}

const struct section profile_section = {
	.name = "memory",
	.order = -9,
};

struct error *profile_add(const struct census_model *model,
			  const struct leak_options *options, struct report *report)
{
	json_t *places = json_array(), *json = NULL;
	struct json_builder b;
	struct error *error;

	if (!places)
		return error_nomem();
	json_builder_init(&b);
	error = add_places(model, options, places);
	if (!error)
		error = wired_add(model, options, &b, report);
	json_builder_value(&b, "places", places);
	if (error) {
		json_decref(b.object);
		return error;
	}
	error = json_builder_finish(&b, &json);
	return error ? error : report_add_section(report, &profile_section, json);
}
