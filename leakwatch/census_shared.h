/* SPDX-License-Identifier: GPL-2.0-only */
/* What the BPF programs and the program that loads them agree upon. */
#pragma once

enum {
	CENSUS_DEPTH = 40,    /* frames kept of a stack */
	CENSUS_SLOTS = 8,     /* watched modules and ranges */
	CENSUS_OWNERS = 16,   /* allocators that allocate for themselves */
	CENSUS_NAME = 56,     /* MODULE_NAME_LEN */
	CENSUS_SECTIONS = 64, /* kept of a module */
	CENSUS_SECTION_NAME = 40,
	CENSUS_CACHE_NAME = 32,
	CENSUS_SITES = 8192,
	CENSUS_TRAMPOLINES = 2,
	CENSUS_FILTER = 65536, /* counters of the filter before the table of objects */
	CENSUS_LIFETIMES = 24, /* powers of two of a tick */
	CENSUS_REGIONS = 8,
	CENSUS_TOLD = 40,  /* caches whose objects are told by name */
	CENSUS_CPUS = 256, /* beyond that, CPUs share marks */
};

/* FNV-1a of a cache's name. */
#define CENSUS_HASH_START  0xcbf29ce484222325ULL
#define CENSUS_HASH_FACTOR 0x100000001b3ULL

/* Tracepoints with two programs. */
enum census_pair {
	CENSUS_PAIR_KMALLOC,
	CENSUS_PAIR_CACHE,
	CENSUS_PAIR_PAGE,
	CENSUS_PAIR_KFREE,
	CENSUS_PAIR_CACHE_FREE,
	CENSUS_PAIR_PAGE_FREE,
	CENSUS_PAIRS,
};

enum census_kind {
	CENSUS_KMALLOC = 1,
	CENSUS_CACHE,
	CENSUS_PAGE,
	CENSUS_VMALLOC,
	CENSUS_PERCPU,
	CENSUS_DMA,
};

/* The first address of a site of class CENSUS_PROCESS: what its object is; the second is
 * the process's number. */
enum census_process {
	CENSUS_PROCESS_TASK = 1, /* struct task_struct */
	CENSUS_PROCESS_PID,	 /* struct pid */
};

enum census_class {
	CENSUS_DRIVER = 1, /* a frame of a watched module is on the stack */
	CENSUS_OPERATION,  /* the worker, in the kernel, without such a frame */
	CENSUS_PROCESS,	   /* what stands for the worker itself in the kernel */
};

/*
 * Frames of watched code are kept relative to it, so that they are equal for all loads:
 * tag, slot, region, offset. All other frames are kernel addresses as they are.
 */
#define CENSUS_TAG	     0x0001000000000000ULL
#define CENSUS_TAG_OF(ip)    ((ip) >> 48)
#define CENSUS_SLOT_OF(ip)   (((ip) >> 40) & 0xff)
#define CENSUS_REGION_OF(ip) (((ip) >> 36) & 0xf)
#define CENSUS_OFFSET_OF(ip) ((ip)&0xfffffffffULL)

/* Numbers of enum mod_mem_type; older kernels have text and init text alone. */
enum census_region {
	CENSUS_TEXT = 0,
	CENSUS_INIT_TEXT = 4,
};

struct census_slot {
	unsigned long long module; /* struct module; 0: not loaded, or no module */
	unsigned long long base[CENSUS_REGIONS]; /* of the last load */
	unsigned long long size[CENSUS_REGIONS]; /* all of the region */
	unsigned long long core_low, core_size;	 /* text that runs; size 0: closed */
	unsigned long long init_low, init_size;
	unsigned long long loads, unloads;
	unsigned long long changed; /* loads of another build than the first */
	unsigned int sections;
	unsigned int always; /* range of the kernel itself: never closed */
};

struct census_section {
	unsigned long long address;
	char name[CENSUS_SECTION_NAME];
};

struct census_owner {
	unsigned long long low, size;
	unsigned int exempt; /* the kind that this allocator reports itself */
	unsigned int unused;
};

/* One place that allocates: a stack, an allocator, a cache. */
struct census_site {
	unsigned long long ip[CENSUS_DEPTH]; /* innermost first, 0 after the last */
	unsigned long long allocated, freed; /* objects */
	unsigned long long bytes_asked, bytes_given; /* of all allocated */
	long long alive, alive_given;		     /* objects, bytes given */
	long long alive_most, given_most;
	unsigned int lifetime[CENSUS_LIFETIMES]; /* of freed objects, log2 ticks */
	unsigned int kind, class;
	unsigned int smallest, largest; /* bytes asked */
	char cache[CENSUS_CACHE_NAME];
};

/* One object that is alive. */
struct census_object {
	unsigned long long site; /* number of its struct census_site */
	unsigned long long pass;
	unsigned long long born;    /* ticks */
	unsigned long long ordinal; /* among all that its site allocated, from 0 */
	unsigned long long asked, given;
};

/* What the driver has now, and the bounds since they were last set to it. */
struct census_live {
	long long objects, bytes; /* as given */
	long long least, most;	  /* bytes */
};

struct census_counters {
	unsigned long long allocations, frees; /* recorded */
	unsigned long long objects_lost;       /* no room in the table of objects */
	unsigned long long sites_lost;	       /* no room in the table of sites */
	unsigned long long stacks_lost;	       /* could not be walked */
	unsigned long long stale; /* given out again, their free was not seen */
	unsigned long long vmalloc_entered, vmalloc_left;
	unsigned long long walks; /* of stacks that were not known yet */
	unsigned long long worker_allocations;
};
