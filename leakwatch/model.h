/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A census document (docs/leakwatch.md) as a typed model. Strings are the document's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct error;

struct census_frame {
	uint64_t address;
	const char *module; /* NULL: the kernel itself */
	const char *region; /* "text", "init" */
	const char *symbol; /* of the kernel; NULL for module frames */
	uint64_t offset;    /* from the symbol, or from the module's region */
};

struct site {
	const char *kind;  /* "kmalloc", "cache", "page", "vmalloc", "percpu", "dma" */
	const char *cache; /* slab cache, or NULL */
	bool driver;	   /* the driver is on the stack; else: the worker's operation */
	bool process;	   /* it stands for the worker itself, which has ended */
	uint64_t allocated, freed, bytes_asked, bytes_given; /* all that ever were */
	uint64_t alive_most, given_most, smallest, largest;
	uint64_t alive, alive_asked, alive_given;
	uint64_t passes, first_pass, last_pass; /* in which what is alive was made */
	const json_t *pass_ranges;		/* [[from, to], …], or NULL */
	uint64_t first_ordinal;			/* of the oldest alive, from 0 */
	uint64_t oldest_ns, youngest_ns;
	uint64_t alive_at_mark;
	uint64_t alive_late;	 /* not made in the first half of a leg */
	const json_t *lifetimes; /* freed objects by log2 of ticks they lived */
	struct census_frame *frames;
	size_t frame_count;
};

struct census_module {
	const char *name;
	bool range, loaded_before, loaded;
	uint64_t references_before, references; /* to the module, while it is loaded */
	uint64_t loads, unloads, changed, base, size;
	const json_t *regions, *sections;
};

struct census_model {
	const char *release;
	uint64_t passes; /* 0: nobody counted them, loads are the passes */
	uint64_t tick_ns, mark;
	bool marked;
	bool moved;  /* a module came or went while the tables were read */
	bool halved; /* it says of each leg which half is which */
	struct census_module *modules;
	size_t module_count;
	struct site *sites;
	size_t site_count;
	uint64_t wired_before; /* bytes of the whole kernel; 0: not known */
	const json_t *growth;  /* [ns, pass, least, most, wired] each, or NULL */
	const json_t *hooks, *loss;
	uint64_t lost;
};

/* A content error names the JSON pointer. @json must outlive the model. */
struct error *census_model_create(const json_t *json, struct census_model **ret);
void census_model_destroy(struct census_model *model);
CLEANUP_DEFINE(struct census_model, census_model_destroy)
