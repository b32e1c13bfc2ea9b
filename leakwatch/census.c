/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/census.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "leakwatch/caches.h"
#include "leakwatch/census_private.h"
#include "leakwatch/loaded.h"

#include "leakwatch/census.skel.h"

enum hook_type { HOOK_RAW, HOOK_TRAMPOLINE, HOOK_KPROBE, HOOK_KRETPROBE };

/* One program, where it is put, and what stays unseen when it cannot be. */
struct hook {
	const char *program;
	enum hook_type type;
	const char *targets[4]; /* the first that this kernel has */
	int arguments; /* of a tracepoint, as this program reads them; 0: not asked */
	const char *covers;
	bool vital;	  /* without it there is no census */
	const char *twin; /* takes over what the program misses */
	enum census_pair pair;
};

static const struct hook hooks[] = {
	{ "on_module_load", HOOK_RAW, { "module_load" }, 1, "modules", true },
	{ "on_module_free", HOOK_RAW, { "module_free" }, 1, "modules", true },
	{ "on_kmalloc",
	  HOOK_RAW,
	  { "kmalloc" },
	  6,
	  "kmalloc",
	  true,
	  "twin_kmalloc",
	  CENSUS_PAIR_KMALLOC },
	{ "on_kfree",
	  HOOK_RAW,
	  { "kfree" },
	  2,
	  "kmalloc",
	  true,
	  "twin_kfree",
	  CENSUS_PAIR_KFREE },
	{ "on_cache_alloc",
	  HOOK_RAW,
	  { "kmem_cache_alloc" },
	  5,
	  "caches",
	  true,
	  "twin_cache_alloc",
	  CENSUS_PAIR_CACHE },
	{ "on_cache_free",
	  HOOK_RAW,
	  { "kmem_cache_free" },
	  3,
	  "caches",
	  true,
	  "twin_cache_free",
	  CENSUS_PAIR_CACHE_FREE },
	{ "on_percpu_alloc", HOOK_RAW, { "percpu_alloc_percpu" }, 10, "per-CPU memory" },
	{ "on_percpu_free", HOOK_RAW, { "percpu_free_percpu" }, 3, "per-CPU memory" },
	{ "on_page_alloc",
	  HOOK_RAW,
	  { "mm_page_alloc" },
	  4,
	  "pages",
	  false,
	  "twin_page_alloc",
	  CENSUS_PAIR_PAGE },
	{ "on_page_free",
	  HOOK_RAW,
	  { "mm_page_free" },
	  2,
	  "pages",
	  false,
	  "twin_page_free",
	  CENSUS_PAIR_PAGE_FREE },
	{ "on_bulk_free",
	  HOOK_TRAMPOLINE,
	  { "kmem_cache_free_bulk" },
	  0,
	  "frees by kfree_rcu" },
	{ "on_bulk_alloc",
	  HOOK_TRAMPOLINE,
	  { "kmem_cache_alloc_bulk", "kmem_cache_alloc_bulk_noprof" },
	  0,
	  "bulk allocation" },
	{ "on_vmalloc",
	  HOOK_KPROBE,
	  { "__vmalloc_node_range", "__vmalloc_node_range_noprof" },
	  0,
	  "vmalloc" },
	{ "on_vmalloc_return",
	  HOOK_KRETPROBE,
	  { "__vmalloc_node_range", "__vmalloc_node_range_noprof" },
	  0,
	  "vmalloc" },
	{ "on_vfree", HOOK_TRAMPOLINE, { "vfree" }, 0, "vmalloc" },
	{ "on_vfree_atomic", HOOK_TRAMPOLINE, { "vfree_atomic" }, 0, "vmalloc" },
	{ "on_dma_alloc", HOOK_TRAMPOLINE, { "dma_alloc_attrs" }, 0, "DMA memory" },
	{ "on_dma_free", HOOK_TRAMPOLINE, { "dma_free_attrs" }, 0, "DMA memory" },
};

/*
 * Allocators that allocate for themselves while they serve somebody: what they take is
 * part of what they give, or is kept for all, and is not counted again.
 */
static const struct {
	const char *symbol;
	enum census_kind kind; /* that it reports itself; 0: none */
} owners[] = {
	{ "allocate_slab", 0 },
	{ "new_slab", 0 },
	{ "memcg_alloc_slab_cgroups", 0 },
	{ "alloc_slab_obj_exts", 0 },
	{ "__kmalloc_large_node", 0 },
	{ "___kmalloc_large_node", 0 },
	{ "__vmalloc_node_range", CENSUS_VMALLOC },
	{ "__vmalloc_node_range_noprof", CENSUS_VMALLOC },
	{ "pcpu_alloc", CENSUS_PERCPU },
	{ "pcpu_alloc_noprof", CENSUS_PERCPU },
	{ "dma_alloc_attrs", CENSUS_DMA },
	{ "__stack_depot_save", 0 },
	{ "stack_depot_save_flags", 0 },
};

static char libbpf_said[512];

static int keep_message(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || libbpf_said[0])
		return 0;
	vsnprintf(libbpf_said, sizeof(libbpf_said), format, args);
	libbpf_said[strcspn(libbpf_said, "\n")] = 0;
	return 0;
}

static struct error *translate(int code, const char *what)
{
	code = code < 0 ? -code : code;
	if (code == EPERM || code == EACCES)
		return error_new(
			ERROR_MISSING,
			"%s: %s: the census needs root (CAP_BPF, CAP_PERFMON) and "
			"a kernel that is not locked down",
			what, strerror(code));
	return error_new(ERROR_MISSING, "%s: %s%s%s", what, strerror(code),
			 libbpf_said[0] ? ": " : "", libbpf_said);
}

/* Of the tracepoint's prototype, without the pointer that the kernel puts first. */
static int tracepoint_arguments(const struct btf *btf, const char *name)
{
	char type_name[128];
	const struct btf_type *type;
	int id;

	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!type || !btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

/* The target this kernel has, or NULL with the reason in @why. */
static const char *hook_target(const struct census *census, const struct btf *btf,
			       const struct hook *hook, char *why, size_t size)
{
	uint64_t low, high;

	for (size_t i = 0; i < ARRAY_LENGTH(hook->targets) && hook->targets[i]; i++) {
		const char *target = hook->targets[i];
		int arguments;

		if (hook->type == HOOK_TRAMPOLINE &&
		    btf__find_by_name_kind(btf, target, BTF_KIND_FUNC) >= 0)
			return target;
		if ((hook->type == HOOK_KPROBE || hook->type == HOOK_KRETPROBE) &&
		    kernel_symbols_range(census->symbols, target, &low, &high))
			return target;
		if (hook->type != HOOK_RAW)
			continue;
		arguments = tracepoint_arguments(btf, target);
		if (arguments < 0)
			continue;
		if (!hook->arguments || arguments == hook->arguments)
			return target;
		snprintf(why, size, "tracepoint %s has %d arguments here, %d are known",
			 target, arguments, hook->arguments);
		return NULL;
	}
	snprintf(why, size, "this kernel has no %s", hook->targets[0]);
	return NULL;
}

static struct error *choose_hooks(struct census *census, const struct btf *btf,
				  const char *refused)
{
	census->hook_count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(hooks); i++) {
		const struct hook *hook = &hooks[i];
		struct census_hook *told = &census->hooks[census->hook_count++];
		struct bpf_program *program =
			bpf_object__find_program_by_name(census->bpf->obj, hook->program);
		const char *target;

		*told = (struct census_hook){ hook->targets[0], hook->covers, false, "" };
		target = hook_target(census, btf, hook, told->why, sizeof(told->why));
		if (target && hook->type == HOOK_TRAMPOLINE && refused) {
			snprintf(told->why, sizeof(told->why),
				 "this kernel refuses to trace functions: %s", refused);
			target = NULL;
		}
		if (!target && hook->vital)
			return error_new(ERROR_MISSING, "no census here: %s", told->why);
		if (!target) {
			bpf_program__set_autoload(program, false);
			if (hook->twin)
				bpf_program__set_autoload(
					bpf_object__find_program_by_name(census->bpf->obj,
									 hook->twin),
					false);
			continue;
		}
		told->name = target;
		if (hook->type == HOOK_TRAMPOLINE &&
		    bpf_program__set_attach_target(program, 0, target))
			return translate(errno, target);
	}
	return NULL;
}

static uint64_t program_misses(const struct census *census, size_t hook)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(census->bpf->obj, hooks[hook].program);
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_program__fd(program);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0
								  : info.recursion_misses;
}

static uint64_t hook_recovered(const struct census *census, size_t hook)
{
	return hooks[hook].twin ? census->bpf->bss->recovered[hooks[hook].pair] : 0;
}

static struct error *attach(struct census *census, const struct hook *hook,
			    const char *name, const char *target)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(census->bpf->obj, name);
	struct bpf_link *link;

	libbpf_said[0] = 0;
	if (hook->type == HOOK_RAW)
		link = bpf_program__attach_raw_tracepoint(program, target);
	else if (hook->type == HOOK_TRAMPOLINE)
		link = bpf_program__attach_trace(program);
	else
		link = bpf_program__attach_kprobe(program, hook->type == HOOK_KRETPROBE,
						  target);
	if (!link)
		return translate(errno, target);
	census->links[census->link_count++] = link;
	return NULL;
}

/* A twin is attached after its program: the kernel calls them in that order. */
static struct error *attach_hooks(struct census *census)
{
	for (size_t i = 0; i < census->hook_count; i++) {
		struct census_hook *told = &census->hooks[i];
		struct error *error;

		if (told->why[0])
			continue;
		error = attach(census, &hooks[i], hooks[i].program, told->name);
		if (!error && hooks[i].twin)
			error = attach(census, &hooks[i], hooks[i].twin, told->name);
		if (error && hooks[i].vital)
			return error;
		if (error)
			snprintf(told->why, sizeof(told->why), "%s",
				 error_message(error));
		told->attached = !error;
		error_destroy(error);
	}
	for (size_t i = 0; i < census->hook_count; i++) {
		struct census_hook *told = &census->hooks[i];

		/* what came between the two is before the census */
		told->misses_before = program_misses(census, i);
		told->recovered_before = hook_recovered(census, i);
	}
	return NULL;
}

static void set_owners(struct census *census)
{
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(owners) && count < CENSUS_OWNERS; i++) {
		uint64_t low, high;

		if (!kernel_symbols_range(census->symbols, owners[i].symbol, &low, &high))
			continue;
		census->bpf->rodata->owners[count++] = (struct census_owner){
			.low = low, .size = high - low, .exempt = owners[i].kind
		};
	}
	census->bpf->rodata->owner_count = count;
}

/*
 * Where return addresses lie, for fingerprints of stacks: known for x86 alone, elsewhere
 * every stack is walked.
 */
static void set_text(struct census *census)
{
#if defined(__x86_64__)
	static const char *const hiding[CENSUS_TRAMPOLINES] = { "arch_rethook_trampoline",
								"return_to_handler" };
	const uint64_t modules = 0xffffffffc0000000, modules_end = 0xffffffffff000000;
	uint64_t low, end, last;

	if (!kernel_symbols_range(census->symbols, "_stext", &low, &last) ||
	    !kernel_symbols_range(census->symbols, "_etext", &end, &last))
		return;
	for (size_t i = 0; i < CENSUS_TRAMPOLINES; i++) {
		uint64_t at;

		if (kernel_symbols_range(census->symbols, hiding[i], &at, &last))
			census->bpf->rodata->trampolines[i] = at;
	}
	census->bpf->rodata->module_low = modules;
	census->bpf->rodata->module_size = modules_end - modules;
	census->bpf->rodata->text_low = low;
	census->bpf->rodata->text_size = end - low;
#endif
}

/* Caches are found again by the hash of their name. */
static void set_told(struct census *census)
{
	for (size_t i = 0; i < CENSUS_TOLD && cache_at(i); i++) {
		uint64_t hash = CENSUS_HASH_START;

		if (!cache_is_referenced(cache_at(i)))
			continue;
		for (const char *c = cache_at(i); *c; c++)
			hash = (hash ^ (uint8_t)*c) * CENSUS_HASH_FACTOR;
		census->bpf->rodata->told_caches[i] = hash;
		census->bpf->rodata->told_of_children[i] =
			cache_ends_with_process(cache_at(i));
	}
}

/* Kernels built with KASAN have larger stacks; the first task's tells. */
static uint64_t stack_size(const struct census *census)
{
	(void)census;
	return 16384;
}

static struct error *set_names(struct census *census,
			       const struct census_options *options)
{
	if (options->module_count + options->range_count > CENSUS_MAX_MODULES)
		return error_new(ERROR_USAGE, "at most %d modules can be watched at once",
				 CENSUS_MAX_MODULES);
	for (size_t i = 0; i < options->module_count; i++) {
		char *name = census->names[census->slot_count];

		if (!loaded_name(options->modules[i], name, CENSUS_NAME))
			return error_new(ERROR_USAGE, "'%s' is no module's name",
					 options->modules[i]);
		census->slot_count++;
	}
	for (size_t i = 0; i < options->range_count; i++) {
		snprintf(census->names[census->slot_count], CENSUS_NAME, "%s",
			 options->ranges[i].name);
		census->is_range[census->slot_count++] = true;
	}
	return NULL;
}

static struct error *open_programs(struct census *census,
				   const struct census_options *options,
				   const struct btf *btf, const char *refused)
{
	struct error *error;

	census->bpf = census_bpf__open();
	if (!census->bpf)
		return translate(errno, "opening the census programs");
	error = choose_hooks(census, btf, refused);
	if (error)
		return error;
	for (size_t i = 0; i < census->slot_count; i++)
		if (!census->is_range[i])
			memcpy((void *)census->bpf->rodata->names[i], census->names[i],
			       CENSUS_NAME);
	census->bpf->rodata->slot_count = census->slot_count;
	census->bpf->rodata->call_site_only = options->call_site_only;
	census->bpf->rodata->thread_size = stack_size(census);
	set_owners(census);
	set_text(census);
	set_told(census);
	if (options->objects)
		bpf_map__set_max_entries(census->bpf->maps.objects, options->objects);
	census->objects = bpf_map__max_entries(census->bpf->maps.objects);
	return NULL;
}

/*
 * Once with all hooks, then without those that an old or small kernel refuses. What the
 * first attempt was told stays the reason.
 */
static struct error *load_programs(struct census *census,
				   const struct census_options *options)
{
	struct btf *btf = btf__load_vmlinux_btf();
	char refused[sizeof(libbpf_said)] = "";
	struct error *error = NULL;
	int code = 0;

	if (!btf)
		return error_new(
			ERROR_MISSING,
			"no census here: this kernel has no BTF type information "
			"(CONFIG_DEBUG_INFO_BTF)");
	for (int attempt = 0; attempt < 2; attempt++) {
		census_bpf__destroy(take(census->bpf));
		error = open_programs(census, options, btf, attempt ? refused : NULL);
		if (error)
			break;
		libbpf_said[0] = 0;
		code = census_bpf__load(census->bpf);
		if (!code || code == -EPERM)
			break;
		snprintf(refused, sizeof(refused), "%s",
			 libbpf_said[0] ? libbpf_said : strerror(-code));
	}
	btf__free(btf);
	if (!error && code)
		error = translate(code, "loading the census programs");
	return error;
}

static size_t take_over_sections(struct census *census, size_t slot)
{
	struct census_section sections[CENSUS_SECTIONS] = { 0 };
	size_t count = loaded_sections(census->names[slot], sections, CENSUS_SECTIONS);

	for (size_t i = 0; i < count; i++) {
		__u32 key = slot * CENSUS_SECTIONS + i;

		if (bpf_map_update_elem(bpf_map__fd(census->bpf->maps.sections), &key,
					&sections[i], BPF_ANY))
			return i;
	}
	return count;
}

/* A module that is there already is watched from now on. */
static struct error *take_over_loaded(struct census *census)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < census->slot_count; i++) {
		struct census_slot *slot = &census->bpf->bss->slots[i];

		if (census->is_range[i])
			continue;
		error = loaded_find(census->names[i], slot, &census->loaded_before[i]);
		if (error || !census->loaded_before[i])
			continue;
		slot->sections = take_over_sections(census, i);
		census->references_before[i] = loaded_references(census->names[i]);
	}
	return error;
}

static struct error *open_ranges(struct census *census,
				 const struct census_options *options)
{
	for (size_t i = 0; i < options->range_count; i++) {
		const struct census_range *range = &options->ranges[i];
		struct census_slot *slot =
			&census->bpf->bss->slots[options->module_count + i];
		uint64_t low, high, last_low;

		if (!kernel_symbols_range(census->symbols, range->first, &low, &high) ||
		    (range->last && !kernel_symbols_range(census->symbols, range->last,
							  &last_low, &high)))
			return error_new(ERROR_INPUT, "the kernel has no function %s%s%s",
					 range->first, range->last ? " or " : "",
					 range->last ? range->last : "");
		if (high <= low)
			return error_new(ERROR_INPUT, "%s lies before %s", range->last,
					 range->first);
		slot->always = 1;
		slot->base[CENSUS_TEXT] = slot->core_low = low;
		slot->size[CENSUS_TEXT] = slot->core_size = high - low;
	}
	return NULL;
}

/* The table of sites is read where it lies. */
static struct error *map_sites(struct census *census)
{
	void *sites = mmap(NULL, CENSUS_SITES * sizeof(*census->sites), PROT_READ,
			   MAP_SHARED, bpf_map__fd(census->bpf->maps.sites), 0);

	if (sites == MAP_FAILED)
		return translate(errno, "mapping the census's table");
	census->sites = sites;
	return NULL;
}

/* As update_watched() of the programs, for what was open before they ran. */
static void update_watched(struct census *census)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < census->slot_count; i++) {
		const struct census_slot *slot = &census->bpf->bss->slots[i];

		if (!slot->core_size)
			continue;
		if (slot->core_low < low)
			low = slot->core_low;
		if (slot->core_low + slot->core_size > high)
			high = slot->core_low + slot->core_size;
	}
	census->bpf->bss->watched_low = low;
	census->bpf->bss->watched_size = high ? high - low : 0;
}

struct error *census_create(const struct census_options *options, struct census **ret)
{
	_cleanup_(census_destroy) struct census *census = calloc(1, sizeof(*census));
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct error *error;

	if (!census)
		return error_nomem();
	libbpf_set_print(keep_message);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	error = set_names(census, options);
	if (!error && geteuid())
		error = error_new(ERROR_MISSING, "the census needs root");
	if (!error)
		error = kernel_symbols_create(&census->symbols);
	if (!error)
		error = load_programs(census, options);
	if (!error)
		error = open_ranges(census, options);
	if (!error)
		error = take_over_loaded(census);
	if (!error)
		error = map_sites(census);
	if (error)
		return error;
	update_watched(census);
	census->bpf->bss->owner = getpid();
	error = attach_hooks(census);
	if (error)
		return error;
	census_sample(census);
	*ret = take(census);
	return NULL;
}

void census_destroy(struct census *census)
{
	if (!census)
		return;
	for (size_t i = 0; i < census->link_count; i++)
		bpf_link__destroy(census->links[i]);
	if (census->sites)
		munmap((void *)census->sites, CENSUS_SITES * sizeof(*census->sites));
	census_bpf__destroy(census->bpf);
	kernel_symbols_destroy(census->symbols);
	free(census->marked_sites);
	free(census->legs);
	free(census);
}

void census_watch_worker(struct census *census, pid_t worker)
{
	uint32_t key = (uint32_t)worker;
	uint8_t one = 1;

	if (!bpf_map_update_elem(bpf_map__fd(census->bpf->maps.workers), &key, &one,
				 BPF_ANY))
		census->bpf->bss->worker = key;
}

uint64_t *census_pass(struct census *census)
{
	return (uint64_t *)&census->bpf->bss->pass;
}

uint64_t *census_half(struct census *census)
{
	return (uint64_t *)&census->bpf->bss->half;
}

void census_end_leg(struct census *census)
{
	struct census_leg *leg = census->legs + census->leg_count - 1;

	if (!census->leg_count)
		return;
	leg->half = *census_half(census);
	leg->last = *census_pass(census);
}

struct error *census_leg(struct census *census)
{
	census_end_leg(census);
	if (!array_grow(census->legs, census->leg_count, census->leg_capacity))
		return error_nomem();
	census->legs[census->leg_count++] = (struct census_leg){
		.first = *census_pass(census),
	};
	*census_half(census) = 0;
	return NULL;
}

const int64_t *census_bytes(struct census *census)
{
	return (const int64_t *)&census->bpf->bss->live.bytes;
}

struct census_live *census_live(struct census *census)
{
	return &census->bpf->bss->live;
}

struct census_slot *census_slots(struct census *census)
{
	return census->bpf->bss->slots;
}

const struct census_counters *census_counters(const struct census *census)
{
	return &census->bpf->bss->counters;
}

uint64_t census_now(struct census *census)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	bpf_prog_test_run_opts(bpf_program__fd(census->bpf->progs.read_clock), &options);
	return census->bpf->bss->now;
}

uint64_t census_tick_ns(void)
{
	struct timespec tick = { 0 };

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return tick.tv_nsec;
}

uint64_t census_hook_misses(const struct census *census, size_t hook)
{
	const struct census_hook *told = &census->hooks[hook];
	uint64_t misses = program_misses(census, hook) - told->misses_before;
	uint64_t recovered = hook_recovered(census, hook) - told->recovered_before;

	return misses > recovered ? misses - recovered : 0;
}

uint64_t census_hook_recovered(const struct census *census, size_t hook)
{
	return hook_recovered(census, hook) - census->hooks[hook].recovered_before;
}

uint64_t census_recursion_misses(const struct census *census)
{
	uint64_t misses = 0;

	for (size_t i = 0; i < census->hook_count; i++)
		misses += census_hook_misses(census, i);
	return misses;
}

struct error *census_state(struct census *census, struct census_state *ret)
{
	const struct census_counters *c = census_counters(census);
	_free_ struct census_site *sites = NULL;
	_free_ uint64_t *keys = NULL;
	size_t count = 0;
	struct error *error = census_read_sites(census, &keys, &sites, &count);

	if (error)
		return error;
	*ret = (struct census_state){ .passes = census->bpf->bss->pass,
				      .open = census->bpf->bss->watched_size };
	for (size_t i = 0; i < census->slot_count; i++) {
		ret->loads += census_slots(census)[i].loads;
		ret->unloads += census_slots(census)[i].unloads;
	}
	for (size_t i = 0; i < count; i++) {
		if (sites[i].class != CENSUS_DRIVER) {
			if (sites[i].class == CENSUS_PROCESS ||
			    cache_ends_with_process(sites[i].cache))
				ret->held += sites[i].alive;
			continue;
		}
		ret->alive += sites[i].alive;
		ret->alive_bytes += sites[i].alive_given;
	}
	ret->lost = c->objects_lost + c->sites_lost + c->stacks_lost +
		    (c->vmalloc_entered - c->vmalloc_left) +
		    census_recursion_misses(census);
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* kfree_rcu batches are drained by the shrinker that drop_caches calls. */
static void drop_caches(char what)
{
	_close_ int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	char text[] = { what, '\n' };

	if (fd >= 0 && write(fd, text, sizeof(text)) < 0)
		return;
}

/*
 * Objects on their way through kfree_rcu wait for a grace period and then for a worker,
 * which a busy machine lets wait: quiet is many rounds, each with a grace period, and
 * time. Nothing alive ends it at once.
 */
enum { QUIET_ROUNDS = 12 };
static const uint64_t quiet_ns = 500000000, longest_settling_ns = 10000000000;

struct error *census_settle(struct census *census, uint64_t limit_ns)
{
	uint64_t deadline = now_ns() + (limit_ns ? limit_ns : longest_settling_ns);
	uint64_t before = UINT64_MAX, changed = now_ns();
	int quiet = 0;

	/* the kernel need not log each call */
	drop_caches('4');
	for (int round = 0;; round++) {
		struct census_state state;
		struct error *error;
		uint64_t left;

		drop_caches(round % 4 == 3 ? '3' : '2');
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		error = census_state(census, &state);
		if (error)
			return error;
		left = state.alive + state.held;
		quiet = left == before ? quiet + 1 : 0;
		changed = quiet ? changed : now_ns();
		before = left;
		if (!left || now_ns() >= deadline ||
		    (quiet >= QUIET_ROUNDS && now_ns() - changed >= quiet_ns))
			return NULL;
		usleep(20000);
	}
}

static struct error *read_map(int fd, size_t limit, size_t value_size, uint64_t **keys,
			      void **values, size_t *ret)
{
	size_t room = limit ? limit : 1, total = 0;
	_free_ uint64_t *k = calloc(room, sizeof(*k));
	_free_ char *v = calloc(room, value_size);
	uint32_t position = 0;
	bool first = true;

	if (!k || !v)
		return error_nomem();
	while (total < room) {
		__u32 count = room - total > 1024 ? 1024 : room - total;
		int code = bpf_map_lookup_batch(fd, first ? NULL : &position, &position,
						k + total, v + total * value_size, &count,
						NULL);

		if (code && code != -ENOENT && errno != ENOENT)
			return error_errno(errno, "cannot read the census's table");
		total += count;
		first = false;
		if (code)
			break;
	}
	*keys = take(k);
	*values = take(v);
	*ret = total;
	return NULL;
}

struct error *census_read_sites(struct census *census, uint64_t **keys,
				struct census_site **sites, size_t *count)
{
	size_t room = census->bpf->bss->site_count, used = 0;
	_free_ struct census_site *s = NULL;
	_free_ uint64_t *k = NULL;

	room = room < CENSUS_SITES ? room : CENSUS_SITES;
	s = calloc(room + 1, sizeof(*s));
	k = calloc(room + 1, sizeof(*k));
	if (!s || !k)
		return error_nomem();
	for (size_t i = 0; i < room; i++) {
		if (!census->sites[i].allocated)
			continue;
		k[used] = i;
		s[used++] = census->sites[i];
	}
	*keys = take(k);
	*sites = take(s);
	*count = used;
	return NULL;
}

struct error *census_read_objects(struct census *census, uint64_t **keys,
				  struct census_object **objects, size_t *count)
{
	return read_map(bpf_map__fd(census->bpf->maps.objects), census->objects,
			sizeof(struct census_object), keys, (void **)objects, count);
}

struct error *census_read_section(struct census *census, size_t slot, size_t index,
				  struct census_section *ret)
{
	__u32 key = slot * CENSUS_SECTIONS + index;

	if (bpf_map_lookup_elem(bpf_map__fd(census->bpf->maps.sections), &key, ret))
		return error_errno(errno, "cannot read the census's sections");
	ret->name[sizeof(ret->name) - 1] = 0;
	return NULL;
}

void census_mark(struct census *census)
{
	_free_ struct census_site *sites = NULL;
	uint64_t *keys = NULL;
	size_t count = 0;
	_error_ struct error *error = census_read_sites(census, &keys, &sites, &count);

	if (error)
		return;
	free(census->marked_sites);
	census->marked_sites = calloc(count ? 2 * count : 1, sizeof(uint64_t));
	for (size_t i = 0; census->marked_sites && i < count; i++) {
		census->marked_sites[2 * i] = keys[i];
		census->marked_sites[2 * i + 1] = sites[i].alive;
	}
	census->marked_count = census->marked_sites ? count : 0;
	census->marked_pass = census->bpf->bss->pass;
	census->marked = true;
	free(keys);
}
