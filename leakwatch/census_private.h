/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by census.c (programs) and census_document.c (what they saw). */
#pragma once

#include "leakwatch/census.h"
#include "leakwatch/census_shared.h"
#include "leakwatch/growth.h"
#include "leakwatch/kernel_symbols.h"

struct bpf_link;
struct census_bpf;

struct census_hook {
	const char *name;   /* what the document calls it */
	const char *covers; /* what is not seen without it */
	bool attached;
	char why[320]; /* it is not */
	uint64_t misses_before, recovered_before;
};

enum { CENSUS_MAX_HOOKS = 24 };

/* Passes @first + 1 to @last, of which those to @half are the first half; 0: not known.
 */
struct census_leg {
	uint64_t first, half, last;
};

struct census {
	struct census_bpf *bpf;
	const struct census_site *sites; /* mapped */
	struct bpf_link *links[2 * CENSUS_MAX_HOOKS];
	size_t link_count;
	struct kernel_symbols *symbols;
	struct census_hook hooks[CENSUS_MAX_HOOKS];
	size_t hook_count;
	char names[CENSUS_SLOTS][CENSUS_NAME];
	bool is_range[CENSUS_SLOTS];
	bool loaded_before[CENSUS_SLOTS]; /* already there when the census began */
	uint64_t references_before[CENSUS_SLOTS];
	size_t slot_count;
	uint32_t objects;
	uint64_t marked_pass, *marked_sites; /* pairs: key, alive */
	size_t marked_count;
	bool marked;
	struct census_leg *legs; /* the last one is running */
	size_t leg_count, leg_capacity;
	uint64_t begun_ns;     /* CLOCK_MONOTONIC */
	uint64_t wired_before; /* bytes that the whole kernel held; 0: not known */
	struct growth growth;
};

/* The running leg ends with the pass that runs now, until another does. */
void census_end_leg(struct census *census);

/* Ticks since boot, and how long one is. */
uint64_t census_now(struct census *census);
uint64_t census_tick_ns(void);

struct census_live *census_live(struct census *census);

/* Whole kernel: memory that nothing can take back; 0: not known. */
uint64_t census_wired(void);

struct census_slot *census_slots(struct census *census);
const struct census_counters *census_counters(const struct census *census);
/* Events that nobody handled: of one hook, of all; and what its twin took over. */
uint64_t census_hook_misses(const struct census *census, size_t hook);
uint64_t census_hook_recovered(const struct census *census, size_t hook);
uint64_t census_recursion_misses(const struct census *census);

/* All sites or objects, keys apart; owned by the caller. */
struct error *census_read_sites(struct census *census, uint64_t **keys,
				struct census_site **sites, size_t *count);
struct error *census_read_objects(struct census *census, uint64_t **keys,
				  struct census_object **objects, size_t *count);
struct error *census_read_section(struct census *census, size_t slot, size_t index,
				  struct census_section *ret);
