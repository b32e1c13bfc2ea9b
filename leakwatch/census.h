/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census: every allocation made with a driver on the stack, matched with its free
 * by whoever frees it. This is the end that runs beside the driver, on the machine under
 * test, as root; verdict.h turns its document into findings on the other end.
 *
 *	census_create(&options, &census);            before the first load
 *	census_watch_worker(census, worker);         whose operations are cycled
 *	per cycle, in any process forked after census_create(): census_tick(pass counter)
 *	census_settle(census);                       after the last bookend closed
 *	census_collect(census, &json);
 *
 * The cycling process must not be the one that owns the census, else the tool's own
 * memory would be counted.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

struct census;

/* Code that is watched although it is no module: a range of the running kernel. */
struct census_range {
	const char *name;
	const char *first; /* symbols of /proc/kallsyms; the range ends where last ends */
	const char *last;  /* NULL: first alone */
};

struct census_options {
	/* Names of modules ('-' and '_' are the same), loaded already or not. */
	const char *const *modules;
	size_t module_count;
	const struct census_range *ranges;
	size_t range_count;
	uint32_t objects;    /* that can be alive at once; 0: 262 144 */
	bool call_site_only; /* cheaper: no stacks, sees direct calls of the driver only
			      */
};

enum { CENSUS_MAX_MODULES = 8 };

/*
 * Loads and attaches the programs. Fails with ERROR_MISSING when this kernel or this
 * user cannot (no BTF, no CAP_BPF, lockdown); one missing hook is no error, it is named
 * in the document and lowers what can be claimed.
 */
struct error *census_create(const struct census_options *options, struct census **ret);
void census_destroy(struct census *census);
CLEANUP_DEFINE(struct census, census_destroy)

/* The process (thread group) that cycles, whose operations count as the driver's. */
void census_watch_worker(struct census *census, pid_t worker);

/*
 * The number of the running pass, in memory shared with processes forked after
 * census_create(). Whoever cycles counts it up before each pass: the census then knows
 * in which passes an object was left behind. Untouched, loads are the generations.
 */
uint64_t *census_pass(struct census *census);

static inline void census_tick(uint64_t *pass)
{
	__atomic_fetch_add(pass, 1, __ATOMIC_RELAXED);
}

/*
 * Bytes of the driver that are allocated now, in memory shared with processes forked
 * after census_create(): what a step costs is the difference.
 */
const int64_t *census_bytes(struct census *census);

/*
 * Notes how much is allocated, for the plot of its growth. May be called as often as one
 * likes: a call costs the reading of /proc/meminfo.
 */
void census_sample(struct census *census);

struct census_state {
	uint64_t loads, unloads; /* of all watched modules, since census_create() */
	uint64_t passes;	 /* the pass counter */
	uint64_t alive;		 /* objects of the driver not freed yet */
	uint64_t alive_bytes;
	uint64_t held; /* objects of the worker's operations that go with their process */
	bool open;     /* any watched code is there now */
	uint64_t lost; /* events that were not recorded: 0 in a complete census */
};

/* Cheap; for live views and for asking in between. */
struct error *census_state(struct census *census, struct census_state *ret);

/*
 * Lets the kernel finish what it postponed: grace periods, kfree_rcu batches, caches.
 * Returns as soon as nothing is alive, or nothing changes any more for half a second, at
 * the latest after @limit_ns (0: ten seconds). Writes to /proc/sys/vm/drop_caches.
 */
struct error *census_settle(struct census *census, uint64_t limit_ns);

/* Mark for N against 2N: what is alive now and what comes later are told apart. */
void census_mark(struct census *census);

/*
 * A leg of passes begins. Whoever runs them sets *census_half() to the pass that ends the
 * leg's first half, in memory shared as census_pass() is: what was left in first halves
 * alone was kept once, and does not grow.
 */
struct error *census_leg(struct census *census);
uint64_t *census_half(struct census *census);

/*
 * The document (docs/leakwatch.md, "bookend-census/1"). May be called more than once;
 * the census goes on.
 */
struct error *census_collect(struct census *census, json_t **ret);
