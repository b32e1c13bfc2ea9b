/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs saw, as the document "bookend-census/1". */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "leakwatch/census_private.h"
#include "leakwatch/loaded.h"
#include "report/json.h"

static const char *const kinds[] = {
	[CENSUS_KMALLOC] = "kmalloc", [CENSUS_CACHE] = "cache",	  [CENSUS_PAGE] = "page",
	[CENSUS_VMALLOC] = "vmalloc", [CENSUS_PERCPU] = "percpu", [CENSUS_DMA] = "dma",
};

static const char *const regions[CENSUS_REGIONS] = {
	[CENSUS_TEXT] = "text", "data", "rodata", "ro_after_init", "init", "init_data",
	"init_rodata",
};

enum { PASSES_LISTED = 64, PASS_RANGES = 1024, COLLECT_ATTEMPTS = 8 };

struct objects {
	uint64_t *keys;
	struct census_object *items;
	size_t count;
};

static int compare_objects(const void *a, const void *b)
{
	const struct census_object *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->pass != y->pass)
		return x->pass < y->pass ? -1 : 1;
	return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

/* The first object of @site in the sorted table, and how many follow. */
static const struct census_object *objects_of(const struct objects *all, uint64_t site,
					      size_t *count)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->items[middle].site < site)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < all->count && all->items[low + *count].site == site)
		++*count;
	return all->items + low;
}

/* The section of @slot that holds @address, with the offset into it. */
static bool section_of(struct census *census, size_t slot, uint64_t address,
		       struct census_section *ret)
{
	const struct census_slot *s = &census_slots(census)[slot];
	bool found = false;

	for (size_t i = 0; i < s->sections; i++) {
		struct census_section section;
		_error_ struct error *error =
			census_read_section(census, slot, i, &section);

		if (error)
			return false;
		if (section.address <= address &&
		    (!found || section.address > ret->address)) {
			*ret = section;
			found = true;
		}
	}
	return found;
}

static json_t *frame_in_module(struct census *census, uint64_t ip)
{
	size_t slot = CENSUS_SLOT_OF(ip) % CENSUS_SLOTS;
	size_t region = CENSUS_REGION_OF(ip) % CENSUS_REGIONS;
	uint64_t address = census_slots(census)[slot].base[region] + CENSUS_OFFSET_OF(ip);
	struct census_section section = { 0 };
	_error_ struct error *error = NULL;
	struct json_builder b;
	json_t *json = NULL;

	json_builder_init(&b);
	json_builder_string(&b, "module", census->names[slot]);
	json_builder_string(&b, "region", regions[region]);
	json_builder_integer(&b, "offset", CENSUS_OFFSET_OF(ip));
	json_builder_hex(&b, "address", address);
	if (section_of(census, slot, address, &section)) {
		json_builder_string(&b, "section", section.name);
		json_builder_integer(&b, "section_offset", address - section.address);
	}
	error = json_builder_finish(&b, &json);
	return error ? NULL : json;
}

static json_t *frame_in_kernel(struct census *census, uint64_t ip)
{
	_error_ struct error *error = NULL;
	struct json_builder b;
	json_t *json = NULL;
	uint64_t offset;
	/* a return address may be the first byte of the next function */
	const char *symbol = kernel_symbols_find(census->symbols, ip - 1, &offset);

	json_builder_init(&b);
	json_builder_hex(&b, "address", ip);
	json_builder_string(&b, "symbol", symbol);
	if (symbol)
		json_builder_integer(&b, "offset", offset + 1);
	error = json_builder_finish(&b, &json);
	return error ? NULL : json;
}

/* The way from the allocator to this program tells nothing. */
static bool is_tracing(struct census *census, uint64_t ip)
{
	static const char *const prefixes[] = { "bpf_",		"__bpf_",
						"__traceiter_", "stack_trace_",
						"kretprobe_",	"arch_rethook",
						"perf_",	"trace_" };
	uint64_t offset;
	const char *symbol;

	if (CENSUS_TAG_OF(ip) == 1)
		return false;
	symbol = kernel_symbols_find(census->symbols, ip - 1, &offset);
	for (size_t i = 0; symbol && i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(symbol, prefixes[i], strlen(prefixes[i])))
			return true;
	return !symbol;
}

static json_t *stack_json(struct census *census, const struct census_site *site)
{
	json_t *stack = json_array();
	bool begun = false;

	if (site->class == CENSUS_PROCESS)
		return stack;
	for (size_t i = 0; stack && i < CENSUS_DEPTH && site->ip[i]; i++) {
		uint64_t ip = site->ip[i];
		json_t *frame;

		begun = begun || !is_tracing(census, ip);
		if (!begun)
			continue;
		frame = CENSUS_TAG_OF(ip) == 1 ? frame_in_module(census, ip)
					       : frame_in_kernel(census, ip);
		if (!frame || json_array_append_new(stack, frame)) {
			json_decref(stack);
			return NULL;
		}
	}
	return stack;
}

static uint64_t alive_at_mark(const struct census *census, uint64_t key)
{
	for (size_t i = 0; i < census->marked_count; i++)
		if (census->marked_sites[2 * i] == key)
			return census->marked_sites[2 * i + 1];
	return 0;
}

/* The passes that left something, the first few, each with how many objects. */
static json_t *left_in(const struct census_object *objects, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0, run; i < count && json_array_size(list) < PASSES_LISTED;
	     i += run) {
		uint64_t asked = 0, given = 0;

		for (run = 0; i + run < count && objects[i + run].pass == objects[i].pass;
		     run++) {
			asked += objects[i + run].asked;
			given += objects[i + run].given;
		}
		json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I}", "pass",
						      (json_int_t)objects[i].pass,
						      "objects", (json_int_t)run, "asked",
						      (json_int_t)asked, "given",
						      (json_int_t)given));
	}
	return list;
}

/* [[from, to], …] of the passes in which they were made; a long list is cut. */
static json_t *pass_ranges(const struct census_object *objects, size_t count)
{
	json_t *ranges = json_array();

	for (size_t i = 0; ranges && i < count;) {
		uint64_t from = objects[i].pass, to = from;

		for (; i < count && objects[i].pass <= to + 1; i++)
			to = objects[i].pass;
		if (json_array_size(ranges) >= PASS_RANGES)
			break;
		json_array_append_new(ranges, json_pack("[I, I]", (json_int_t)from,
							(json_int_t)to));
	}
	return ranges;
}

/* In a shorter half, what happens now and then need not happen. */
enum { LEAST_HALF = 8 };

static bool has_halves(const struct census_leg *leg)
{
	return leg->half >= leg->first + LEAST_HALF &&
	       leg->last >= leg->half + LEAST_HALF &&
	       2 * (leg->last - leg->half) >= leg->half - leg->first;
}

/* Whether a pass is in the first half of a leg, where both are long enough to tell. */
static bool is_early(const struct census *census, uint64_t pass)
{
	for (size_t i = 0; i < census->leg_count; i++)
		if (pass > census->legs[i].first && pass <= census->legs[i].half)
			return has_halves(&census->legs[i]);
	return false;
}

static uint64_t count_late(const struct census *census,
			   const struct census_object *objects, size_t count)
{
	uint64_t late = 0;

	for (size_t i = 0; i < count; i++)
		late += !is_early(census, objects[i].pass);
	return late;
}

static json_t *legs_json(const struct census *census)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < census->leg_count; i++) {
		const struct census_leg *leg = &census->legs[i];

		json_array_append_new(
			array, json_pack("[I, I, I]", (json_int_t)leg->first + 1,
					 (json_int_t)leg->half, (json_int_t)leg->last));
	}
	return array;
}

/* Facts about what is still alive of one site. */
static void add_alive(struct json_builder *b, const struct census_object *objects,
		      size_t count, uint64_t now)
{
	uint64_t asked = 0, given = 0, oldest = now, youngest = 0, lowest = UINT64_MAX;
	uint64_t passes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct census_object *o = &objects[i];

		asked += o->asked;
		given += o->given;
		oldest = o->born < oldest ? o->born : oldest;
		youngest = o->born > youngest ? o->born : youngest;
		lowest = o->ordinal < lowest ? o->ordinal : lowest;
		passes += !i || o->pass != objects[i - 1].pass;
	}
	json_builder_integer(b, "alive", count);
	json_builder_integer(b, "alive_asked", asked);
	json_builder_integer(b, "alive_given", given);
	if (!count)
		return;
	json_builder_integer(b, "passes", passes);
	json_builder_value(b, "pass_ranges", pass_ranges(objects, count));
	json_builder_integer(b, "first_pass", objects[0].pass);
	json_builder_integer(b, "last_pass", objects[count - 1].pass);
	json_builder_value(b, "left_in", left_in(objects, count));
	json_builder_integer(b, "first_ordinal", lowest);
	json_builder_integer(b, "oldest_ns", (now - oldest) * census_tick_ns());
	json_builder_integer(b, "youngest_ns", (now - youngest) * census_tick_ns());
}

static json_t *lifetimes_json(const struct census_site *site)
{
	json_t *array = json_array();
	size_t last = 0;

	for (size_t i = 0; i < CENSUS_LIFETIMES; i++)
		last = site->lifetime[i] ? i + 1 : last;
	for (size_t i = 0; array && i < last; i++)
		json_array_append_new(array, json_integer(site->lifetime[i]));
	return array;
}

static const char *class_name(unsigned int class)
{
	return class == CENSUS_DRIVER	 ? "driver"
	       : class == CENSUS_PROCESS ? "process"
					 : "operation";
}

static json_t *site_json(struct census *census, uint64_t key,
			 const struct census_site *site, const struct objects *all,
			 uint64_t now)
{
	_error_ struct error *error = NULL;
	const struct census_object *mine;
	struct json_builder b;
	json_t *json = NULL;
	size_t count;

	mine = objects_of(all, key, &count);
	json_builder_init(&b);
	json_builder_string(&b, "kind", site->kind < 7 ? kinds[site->kind] : "unknown");
	json_builder_string(&b, "class", class_name(site->class));
	if (site->class == CENSUS_PROCESS)
		json_builder_string(&b, "cache",
				    site->ip[0] == CENSUS_PROCESS_TASK ? "task_struct"
								       : "pid");
	else if (site->cache[0])
		json_builder_string(&b, "cache", site->cache);
	json_builder_integer(&b, "allocated", site->allocated);
	json_builder_integer(&b, "freed", site->freed);
	json_builder_integer(&b, "bytes_asked", site->bytes_asked);
	json_builder_integer(&b, "bytes_given", site->bytes_given);
	json_builder_integer(&b, "alive_most", site->alive_most);
	json_builder_integer(&b, "given_most", site->given_most);
	json_builder_integer(&b, "smallest", site->smallest);
	json_builder_integer(&b, "largest", site->largest);
	add_alive(&b, mine, count, now);
	if (census->leg_count)
		json_builder_integer(&b, "alive_late", count_late(census, mine, count));
	if (census->marked)
		json_builder_integer(&b, "alive_at_mark", alive_at_mark(census, key));
	json_builder_value(&b, "lifetimes", lifetimes_json(site));
	json_builder_value(&b, "stack", stack_json(census, site));
	error = json_builder_finish(&b, &json);
	return error ? NULL : json;
}

static int compare_sites(const void *a, const void *b, void *data)
{
	const struct census_site *sites = data;
	const struct census_site *x = &sites[*(const size_t *)a];
	const struct census_site *y = &sites[*(const size_t *)b];

	if (x->alive_given != y->alive_given)
		return x->alive_given > y->alive_given ? -1 : 1;
	return memcmp(x->ip, y->ip, sizeof(x->ip));
}

/*
 * Sites of an operation that gave everything back are the kernel's daily work; and what
 * stands for a process that is still there is due.
 */
static bool is_told(const struct census_site *site)
{
	if (site->class == CENSUS_PROCESS && !kill((pid_t)site->ip[1], 0))
		return false;
	return site->class == CENSUS_DRIVER || site->alive > 0;
}

static struct error *add_sites(struct census *census, struct json_builder *b,
			       uint64_t now)
{
	_free_ uint64_t *keys = NULL, *object_keys = NULL;
	_free_ struct census_object *objects = NULL;
	_free_ struct census_site *sites = NULL;
	_free_ size_t *order = NULL;
	struct objects all = { 0 };
	size_t count = 0;
	json_t *array;
	struct error *error = census_read_sites(census, &keys, &sites, &count);

	if (!error)
		error = census_read_objects(census, &object_keys, &objects, &all.count);
	if (error)
		return error;
	order = calloc(count ? count : 1, sizeof(*order));
	array = json_array();
	if (!order || !array) {
		json_decref(array);
		return error_nomem();
	}
	all.items = objects;
	qsort(objects, all.count, sizeof(*objects), compare_objects);
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_sites, sites);
	for (size_t i = 0; i < count; i++)
		if (is_told(&sites[order[i]]))
			json_array_append_new(array,
					      site_json(census, keys[order[i]],
							&sites[order[i]], &all, now));
	json_builder_value(b, "sites", array);
	return NULL;
}

static json_t *module_sections_json(struct census *census, size_t slot)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < census_slots(census)[slot].sections; i++) {
		struct census_section section;
		_error_ struct error *error =
			census_read_section(census, slot, i, &section);
		char text[32];

		if (error)
			break;
		snprintf(text, sizeof(text), "0x%llx", section.address);
		json_object_set_new(object, section.name, json_string(text));
	}
	return object;
}

static json_t *module_json(struct census *census, size_t slot)
{
	const struct census_slot *s = &census_slots(census)[slot];
	json_t *sizes = json_object(), *json = NULL;
	_error_ struct error *error = NULL;
	struct json_builder b;

	for (size_t i = 0; sizes && i < CENSUS_REGIONS; i++)
		if (regions[i] && s->size[i])
			json_object_set_new(sizes, regions[i], json_integer(s->size[i]));
	json_builder_init(&b);
	json_builder_string(&b, "name", census->names[slot]);
	json_builder_bool(&b, "range", census->is_range[slot]);
	json_builder_bool(&b, "loaded_before", census->loaded_before[slot]);
	json_builder_bool(&b, "loaded", s->core_size && !census->is_range[slot]);
	json_builder_integer(&b, "references_before", census->references_before[slot]);
	if (s->core_size && !census->is_range[slot])
		json_builder_integer(&b, "references",
				     loaded_references(census->names[slot]));
	json_builder_integer(&b, "loads", s->loads);
	json_builder_integer(&b, "unloads", s->unloads);
	json_builder_integer(&b, "changed", s->changed);
	json_builder_hex(&b, "base", s->base[CENSUS_TEXT]);
	json_builder_integer(&b, "size", s->size[CENSUS_TEXT]);
	json_builder_value(&b, "regions", sizes);
	json_builder_value(&b, "sections", module_sections_json(census, slot));
	error = json_builder_finish(&b, &json);
	return error ? NULL : json;
}

static json_t *modules_json(struct census *census)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < census->slot_count; i++)
		json_array_append_new(array, module_json(census, i));
	return array;
}

static json_t *hooks_json(const struct census *census)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < census->hook_count; i++) {
		const struct census_hook *hook = &census->hooks[i];

		json_array_append_new(
			array,
			json_pack("{s:s, s:s, s:b, s:I, s:I, s:s*}", "name", hook->name,
				  "covers", hook->covers, "attached", hook->attached,
				  "missed", (json_int_t)census_hook_misses(census, i),
				  "recovered",
				  (json_int_t)census_hook_recovered(census, i), "why",
				  hook->why[0] ? hook->why : NULL));
	}
	return array;
}

static json_t *loss_json(const struct census *census)
{
	const struct census_counters *c = census_counters(census);
	uint64_t vmalloc = c->vmalloc_entered > c->vmalloc_left
				   ? c->vmalloc_entered - c->vmalloc_left
				   : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "recursion_misses",
			 (json_int_t)census_recursion_misses(census), "objects",
			 (json_int_t)c->objects_lost, "sites", (json_int_t)c->sites_lost,
			 "stacks", (json_int_t)c->stacks_lost, "vmalloc",
			 (json_int_t)vmalloc, "stale", (json_int_t)c->stale);
}

static json_t *events_json(const struct census *census)
{
	const struct census_counters *c = census_counters(census);

	return json_pack("{s:I, s:I, s:I, s:I}", "allocations",
			 (json_int_t)c->allocations, "frees", (json_int_t)c->frees,
			 "worker", (json_int_t)c->worker_allocations, "walks",
			 (json_int_t)c->walks);
}

/* [ns, pass, least, most, wired]: columns, for there are many. */
static json_t *growth_json(struct census *census)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < census->growth.count; i++) {
		const struct growth_point *p = &census->growth.points[i];

		json_array_append_new(array,
				      json_pack("[I, I, I, I, I]", (json_int_t)p->at_ns,
						(json_int_t)p->pass,
						(json_int_t)(p->least > 0 ? p->least : 0),
						(json_int_t)(p->most > 0 ? p->most : 0),
						(json_int_t)p->wired));
	}
	return array;
}

static struct error *collect_once(struct census *census, json_t **ret)
{
	uint64_t tick = census_tick_ns();
	struct json_builder b;
	struct error *error;
	struct utsname name;

	census_sample(census);
	census_end_leg(census);
	uname(&name);
	json_builder_init(&b);
	json_builder_string(&b, "schema", "bookend-census/1");
	json_builder_string(&b, "release", name.release);
	json_builder_string(&b, "arch", name.machine);
	json_builder_integer(&b, "passes", *census_pass(census));
	json_builder_integer(&b, "tick_ns", tick);
	if (census->marked)
		json_builder_integer(&b, "mark", census->marked_pass);
	if (census->leg_count)
		json_builder_value(&b, "legs", legs_json(census));
	json_builder_value(&b, "modules", modules_json(census));
	json_builder_value(&b, "hooks", hooks_json(census));
	json_builder_value(&b, "loss", loss_json(census));
	json_builder_value(&b, "events", events_json(census));
	json_builder_integer(&b, "wired_before", census->wired_before);
	json_builder_value(&b, "growth", growth_json(census));
	error = add_sites(census, &b, census_now(census));
	if (error) {
		json_decref(b.object);
		return error;
	}
	return json_builder_finish(&b, ret);
}

static uint64_t count_moves(struct census *census)
{
	uint64_t moves = 0;

	for (size_t i = 0; i < census->slot_count; i++)
		moves += census_slots(census)[i].loads + census_slots(census)[i].unloads;
	return moves;
}

/*
 * Tables are read one after another: a module that somebody loads in between would have
 * objects and not be there. After some attempts the document says that it is not whole.
 */
struct error *census_collect(struct census *census, json_t **ret)
{
	for (int attempt = 0;; attempt++) {
		uint64_t before = count_moves(census);
		struct error *error = collect_once(census, ret);

		if (error || count_moves(census) == before)
			return error;
		if (attempt == COLLECT_ATTEMPTS) {
			json_object_set_new(*ret, "moved", json_true());
			return NULL;
		}
		json_decref(*ret);
		*ret = NULL;
		usleep(10000);
	}
}
