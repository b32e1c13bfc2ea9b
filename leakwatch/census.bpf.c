// SPDX-License-Identifier: GPL-2.0-only
/*
 * The census inside the kernel: which allocations are the driver's, and which of them
 * are still alive.
 *
 * An allocation is the driver's when a frame of it is on the stack. Asking that of every
 * allocation would cost too much, so the questions go from cheap to dear: is any watched
 * code there at all; is the caller itself the driver; is any word on the stack an
 * address of the driver; and only then a true walk, which decides.
 */
#define __VMLINUX_H__
#include <linux/types.h>
#include <stdbool.h>
#include <linux/bpf.h>

#include "census_kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "census_shared.h"

char LICENSE[] SEC("license") = "GPL";

/* Each program has a scratch of its own: on one CPU it runs once at a time. */
enum hook {
	HOOK_KMALLOC,
	HOOK_CACHE,
	HOOK_BULK,
	HOOK_PAGE,
	HOOK_VMALLOC,
	HOOK_PERCPU,
	HOOK_DMA,
	HOOK_TWIN_KMALLOC,
	HOOK_TWIN_CACHE,
	HOOK_TWIN_PAGE,
	HOOK_COUNT,
};

enum { SCAN_WORDS = 128, SCAN_CHUNKS = 32, NOT_STACK_LIMIT = 16384, KMALLOC_MOST = 8192 };

struct scratch {
	__u64 sp;
	__u64 words[SCAN_WORDS];
	struct census_site site;
	struct census_object object;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOOK_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, __u64);
	__type(value, struct census_object);
} objects SEC(".maps");

/* By number, in the order in which they were met; site_count of them are used. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CENSUS_SITES);
	__type(key, __u32);
	__type(value, struct census_site);
} sites SEC(".maps");

/* By stack, kind and name of the cache. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CENSUS_SITES);
	__type(key, __u64);
	__type(value, __u32);
} site_numbers SEC(".maps");

/*
 * What a walk decided, by the fingerprint of the stack: walking is dear, and a driver
 * that is cycled allocates with the same few stacks again and again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} walks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} vmalloc_sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CENSUS_SLOTS *CENSUS_SECTIONS);
	__type(key, __u32);
	__type(value, struct census_section);
} sections SEC(".maps");

/* Processes that cycle, by their number. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} workers SEC(".maps");

/* Caches that were met, and whether their objects are told. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u8);
} caches SEC(".maps");

const volatile __u64 told_caches[CENSUS_TOLD];
const volatile bool told_of_children[CENSUS_TOLD];
const volatile char names[CENSUS_SLOTS][CENSUS_NAME];
const volatile __u32 slot_count;
const volatile struct census_owner owners[CENSUS_OWNERS];
const volatile __u32 owner_count;
const volatile __u64 thread_size = 16384;
const volatile bool call_site_only;
const volatile __u64 text_low, text_size;     /* of the kernel; size 0: no fingerprints */
const volatile __u64 module_low, module_size; /* where modules are */
const volatile __u64 trampolines[CENSUS_TRAMPOLINES]; /* stand for return addresses */

struct census_slot slots[CENSUS_SLOTS];
struct census_counters counters;
struct census_live live;
__u64 pass, all_loads;
__u64 half;	     /* the last pass of the first half of a leg; 0: not there yet */
__u32 worker, owner; /* who cycles; who takes the census */
__u64 watched_low, watched_size; /* all open text; size 0: nothing is open */
__u32 site_count;
__u32 filter[CENSUS_FILTER];
__u64 recovered[CENSUS_PAIRS];
__u64 places[CENSUS_CPUS][8];
__u64 marks[CENSUS_PAIRS][CENSUS_CPUS][8];
__u64 now; /* jiffies, for read_clock */

static __always_inline __u32 filter_index(__u64 key)
{
	return (__u32)((key * 0x9e3779b97f4a7c15ULL) >> 48) & (CENSUS_FILTER - 1);
}

/* Watched code becomes a tagged offset; other addresses stay as they are. */
__noinline __u64 census_classify(__u64 ip)
{
	for (__u32 i = 0; i < slot_count && i < CENSUS_SLOTS; i++) {
		__u64 offset = ip - slots[i].core_low;
		__u64 tag = CENSUS_TAG | (__u64)i << 40;

		if (offset < slots[i].core_size)
			return tag | offset;
		offset = ip - slots[i].init_low;
		if (offset < slots[i].init_size) {
			struct module *module = (void *)slots[i].module;

			/* live: its init text is gone, somebody else may be there */
			if (module && BPF_CORE_READ(module, state) == MODULE_STATE_LIVE)
				return ip;
			return tag | (__u64)CENSUS_INIT_TEXT << 36 | offset;
		}
	}
	return ip;
}

/* 1 + the kind that the allocator reports which this is the text of; else 0. */
__noinline __u32 census_owner(__u64 ip)
{
	for (__u32 i = 0; i < owner_count && i < CENSUS_OWNERS; i++)
		if (ip - owners[i].low < owners[i].size)
			return 1 + owners[i].exempt;
	return 0;
}

struct scan {
	struct scratch *s;
	__u64 position, end;
	bool found;
};

/*
 * Eight words at a time. Modules lie above the kernel's text, so one comparison passes
 * over nearly all words; words behind the end are of an earlier scan, and harmless: a
 * walk decides.
 */
static __always_inline bool scan_words(const __u64 *words, __u32 count)
{
	__u64 low = watched_low, size = watched_size;

	for (__u32 i = 0; i < SCAN_WORDS / 8; i++) {
		const __u64 *w = words + 8 * i;

		if (8 * i >= count)
			break;
		if (w[0] < low && w[1] < low && w[2] < low && w[3] < low && w[4] < low &&
		    w[5] < low && w[6] < low && w[7] < low)
			continue;
		if (w[0] - low < size || w[1] - low < size || w[2] - low < size ||
		    w[3] - low < size || w[4] - low < size || w[5] - low < size ||
		    w[6] - low < size || w[7] - low < size)
			return true;
	}
	return false;
}

static long scan_chunk(__u32 index, void *data)
{
	struct scan *scan = data;
	__u64 left = scan->end - scan->position;
	struct scratch *s = scan->s;
	__u32 bytes = left < sizeof(s->words) ? left : sizeof(s->words);

	if (scan->position >= scan->end || bytes > sizeof(s->words))
		return 1;
	if (bpf_probe_read_kernel(s->words, bytes, (void *)scan->position))
		return 1;
	if (scan_words(s->words, bytes / 8)) {
		scan->found = true;
		return 1;
	}
	scan->position += sizeof(s->words);
	return 0;
}

/* Whether any word between here and the base of this stack is a watched address. */
static __always_inline bool scan_stack(void *ctx, struct scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scan scan = { .s = s };
	__u64 base = (__u64)task->stack;

	/* the context lies on this very stack; through memory it becomes a number */
	*(void *volatile *)&s->sp = ctx;
	scan.position = *(volatile __u64 *)&s->sp & ~7ULL;
	if (scan.position - base < thread_size)
		scan.end = base + thread_size;
	else
		scan.end = scan.position + NOT_STACK_LIMIT;
	/* most stacks are one chunk */
	if (scan_chunk(0, &scan) || scan.position >= scan.end)
		return scan.found;
	bpf_loop(SCAN_CHUNKS, scan_chunk, &scan, 0);
	return scan.found;
}

/* Few words at a time: the verifier follows each way through the loop over them. */
enum { PRINT_WORDS = 16, PRINT_BYTES = 8 * PRINT_WORDS, PRINT_CHUNKS = 256 };

struct print {
	struct scratch *s;
	__u64 position, end, hash;
	bool uncertain;
};

static __always_inline __u64 mix(__u64 hash, __u64 value)
{
	return ((hash << 5 | hash >> 59) ^ value) * 0x9e3779b97f4a7c15ULL;
}

static __always_inline void print_words(struct print *print, const __u64 *words,
					__u32 count)
{
	__u64 hash = print->hash, low = text_low, uncertain = 0;

	for (__u64 i = 0; i < PRINT_WORDS; i++) {
		__u64 word = words[i];

		if (i >= count)
			break;
		if (word < low)
			continue;
		if (word - watched_low < watched_size)
			word = census_classify(word);
		else if (word - low < text_size)
			uncertain |= (__u64)(word == trampolines[0]) |
				     (__u64)(word == trampolines[1]);
		else if (word - module_low < module_size)
			word &= 4095;
		else
			continue;
		hash = mix(hash, word ^ i << 48);
	}
	print->hash = hash;
	print->uncertain |= uncertain != 0;
}

static long print_chunk(__u32 index, void *data)
{
	struct print *print = data;
	__u64 left = print->end - print->position;
	struct scratch *s = print->s;
	__u32 bytes = left < PRINT_BYTES ? left : PRINT_BYTES;

	if (print->position >= print->end)
		return 1;
	if (bytes > PRINT_BYTES ||
	    bpf_probe_read_kernel(s->words, bytes, (void *)print->position)) {
		print->uncertain = true;
		return 1;
	}
	print_words(print, s->words, bytes / 8);
	print->position += PRINT_BYTES;
	return 0;
}

/*
 * Of all words on the stack that can be return addresses, and where they lie: stacks
 * with the same fingerprint are walked alike. What changes from load to load is left out:
 * where the watched code lies, and of other addresses in modules, which may be what an
 * earlier load left there, all but the place in their page. 0: not on a stack of its own,
 * or frames are hidden behind a tracer's trampoline.
 */
static __always_inline __u64 fingerprint(void *ctx, struct scratch *s, __u64 seed)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct print print = { .s = s };
	__u64 base = (__u64)task->stack;

	if (!text_size)
		return 0;
	*(void *volatile *)&s->sp = ctx;
	print.position = *(volatile __u64 *)&s->sp & ~7ULL;
	if (print.position - base >= thread_size)
		return 0;
	print.end = base + thread_size;
	print.hash = mix(seed, print.end - print.position);
	bpf_loop(PRINT_CHUNKS, print_chunk, &print, 0);
	return print.uncertain ? 0 : print.hash;
}

enum walk { WALK_NONE, WALK_DRIVER, WALK_OWNED, WALK_LOST };

struct walk_state {
	struct scratch *s;
	__u32 kind, driver, owned;
};

static long walk_frame(__u32 i, void *data)
{
	struct walk_state *state = data;
	struct scratch *s = state->s;
	__u64 ip;

	if (i >= CENSUS_DEPTH)
		return 1;
	ip = s->site.ip[i];
	if (ip - watched_low < watched_size) {
		ip = census_classify(ip);
		s->site.ip[i] = ip;
		if (CENSUS_TAG_OF(ip) == 1)
			state->driver = 1;
	} else if (!state->driver) {
		__u32 owner = census_owner(ip);

		/* an allocator at work for itself, unless it reports that itself */
		if (owner && owner != 1 + state->kind) {
			state->owned = 1;
			return 1;
		}
	}
	return 0;
}

/* Fills s->site.ip with frames as they are kept, 0 after the last. */
static __always_inline enum walk walk_stack(void *ctx, struct scratch *s, __u32 kind)
{
	struct walk_state state = { .s = s, .kind = kind };
	long bytes;

	__builtin_memset(s->site.ip, 0, sizeof(s->site.ip));
	bytes = bpf_get_stack(ctx, s->site.ip, sizeof(s->site.ip), 0);
	if (bytes <= 0)
		return WALK_LOST;
	bpf_loop(bytes / 8, walk_frame, &state, 0);
	if (state.owned)
		return WALK_OWNED;
	return state.driver ? WALK_DRIVER : WALK_NONE;
}

/* Races of the bounds lose a moment: they are figures, no proofs. */
static __always_inline void live_changes(const struct census_site *site, __s64 objects,
					 __s64 given)
{
	__s64 bytes;

	if (site->class != CENSUS_DRIVER)
		return;
	__sync_fetch_and_add(&live.objects, objects);
	bytes = __sync_fetch_and_add(&live.bytes, given) + given;
	if (bytes > live.most)
		live.most = bytes;
	if (bytes < live.least)
		live.least = bytes;
}

static __always_inline void forget(__u64 key, struct census_object *object)
{
	__u32 number = object->site;
	struct census_site *site = bpf_map_lookup_elem(&sites, &number);
	__u64 age = bpf_jiffies64() - object->born;

	if (site) {
		__u32 bucket = 0;

		for (; bucket < CENSUS_LIFETIMES - 1 && age; bucket++)
			age >>= 1;
		if (bucket < CENSUS_LIFETIMES)
			__sync_fetch_and_add(&site->lifetime[bucket], 1);
		__sync_fetch_and_add(&site->freed, 1);
		__sync_fetch_and_add(&site->alive, -1);
		__sync_fetch_and_add(&site->alive_given, -object->given);
		live_changes(site, -1, -object->given);
	}
	__sync_fetch_and_add(&filter[filter_index(key)], -1);
}

static __always_inline void object_freed(__u64 key)
{
	struct census_object *object;

	if (!filter[filter_index(key)])
		return;
	object = bpf_map_lookup_elem(&objects, &key);
	if (!object)
		return;
	forget(key, object);
	if (!bpf_map_delete_elem(&objects, &key))
		__sync_fetch_and_add(&counters.frees, 1);
}

struct allocation {
	__u64 key, asked, given, caller;
	struct kmem_cache *cache;
	__u32 kind;
	bool twin;
};

/*
 * The number of the site of s->site.ip, which is made when there is none yet. Caches
 * have the same name in all loads, not the same address.
 */
static __always_inline __u32 site_of(struct scratch *s, const struct allocation *a)
{
	struct kmem_cache *cache = a->cache;
	__u64 key = mix(CENSUS_HASH_START, a->kind);
	struct census_site *site;
	__u32 number, *known;

	s->site.kind = a->kind;
	s->site.smallest = s->site.largest = a->asked;
	__builtin_memset(s->site.cache, 0, sizeof(s->site.cache));
	if (cache)
		bpf_probe_read_kernel_str(s->site.cache, sizeof(s->site.cache),
					  BPF_CORE_READ(cache, name));
	for (__u32 i = 0; i < CENSUS_CACHE_NAME && s->site.cache[i]; i++)
		key = mix(key, s->site.cache[i]);
	for (__u32 i = 0; i < CENSUS_DEPTH && s->site.ip[i]; i++)
		key = mix(key, s->site.ip[i]);
	known = bpf_map_lookup_elem(&site_numbers, &key);
	if (known)
		return *known;
	number = __sync_fetch_and_add(&site_count, 1);
	site = bpf_map_lookup_elem(&sites, &number);
	if (!site)
		return CENSUS_SITES;
	__builtin_memcpy(site, &s->site, sizeof(*site));
	/* another CPU was first: this one stays empty */
	if (bpf_map_update_elem(&site_numbers, &key, &number, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&site_numbers, &key);
		return known ? *known : CENSUS_SITES;
	}
	return number;
}

static __always_inline void count_allocation(struct census_site *site,
					     const struct allocation *a)
{
	__s64 alive = __sync_fetch_and_add(&site->alive, 1) + 1;
	__s64 given = __sync_fetch_and_add(&site->alive_given, a->given) + a->given;

	live_changes(site, 1, a->given);
	__sync_fetch_and_add(&site->bytes_asked, a->asked);
	__sync_fetch_and_add(&site->bytes_given, a->given);
	/* races lose a maximum of one: it is a figure, no proof */
	if (alive > site->alive_most)
		site->alive_most = alive;
	if (given > site->given_most)
		site->given_most = given;
	if (a->asked < site->smallest)
		site->smallest = a->asked;
	if (a->asked > site->largest)
		site->largest = a->asked;
}

/*
 * Since 6.10 a large kmalloc is told by the function that takes the pages, and again by
 * the one that called it. Had its free been missed instead, that is counted elsewhere.
 */
static __always_inline bool is_told_twice(const struct census_object *old,
					  const struct allocation *a)
{
	return a->kind == CENSUS_KMALLOC && a->given > KMALLOC_MOST &&
	       old->asked == a->asked && old->given == a->given;
}

static __always_inline void object_allocated(struct scratch *s,
					     const struct allocation *a, __u32 number)
{
	struct census_object *old = bpf_map_lookup_elem(&objects, &a->key);
	struct census_site *site;

	/* a twin that is not sure comes second: the object is there */
	if (old && (a->twin || is_told_twice(old, a)))
		return;
	if (old) {
		__sync_fetch_and_add(&counters.stale, 1);
		forget(a->key, old);
	}
	site = bpf_map_lookup_elem(&sites, &number);
	if (!site) {
		__sync_fetch_and_add(&counters.sites_lost, 1);
		return;
	}
	s->object.site = number;
	s->object.pass = pass ? pass : all_loads;
	s->object.born = bpf_jiffies64();
	s->object.ordinal = __sync_fetch_and_add(&site->allocated, 1);
	s->object.asked = a->asked;
	s->object.given = a->given;
	__sync_fetch_and_add(&filter[filter_index(a->key)], 1);
	if (bpf_map_update_elem(&objects, &a->key, &s->object, BPF_ANY)) {
		__sync_fetch_and_add(&filter[filter_index(a->key)], -1);
		__sync_fetch_and_add(&counters.objects_lost, 1);
		return;
	}
	__sync_fetch_and_add(&counters.allocations, 1);
	count_allocation(site, a);
}

static __always_inline bool watched(__u64 ip)
{
	return ip - watched_low < watched_size;
}

/* Who runs: one that cycles, a process that it started, or somebody else. */
enum actor { ACTOR_OTHER, ACTOR_WORKER, ACTOR_CHILD };

static __always_inline enum actor actor(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 group = bpf_get_current_pid_tgid() >> 32;

	if (!worker || group == owner)
		return ACTOR_OTHER;
	for (int i = 0; i < 4; i++) {
		struct task_struct *parent = task->real_parent;

		if (parent->tgid == (int)owner && bpf_map_lookup_elem(&workers, &group))
			return i ? ACTOR_CHILD : ACTOR_WORKER;
		task = parent;
		group = parent->tgid;
	}
	return ACTOR_OTHER;
}

/*
 * Whose operations objects of @cache are told of when they are left behind: nobody's,
 * the worker's, or (ACTOR_CHILD) those of its children too. Names are compared once a
 * cache, by their hash.
 */
static __always_inline __u8 told_of(struct kmem_cache *cache)
{
	__u64 key = (__u64)cache, hash = CENSUS_HASH_START;
	__u8 *known = bpf_map_lookup_elem(&caches, &key), told = 0;
	char name[CENSUS_CACHE_NAME] = { 0 };

	if (known)
		return *known;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(cache, name));
	for (__u32 i = 0; i < CENSUS_CACHE_NAME && name[i]; i++)
		hash = (hash ^ (__u8)name[i]) * CENSUS_HASH_FACTOR;
	for (__u32 i = 0; i < CENSUS_TOLD; i++)
		if (told_caches[i] == hash)
			told = told_of_children[i] ? ACTOR_CHILD : ACTOR_WORKER;
	bpf_map_update_elem(&caches, &key, &told, BPF_ANY);
	return told;
}

/* No stack: an operation of the worker is told by its caller alone, which is cheap. */
static __always_inline void operation(struct scratch *s, const struct allocation *a)
{
	__builtin_memset(s->site.ip, 0, sizeof(s->site.ip));
	s->site.ip[0] = a->caller;
	s->site.class = CENSUS_OPERATION;
	__sync_fetch_and_add(&counters.worker_allocations, 1);
	object_allocated(s, a, site_of(s, a));
}

enum { KNOWN_SITE = 16 }; /* above: a site's number; below: an enum walk */

/* As a walk decides; with WALK_DRIVER, @number is the site. */
static __always_inline enum walk walk_or_remember(void *ctx, struct scratch *s,
						  const struct allocation *a,
						  __u32 *number)
{
	__u64 seed = mix(mix(a->caller, (__u64)a->cache), a->kind);
	__u64 print = fingerprint(ctx, s, seed);
	__u32 *known = print ? bpf_map_lookup_elem(&walks, &print) : NULL, value;
	enum walk walk;

	if (known && *known >= KNOWN_SITE) {
		*number = *known - KNOWN_SITE;
		return WALK_DRIVER;
	}
	if (known)
		return *known;
	__sync_fetch_and_add(&counters.walks, 1);
	walk = walk_stack(ctx, s, a->kind);
	if (walk == WALK_DRIVER) {
		s->site.class = CENSUS_DRIVER;
		*number = site_of(s, a);
	}
	value = walk == WALK_DRIVER ? *number + KNOWN_SITE : walk;
	if (print && walk != WALK_LOST && *number < CENSUS_SITES)
		bpf_map_update_elem(&walks, &print, &value, BPF_ANY);
	return walk;
}

static __always_inline void process_object(struct scratch *s, void *object, __u64 size,
					   enum census_process what)
{
	struct allocation a = {
		.kind = CENSUS_CACHE, .key = (__u64)object, .asked = size, .given = size
	};

	if (!object || bpf_map_lookup_elem(&objects, &a.key))
		return;
	__builtin_memset(s->site.ip, 0, sizeof(s->site.ip));
	s->site.ip[0] = what;
	s->site.ip[1] = bpf_get_current_pid_tgid() >> 32;
	s->site.class = CENSUS_PROCESS;
	object_allocated(s, &a, site_of(s, &a));
}

/*
 * The worker itself: when it has ended, what stands for it is gone, unless somebody took
 * a reference and forgot it.
 */
static __always_inline void worker_itself(struct scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();

	process_object(s, task, bpf_core_type_size(struct task_struct),
		       CENSUS_PROCESS_TASK);
	process_object(s, task->thread_pid, bpf_core_type_size(struct pid),
		       CENSUS_PROCESS_PID);
}

/* Nothing of the driver is on the stack: an operation that belongs to a cycle, perhaps.
 */
static __always_inline void by_operation(struct scratch *s, const struct allocation *a)
{
	enum actor who = actor();

	if (who == ACTOR_OTHER || told_of(a->cache) < who)
		return;
	if (who == ACTOR_WORKER)
		worker_itself(s);
	operation(s, a);
}

static __always_inline void allocated(void *ctx, __u32 hook, const struct allocation *a)
{
	bool direct = a->caller && watched(a->caller);
	enum walk walk = WALK_NONE;
	__u32 number = 0;
	struct scratch *s;

	if (a->key <= 16 || !watched_size)
		return;
	s = bpf_map_lookup_elem(&scratches, &hook);
	if (!s)
		return;
	if (direct || (!call_site_only && scan_stack(ctx, s)))
		walk = walk_or_remember(ctx, s, a, &number);
	if (walk == WALK_LOST) {
		__sync_fetch_and_add(&counters.stacks_lost, 1);
		if (!direct)
			return;
		__builtin_memset(s->site.ip, 0, sizeof(s->site.ip));
		s->site.ip[0] = census_classify(a->caller);
		s->site.class = CENSUS_DRIVER;
		number = site_of(s, a);
		walk = WALK_DRIVER;
	}
	if (walk == WALK_DRIVER)
		object_allocated(s, a, number);
	else if (walk == WALK_NONE && a->cache)
		by_operation(s, a);
}

/*
 * While a program runs, the kernel drops the same program's events on that CPU; and an
 * interrupt that hits there can bring hundreds of frees. So each tracepoint has a twin
 * program, which the kernel calls after the first: it takes over what the first missed.
 * The first leaves a mark of each event, made of the pointer and of the place on the
 * stack, which is the same for both and differs for an event that is nested.
 */
static __always_inline __u64 *mark_of(void *ctx, __u32 pair, __u64 key, __u64 *mark)
{
	__u32 cpu = bpf_get_smp_processor_id() & (CENSUS_CPUS - 1);
	__u64 place;

	/* through memory the address becomes a number */
	*(void *volatile *)&places[cpu][0] = ctx;
	place = *(volatile __u64 *)&places[cpu][0];
	*mark = place * 31 + key;
	return &marks[pair][cpu][(place >> 5) & 7];
}

static __always_inline void mark_seen(void *ctx, __u32 pair, __u64 key)
{
	__u64 value, *mark = mark_of(ctx, pair, key, &value);

	*mark = value;
}

/* For the twin: whether the first program missed this event. */
static __always_inline bool was_missed(void *ctx, __u32 pair, __u64 key)
{
	__u64 value, *mark = mark_of(ctx, pair, key, &value);

	if (*mark == value) {
		*mark = 0;
		return false;
	}
	__sync_fetch_and_add(&recovered[pair], 1);
	return true;
}

#define ARG(n) (ctx->args[n])

static __always_inline void kmalloc_event(struct bpf_raw_tracepoint_args *ctx, __u32 hook)
{
	struct allocation a = { .kind = CENSUS_KMALLOC,
				.caller = ARG(0),
				.key = ARG(1),
				.asked = ARG(2),
				.given = ARG(3) };

	a.twin = hook >= HOOK_TWIN_KMALLOC;
	allocated(ctx, hook, &a);
}

SEC("raw_tp/kmalloc") int on_kmalloc(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_KMALLOC, ARG(1));
	kmalloc_event(ctx, HOOK_KMALLOC);
	return 0;
}

SEC("raw_tp/kmalloc") int twin_kmalloc(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_KMALLOC, ARG(1)))
		kmalloc_event(ctx, HOOK_TWIN_KMALLOC);
	return 0;
}

static __always_inline void cache_event(struct bpf_raw_tracepoint_args *ctx, __u32 hook)
{
	struct kmem_cache *cache = (void *)ARG(2);
	struct allocation a = {
		.kind = CENSUS_CACHE, .caller = ARG(0), .key = ARG(1), .cache = cache
	};

	if (!watched_size)
		return;
	a.asked = BPF_CORE_READ(cache, object_size);
	a.given = BPF_CORE_READ(cache, size);
	a.twin = hook >= HOOK_TWIN_KMALLOC;
	allocated(ctx, hook, &a);
}

SEC("raw_tp/kmem_cache_alloc") int on_cache_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_CACHE, ARG(1));
	cache_event(ctx, HOOK_CACHE);
	return 0;
}

SEC("raw_tp/kmem_cache_alloc") int twin_cache_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_CACHE, ARG(1)))
		cache_event(ctx, HOOK_TWIN_CACHE);
	return 0;
}

SEC("raw_tp/percpu_alloc_percpu") int on_percpu_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	struct allocation a = {
		.kind = CENSUS_PERCPU, .key = ARG(7), .asked = ARG(3), .given = ARG(8)
	};

	allocated(ctx, HOOK_PERCPU, &a);
	return 0;
}

static __always_inline void page_event(struct bpf_raw_tracepoint_args *ctx, __u32 hook)
{
	__u64 bytes = 4096ULL << (ARG(1) & 31);
	struct allocation a = {
		.kind = CENSUS_PAGE, .key = ARG(0), .asked = bytes, .given = bytes
	};

	a.twin = hook >= HOOK_TWIN_KMALLOC;
	allocated(ctx, hook, &a);
}

SEC("raw_tp/mm_page_alloc") int on_page_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_PAGE, ARG(0));
	page_event(ctx, HOOK_PAGE);
	return 0;
}

SEC("raw_tp/mm_page_alloc") int twin_page_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_PAGE, ARG(0)))
		page_event(ctx, HOOK_TWIN_PAGE);
	return 0;
}

SEC("raw_tp/kfree") int on_kfree(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_KFREE, ARG(1));
	object_freed(ARG(1));
	return 0;
}

SEC("raw_tp/kfree") int twin_kfree(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_KFREE, ARG(1)))
		object_freed(ARG(1));
	return 0;
}

SEC("raw_tp/kmem_cache_free") int on_cache_free(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_CACHE_FREE, ARG(1));
	object_freed(ARG(1));
	return 0;
}

SEC("raw_tp/kmem_cache_free") int twin_cache_free(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_CACHE_FREE, ARG(1)))
		object_freed(ARG(1));
	return 0;
}

SEC("raw_tp/mm_page_free") int on_page_free(struct bpf_raw_tracepoint_args *ctx)
{
	mark_seen(ctx, CENSUS_PAIR_PAGE_FREE, ARG(0));
	object_freed(ARG(0));
	return 0;
}

SEC("raw_tp/mm_page_free") int twin_page_free(struct bpf_raw_tracepoint_args *ctx)
{
	if (was_missed(ctx, CENSUS_PAIR_PAGE_FREE, ARG(0)))
		object_freed(ARG(0));
	return 0;
}

SEC("raw_tp/percpu_free_percpu") int on_percpu_free(struct bpf_raw_tracepoint_args *ctx)
{
	object_freed(ARG(2));
	return 0;
}

struct bulk {
	__u64 *pointers;
	__u32 site;
	void *ctx;
	struct kmem_cache *cache;
};

static long bulk_free_one(__u32 index, void *data)
{
	struct bulk *bulk = data;
	__u64 key = 0;

	if (bpf_probe_read_kernel(&key, sizeof(key), &bulk->pointers[index]))
		return 1;
	object_freed(key);
	return 0;
}

SEC("fentry/kmem_cache_free_bulk") int on_bulk_free(__u64 *ctx)
{
	struct bulk bulk = { 0 };
	__u64 count = 0;

	bpf_get_func_arg(ctx, 1, &count);
	bpf_get_func_arg(ctx, 2, (__u64 *)&bulk.pointers);
	bpf_loop(count, bulk_free_one, &bulk, 0);
	return 0;
}

static long bulk_allocated_one(__u32 index, void *data)
{
	struct bulk *bulk = data;
	struct kmem_cache *cache = bulk->cache;
	struct allocation a = { .kind = CENSUS_CACHE, .cache = bulk->cache };
	__u32 hook = HOOK_BULK;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &hook);

	if (!s || bpf_probe_read_kernel(&a.key, sizeof(a.key), &bulk->pointers[index]))
		return 1;
	a.asked = BPF_CORE_READ(cache, object_size);
	a.given = BPF_CORE_READ(cache, size);
	object_allocated(s, &a, bulk->site);
	return 0;
}

SEC("fexit/kmem_cache_alloc_bulk") int on_bulk_alloc(__u64 *ctx)
{
	struct allocation a = { .kind = CENSUS_CACHE };
	struct bulk bulk = { 0 };
	struct kmem_cache *cache;
	__u32 hook = HOOK_BULK;
	struct scratch *s;
	__u64 count = 0;

	if (!watched_size)
		return 0;
	bpf_get_func_arg(ctx, 0, (__u64 *)&bulk.cache);
	bpf_get_func_arg(ctx, 3, (__u64 *)&bulk.pointers);
	bpf_get_func_ret(ctx, &count);
	s = bpf_map_lookup_elem(&scratches, &hook);
	if (!s || !(__u32)count || !scan_stack(ctx, s))
		return 0;
	if (walk_stack(ctx, s, CENSUS_CACHE) != WALK_DRIVER)
		return 0;
	cache = a.cache = bulk.cache;
	a.asked = BPF_CORE_READ(cache, object_size);
	s->site.class = CENSUS_DRIVER;
	bulk.site = site_of(s, &a);
	bpf_loop((__u32)count, bulk_allocated_one, &bulk, 0);
	return 0;
}

SEC("kprobe") int on_vmalloc(struct pt_regs *ctx)
{
	__u64 task = bpf_get_current_pid_tgid(), size = PT_REGS_PARM1_CORE(ctx);

	if (!watched_size)
		return 0;
	__sync_fetch_and_add(&counters.vmalloc_entered, 1);
	bpf_map_update_elem(&vmalloc_sizes, &task, &size, BPF_ANY);
	return 0;
}

SEC("kretprobe") int on_vmalloc_return(struct pt_regs *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u64 *size = bpf_map_lookup_elem(&vmalloc_sizes, &task);
	struct allocation a = { .kind = CENSUS_VMALLOC, .key = PT_REGS_RC_CORE(ctx) };

	if (!size)
		return 0;
	__sync_fetch_and_add(&counters.vmalloc_left, 1);
	a.asked = *size;
	a.given = (*size + 4095) & ~4095ULL;
	bpf_map_delete_elem(&vmalloc_sizes, &task);
	allocated(ctx, HOOK_VMALLOC, &a);
	return 0;
}

SEC("fentry/vfree") int on_vfree(__u64 *ctx)
{
	__u64 key = 0;

	bpf_get_func_arg(ctx, 0, &key);
	object_freed(key);
	return 0;
}

SEC("fentry/vfree_atomic") int on_vfree_atomic(__u64 *ctx)
{
	__u64 key = 0;

	bpf_get_func_arg(ctx, 0, &key);
	object_freed(key);
	return 0;
}

SEC("fexit/dma_alloc_attrs") int on_dma_alloc(__u64 *ctx)
{
	struct allocation a = { .kind = CENSUS_DMA };

	if (!watched_size)
		return 0;
	bpf_get_func_arg(ctx, 1, &a.asked);
	bpf_get_func_ret(ctx, &a.key);
	a.given = (a.asked + 4095) & ~4095ULL;
	allocated(ctx, HOOK_DMA, &a);
	return 0;
}

SEC("fentry/dma_free_attrs") int on_dma_free(__u64 *ctx)
{
	__u64 key = 0;

	bpf_get_func_arg(ctx, 2, &key);
	object_freed(key);
	return 0;
}

/* The span of all that is watched and open now. */
static __always_inline void update_watched(void)
{
	__u64 low = ~0ULL, high = 0;

	for (__u32 i = 0; i < slot_count && i < CENSUS_SLOTS; i++) {
		struct census_slot *slot = &slots[i];

		if (slot->core_size) {
			low = slot->core_low < low ? slot->core_low : low;
			high = slot->core_low + slot->core_size > high
				       ? slot->core_low + slot->core_size
				       : high;
		}
		if (slot->init_size) {
			low = slot->init_low < low ? slot->init_low : low;
			high = slot->init_low + slot->init_size > high
				       ? slot->init_low + slot->init_size
				       : high;
		}
	}
	watched_size = 0;
	watched_low = low;
	watched_size = high ? high - low : 0;
}

struct copy_sections {
	struct module_sect_attrs *from;
	__u32 first, count;
};

static long copy_section(__u32 index, void *data)
{
	struct copy_sections *copy = data;
	__u32 key = copy->first + index;
	struct census_section *section = bpf_map_lookup_elem(&sections, &key);
	struct module_sect_attr *attr;

	if (!section || index >= copy->count)
		return 1;
	attr = (void *)copy->from +
	       bpf_core_field_offset(struct module_sect_attrs, attrs) +
	       index * bpf_core_type_size(struct module_sect_attr);
	section->address = BPF_CORE_READ(attr, address);
	bpf_probe_read_kernel_str(section->name, sizeof(section->name),
				  BPF_CORE_READ(attr, battr.attr.name));
	return 0;
}

/* Where each section is, while the sections of init are still there. */
static __always_inline void keep_sections(struct module *module, __u32 index,
					  struct census_slot *slot)
{
	struct copy_sections copy = { .first = index * CENSUS_SECTIONS };
	struct module_sect_attrs *from = BPF_CORE_READ(module, sect_attrs);

	if (!bpf_core_field_exists(struct module_sect_attrs, nsections) ||
	    !bpf_core_type_exists(struct module_sect_attr))
		return;
	copy.from = from;
	if (!from)
		return;
	copy.count = BPF_CORE_READ(from, nsections);
	if (copy.count > CENSUS_SECTIONS)
		copy.count = CENSUS_SECTIONS;
	bpf_loop(copy.count, copy_section, &copy, 0);
	slot->sections = copy.count;
}

/* Not inlined: where there is no such field, no access to it may be moved up. */
static __noinline int keep_memory(struct module *module, struct census_slot *slot)
{
	for (int i = 0; i < 7; i++) {
		struct module_memory *region =
			(void *)module +
			bpf_core_field_offset(struct module___memory, mem) +
			i * bpf_core_type_size(struct module_memory);

		slot->base[i] = (__u64)BPF_CORE_READ(region, base);
		slot->size[i] = BPF_CORE_READ(region, size);
	}
	slot->core_size = slot->size[CENSUS_TEXT];
	slot->init_size = slot->size[CENSUS_INIT_TEXT];
	return 0;
}

static __noinline int keep_layout(struct module___layout *module,
				  struct census_slot *slot)
{
	slot->base[CENSUS_TEXT] = (__u64)BPF_CORE_READ(module, core_layout.base);
	slot->size[CENSUS_TEXT] = BPF_CORE_READ(module, core_layout.size);
	slot->base[CENSUS_INIT_TEXT] = (__u64)BPF_CORE_READ(module, init_layout.base);
	slot->size[CENSUS_INIT_TEXT] = BPF_CORE_READ(module, init_layout.size);
	slot->core_size = BPF_CORE_READ(module, core_layout.text_size);
	slot->init_size = BPF_CORE_READ(module, init_layout.text_size);
	return 0;
}

static __always_inline void keep_regions(struct module *module, struct census_slot *slot)
{
	if (bpf_core_field_exists(struct module___layout, core_layout))
		keep_layout((void *)module, slot);
	else
		keep_memory(module, slot);
}

static __always_inline bool same_name(const char *name, const volatile char *watched_name)
{
	for (int i = 0; i < CENSUS_NAME; i++) {
		if (name[i] != watched_name[i])
			return false;
		if (!name[i])
			return true;
	}
	return true;
}

SEC("raw_tp/module_load") int on_module_load(struct bpf_raw_tracepoint_args *ctx)
{
	struct module *module = (void *)ARG(0);
	char name[CENSUS_NAME] = { 0 };

	bpf_probe_read_kernel(name, sizeof(name), &module->name);
	for (__u32 i = 0; i < slot_count && i < CENSUS_SLOTS; i++) {
		struct census_slot *slot = &slots[i];
		__u64 core = slot->core_size, init = slot->init_size;

		if (!names[i][0] || !same_name(name, names[i]))
			continue;
		slot->module = (__u64)module;
		core = slot->size[CENSUS_TEXT];
		init = slot->size[CENSUS_INIT_TEXT];
		keep_regions(module, slot);
		slot->core_low = slot->base[CENSUS_TEXT];
		slot->init_low = slot->base[CENSUS_INIT_TEXT];
		if (slot->loads && (core != slot->size[CENSUS_TEXT] ||
				    init != slot->size[CENSUS_INIT_TEXT]))
			slot->changed++;
		slot->loads++;
		all_loads++;
		keep_sections(module, i, slot);
		update_watched();
	}
	return 0;
}

SEC("raw_tp/module_free") int on_module_free(struct bpf_raw_tracepoint_args *ctx)
{
	struct module *module = (void *)ARG(0);
	char name[CENSUS_NAME] = { 0 };

	bpf_probe_read_kernel(name, sizeof(name), &module->name);
	for (__u32 i = 0; i < slot_count && i < CENSUS_SLOTS; i++) {
		struct census_slot *slot = &slots[i];

		if (!names[i][0] || !slot->core_size || !same_name(name, names[i]))
			continue;
		slot->module = 0;
		slot->core_size = slot->init_size = 0;
		slot->unloads++;
		update_watched();
	}
	return 0;
}

/* Run by hand: the kernel's tick, in which ages are counted. */
SEC("raw_tp") int read_clock(void *ctx)
{
	now = bpf_jiffies64();
	return 0;
}
