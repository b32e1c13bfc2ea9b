/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "leakwatch/caches.h"
#include "leakwatch/symbols.h"
#include "leakwatch/verdict.h"

/* A handed-on object that is older than this is no longer on its way. */
static const uint64_t on_its_way_ns = 2000000000;

/* Places where the kernel keeps memory for all of its users, whoever asked first. */
static const struct {
	const char *symbol, *why;
} keepers[] = {
	{ "idr_alloc_cyclic", "number tables keep a node" },
	{ "__radix_tree_preload", "the CPU's reserve of nodes" },
	{ "__stack_depot_save", "the stack depot keeps every stack once" },
	{ "stack_depot_save_flags", "the stack depot keeps every stack once" },
	{ "alloc_vmap_area", "address ranges are given back in batches" },
	{ "lockdep_register_key", "lockdep keeps its classes" },
	{ "page_frag_alloc_align", "the CPU's page of fragments" },
	{ "__page_frag_cache_refill", "the CPU's page of fragments" },
	{ "fill_pool", "the pool of debug objects" },
};

/* What functions of the kernel make, by the name that a driver's author knows. */
static const struct {
	const char *symbol, *object;
	bool referenced;
} makers[] = {
	{ "alloc_netdev_mqs", "struct net_device", true },
	{ "device_create_groups_vargs", "struct device", true },
	{ "root_device_register", "struct device", true },
	{ "__root_device_register", "struct device", true },
	{ "platform_device_alloc", "struct platform_device", true },
	{ "platform_device_register_full", "struct platform_device", true },
	{ "kobject_create", "struct kobject", true },
	{ "kobject_create_and_add", "struct kobject", true },
	{ "kset_create_and_add", "struct kset", true },
	{ "input_allocate_device", "struct input_dev", true },
	{ "cdev_alloc", "struct cdev", true },
	{ "__class_create", "struct class" },
	{ "class_create", "struct class" },
	{ "alloc_workqueue", "workqueue" },
	{ "alloc_workqueue_noprof", "workqueue" },
	{ "mempool_create_node", "mempool_t" },
	{ "mempool_create", "mempool_t" },
	{ "bioset_init", "struct bio_set" },
	{ "request_threaded_irq", "interrupt handler" },
	{ "__register_chrdev", "character device region" },
	{ "alloc_chrdev_region", "character device region" },
	{ "register_chrdev_region", "character device region" },
	{ "crypto_alloc_tfm_node", "crypto transform" },
	{ "__alloc_disk_node", "struct gendisk", true },
	{ "__blk_alloc_disk", "struct gendisk", true },
	{ "alloc_anon_inode", "struct inode", true },
	{ "new_inode", "struct inode", true },
	{ "d_alloc", "struct dentry", true },
};

void leaks_deinit(struct leaks *leaks)
{
	for (size_t i = 0; i < leaks->count; i++) {
		free(leaks->items[i].parts);
		frames_deinit(&leaks->items[i].frames);
		assigned_deinit(&leaks->items[i].assigned);
	}
	free(leaks->items);
}

const char *leak_class_name(enum leak_class class)
{
	static const char *const names[] = {
		[LEAK_GROWS] = "grows",
		[LEAK_ONCE] = "once",
		[LEAK_OUTSTANDING] = "outstanding",
		[LEAK_KEPT] = "kept",
		[LEAK_FOLLOWS] = "follows",
	};

	return names[class];
}

void leak_part_describe(const struct leak_part *part, struct strbuf *out)
{
	const char *object = cache_object(part->cache);

	if (object)
		strbuf_addf(out, "%s (cache %s)", object, part->cache);
	else if (part->cache)
		strbuf_addf(out, "cache %s", part->cache);
	else if (!strcmp(part->kind, "percpu"))
		strbuf_adds(out, "per-CPU memory");
	else if (!strcmp(part->kind, "page"))
		strbuf_adds(out, "pages");
	else if (!strcmp(part->kind, "dma"))
		strbuf_adds(out, "DMA memory");
	else
		strbuf_adds(out, part->kind);
}

/* The innermost frame of watched code, or NULL. */
static const struct census_frame *driver_frame(const struct site *site)
{
	for (size_t i = 0; i < site->frame_count; i++)
		if (site->frames[i].module)
			return &site->frames[i];
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_place(const struct leak *leak, const struct site *site)
{
	const struct census_frame *a = driver_frame(leak->site), *b = driver_frame(site);

	if (leak->driver != site->driver || leak->site->process != site->process)
		return false;
	if (!site->driver)
		return same_text(leak->site->cache, site->cache);
	return a && b && !strcmp(a->module, b->module) &&
	       same_text(a->region, b->region) && a->offset == b->offset;
}

static struct leak *leak_of(struct leaks *leaks, const struct site *site)
{
	for (size_t i = 0; i < leaks->count; i++)
		if (same_place(&leaks->items[i], site))
			return &leaks->items[i];
	if (!array_grow(leaks->items, leaks->count, leaks->capacity))
		return NULL;
	leaks->items[leaks->count] = (struct leak){ .site = site,
						    .driver = site->driver,
						    .tail = true,
						    .first_pass = site->first_pass };
	return &leaks->items[leaks->count++];
}

static bool add_part(struct leak *leak, const struct site *site)
{
	struct leak_part *part = NULL;

	for (size_t i = 0; !part && i < leak->part_count; i++)
		if (!strcmp(leak->parts[i].kind, site->kind) &&
		    same_text(leak->parts[i].cache, site->cache))
			part = &leak->parts[i];
	if (!part) {
		if (!array_grow(leak->parts, leak->part_count, leak->part_capacity))
			return false;
		part = &leak->parts[leak->part_count++];
		*part = (struct leak_part){ .kind = site->kind, .cache = site->cache };
	}
	part->objects += site->alive;
	part->asked += site->alive_asked;
	part->given += site->alive_given;
	return true;
}

/* Names what the site's function made, or what the objects of its cache are called. */
static void name_object(struct leak *leak, const struct site *site)
{
	for (size_t i = 0; i < site->frame_count && !site->frames[i].module; i++)
		for (size_t k = 0; site->frames[i].symbol && k < ARRAY_LENGTH(makers);
		     k++)
			if (!strcmp(site->frames[i].symbol, makers[k].symbol)) {
				leak->object = makers[k].object;
				leak->referenced = makers[k].referenced;
				return;
			}
	if (leak->object && !cache_is_referenced(site->cache))
		return;
	if (cache_object(site->cache)) {
		leak->object = cache_object(site->cache);
		leak->referenced = cache_is_referenced(site->cache);
	}
}

static bool is_tail(const struct site *site)
{
	return site->freed && site->first_ordinal &&
	       site->first_ordinal == site->allocated - site->alive;
}

static bool add_site(struct leaks *leaks, const struct site *site)
{
	struct leak *leak = leak_of(leaks, site);

	if (!leak || !add_part(leak, site))
		return false;
	name_object(leak, site);
	if (site->alive_asked > leak->site->alive_asked)
		leak->site = site;
	leak->objects += site->alive;
	leak->asked += site->alive_asked;
	leak->given += site->alive_given;
	leak->at_mark += site->alive_at_mark;
	leak->late += site->alive_late;
	if (site->first_pass < leak->first_pass)
		leak->first_pass = site->first_pass;
	if (site->last_pass > leak->last_pass)
		leak->last_pass = site->last_pass;
	if (site->oldest_ns > leak->oldest_ns)
		leak->oldest_ns = site->oldest_ns;
	leak->tail = leak->tail && is_tail(site);
	return true;
}

/* Why the kernel keeps it, when an allocation below the driver's frame is known to. */
static const char *keeper(const struct site *site)
{
	for (size_t i = 0; i < site->frame_count && !site->frames[i].module; i++)
		for (size_t k = 0; site->frames[i].symbol && k < ARRAY_LENGTH(keepers);
		     k++)
			if (!strcmp(site->frames[i].symbol, keepers[k].symbol))
				return keepers[k].why;
	return NULL;
}

static bool below(const struct site *site, const char *symbol)
{
	for (size_t i = 0; i < site->frame_count && !site->frames[i].module; i++)
		if (site->frames[i].symbol &&
		    !strncmp(site->frames[i].symbol, symbol, strlen(symbol)))
			return true;
	return false;
}

/* kmem_cache_create_usercopy and its like; since 6.12 __kmem_cache_create_args. */
static bool makes_cache(const struct site *site)
{
	return below(site, "kmem_cache_create") || below(site, "__kmem_cache_create");
}

/* Objects of a cache of the driver's own keep the cache alive, and what describes it. */
static bool leaks_from_cache(const struct leaks *leaks)
{
	for (size_t i = 0; i < leaks->count; i++)
		if (leaks->items[i].site->cache && leaks->items[i].driver &&
		    !cache_object(leaks->items[i].site->cache) &&
		    !makes_cache(leaks->items[i].site))
			return true;
	return false;
}

static bool module_stays(const struct census_model *model, const struct site *site)
{
	const struct census_frame *frame = driver_frame(site);

	for (size_t i = 0; frame && i < model->module_count; i++)
		if (!strcmp(model->modules[i].name, frame->module))
			return model->moved || model->modules[i].loaded ||
			       model->modules[i].range;
	return !frame;
}

static struct leak *by_operation(struct leaks *all, const char *cache)
{
	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].driver && same_text(all->items[i].site->cache, cache))
			return &all->items[i];
	return NULL;
}

/*
 * A network that nobody holds loses its sockets at once and the rest of itself late, when
 * the kernel comes to it. So those that have sockets are counted alone.
 */
static void count_held_networks(struct leaks *all)
{
	struct leak *network = by_operation(all, "net_namespace");
	const struct leak *sockets = by_operation(all, "sock_inode_cache");

	if (!network || (sockets && sockets->passes >= network->passes))
		return;
	network->settling = !sockets;
	if (!sockets || !network->objects)
		return;
	network->asked = network->asked / network->objects * sockets->passes;
	network->given = network->given / network->objects * sockets->passes;
	network->objects = network->passes = sockets->passes;
	network->first_pass = sockets->first_pass;
	network->last_pass = sockets->last_pass;
	network->parts[0].objects = network->parts[0].passes = network->objects;
	network->parts[0].asked = network->asked;
	network->parts[0].given = network->given;
}

/* What belongs to a network that is held: its sockets, and what else was made with it. */
static bool belongs_to_held_network(const struct leaks *all, const struct leak *leak)
{
	if (leak->driver || same_text(leak->site->cache, "net_namespace"))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].driver &&
		    same_text(all->items[i].site->cache, "net_namespace") &&
		    all->items[i].first_pass == leak->first_pass &&
		    all->items[i].passes == leak->passes)
			return true;
	return false;
}

/* N passes and 2N: what the second half adds nothing to was kept once. */
static bool still_grows(const struct census_model *model, const struct leak *leak)
{
	return leak->passes > 1 && (!model->marked || leak->objects > leak->at_mark) &&
	       (!model->halved || leak->late);
}

static enum leak_class classify(const struct census_model *model, const struct leaks *all,
				struct leak *leak)
{
	bool grows = still_grows(model, leak);

	if (leak->site->process)
		return LEAK_GROWS;
	leak->why = keeper(leak->site);
	if (leak->why && (leak->passes * 4 < model->passes || !grows))
		return LEAK_KEPT;
	leak->why = NULL;
	if (leak->settling || (leak->tail && leak->oldest_ns < on_its_way_ns))
		return LEAK_OUTSTANDING;
	if (leak->driver && makes_cache(leak->site) && leaks_from_cache(all)) {
		leak->why = "a cache cannot go while objects of it are alive";
		return LEAK_FOLLOWS;
	}
	if (belongs_to_held_network(all, leak)) {
		leak->why = "a network cannot go while somebody holds it";
		return LEAK_FOLLOWS;
	}
	/* objects of an operation come and go with the process: only growth is told */
	if (!leak->driver && (leak->passes < 3 || !grows))
		return LEAK_KEPT;
	if (grows)
		return LEAK_GROWS;
	if (module_stays(model, leak->site)) {
		leak->why = "its module is still loaded";
		return LEAK_KEPT;
	}
	if (leak->passes > 1)
		leak->why = "the second half of the passes added nothing";
	return LEAK_ONCE;
}

static int compare(const void *a, const void *b)
{
	const struct leak *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->asked != y->asked)
		return x->asked > y->asked ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

/* Operations are told only for objects that have a name: the rest is daily work. */
static bool is_told(const struct site *site)
{
	return site->alive &&
	       (site->driver || site->process || cache_object(site->cache));
}

struct range {
	uint64_t from, to;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static uint64_t count_passes(struct range *ranges, size_t count)
{
	uint64_t passes = 0, behind = 0; /* the first that is not counted yet */

	if (count)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		uint64_t from = ranges[i].from < behind ? behind : ranges[i].from;

		if (ranges[i].to < from)
			continue;
		passes += ranges[i].to - from + 1;
		behind = ranges[i].to + 1;
	}
	return passes;
}

static uint64_t listed_passes(const struct site *site)
{
	uint64_t passes = 0;
	json_t *range;
	size_t i;

	json_array_foreach((json_t *)site->pass_ranges, i, range)
	{
		passes += (uint64_t)(json_integer_value(json_array_get(range, 1)) -
				     json_integer_value(json_array_get(range, 0)) + 1);
	}
	return passes;
}

/*
 * In how many passes any site of @leak (of @part, unless it is NULL) left something: each
 * once. Sites that do not say which are added up.
 */
static struct error *passes_of(const struct census_model *model, const struct leak *leak,
			       const struct leak_part *part, uint64_t *ret)
{
	_free_ struct range *ranges = NULL;
	size_t count = 0, room = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < model->site_count; i++) {
		const struct site *site = &model->sites[i];

		if (!is_told(site) || !same_place(leak, site) ||
		    (part && (strcmp(part->kind, site->kind) ||
			      !same_text(part->cache, site->cache))))
			continue;
		/* not said, or a list that was cut */
		if (listed_passes(site) != site->passes) {
			sum += site->passes;
			continue;
		}
		for (size_t k = 0; k < json_array_size(site->pass_ranges); k++) {
			const json_t *range = json_array_get(site->pass_ranges, k);

			if (!array_grow(ranges, count, room))
				return error_nomem();
			ranges[count++] = (struct range){
				(uint64_t)json_integer_value(json_array_get(range, 0)),
				(uint64_t)json_integer_value(json_array_get(range, 1)),
			};
		}
	}
	sum += count_passes(ranges, count);
	*ret = model->passes && sum > model->passes ? model->passes : sum;
	return NULL;
}

static struct error *count_all_passes(const struct census_model *model,
				      struct leaks *leaks)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < leaks->count; i++) {
		struct leak *leak = &leaks->items[i];

		error = passes_of(model, leak, NULL, &leak->passes);
		for (size_t k = 0; !error && k < leak->part_count; k++)
			error = passes_of(model, leak, &leak->parts[k],
					  &leak->parts[k].passes);
	}
	return error;
}

struct error *leaks_find(const struct census_model *model,
			 const struct leak_options *options, struct leaks *ret)
{
	_cleanup_(leak_symbols_destroy) struct leak_symbols *symbols = NULL;
	_leaks_ struct leaks leaks = { 0 };
	struct error *error = leak_symbols_create(model, options, &symbols);

	for (size_t i = 0; !error && i < model->site_count; i++)
		if (is_told(&model->sites[i]) && !add_site(&leaks, &model->sites[i]))
			error = error_nomem();
	if (!error)
		error = count_all_passes(model, &leaks);
	if (!error)
		count_held_networks(&leaks);
	for (size_t i = 0; !error && i < leaks.count; i++) {
		struct leak *leak = &leaks.items[i];

		leak->class = classify(model, &leaks, leak);
		error = leak_symbols_resolve(symbols, leak->site, &leak->frames,
					     &leak->driver_frame);
		if (!error && leak->driver)
			error = leak_symbols_assigned(symbols, leak->site,
						      &leak->assigned);
	}
	if (error)
		return error;
	if (leaks.count)
		qsort(leaks.items, leaks.count, sizeof(*leaks.items), compare);
	*ret = leaks;
	leaks = (struct leaks){ 0 };
	return NULL;
}
