/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is still alive, one entry for each place in the driver that allocated it. */
#pragma once

#include "leakwatch/model.h"
#include "symbolizer/assigned.h"
#include "symbolizer/symbolizer.h"

struct leak_options;
struct strbuf;

enum leak_class {
	LEAK_GROWS,	  /* more is left with the passes */
	LEAK_ONCE,	  /* left behind once; it does not grow */
	LEAK_OUTSTANDING, /* the youngest alone: handed on, its new owner frees in order
			   */
	LEAK_KEPT,	  /* by the kernel for all, or by a module that is still there */
	LEAK_FOLLOWS,	  /* alive only because another leak is */
};

/* What one allocator gave to one place. */
struct leak_part {
	const char *kind, *cache; /* cache may be NULL */
	uint64_t objects, asked, given, passes;
};

struct leak {
	enum leak_class class;
	const struct site *site; /* that holds most */
	const char *why;	 /* of LEAK_KEPT and LEAK_FOLLOWS */
	bool driver;
	const char *object; /* "struct file": what people call it, or NULL */
	bool referenced;    /* it lives by references, one of which was not given back */
	struct leak_part *parts;
	size_t part_count, part_capacity;
	uint64_t objects, asked, given, passes, first_pass, last_pass, oldest_ns;
	bool tail;     /* nothing younger was freed */
	bool settling; /* the kernel takes its time to free it */
	uint64_t at_mark, late;
	struct frames frames;	  /* resolved, from the driver's frame outwards first */
	size_t driver_frame;	  /* index into frames of the innermost of the driver */
	struct assigned assigned; /* what the driver made of it */
};

struct leaks {
	struct leak *items;
	size_t count, capacity;
};

void leaks_deinit(struct leaks *leaks);
#define _leaks_ __attribute__((cleanup(leaks_deinit)))

/* Gathers, resolves, sorts (most bytes first) and classifies. */
struct error *leaks_find(const struct census_model *model,
			 const struct leak_options *options, struct leaks *ret);

const char *leak_class_name(enum leak_class class);

/* "kmalloc", "cache leaky_objects", "struct file (cache filp)" … */
void leak_part_describe(const struct leak_part *part, struct strbuf *out);
