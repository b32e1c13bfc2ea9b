/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernel memory can be counted. The census is the best; the others serve where it
 * is not to be had. Adding one: one C file in leakwatch/sources/ that ends with a
 * descriptor and REGISTER(memory_source, …), and its line in the ninja part.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/registry.h"
#include "common/span.h"

struct error;

/* Memory that a source attributes to a place, or the value of a counter. */
struct source_value {
	char *place; /* "refdrv_open [refdrv]", "drivers/foo.c:12 foo_open", "SUnreclaim"
		      */
	uint64_t bytes, objects;
};

struct source_sample {
	struct source_value *items; /* by place, each once */
	size_t count, capacity;
};

void source_sample_deinit(struct source_sample *sample);
#define _sample_ __attribute__((cleanup(source_sample_deinit)))

/* Adds to the place's value. */
struct error *source_sample_add(struct source_sample *sample, const char *place,
				uint64_t bytes, uint64_t objects);
const struct source_value *source_sample_find(const struct source_sample *sample,
					      const char *place);

struct memory_source {
	const char *name;
	unsigned int tier; /* 0 is best */
	const char *summary, *proves;
	bool names_places; /* a difference is the driver's own; else statistics decide */

	/*
	 * NULL when this kernel, below @root ("" or the folder of a recorded /proc and
	 * /sys), offers it; else ERROR_MISSING with what is lacking.
	 */
	struct error *(*available)(const char *root);

	/*
	 * What is allocated now: places of @modules (NULL at the end), or counters of
	 * the whole kernel. NULL: the source is no file (the census).
	 */
	struct error *(*read)(const char *root, const char *const *modules,
			      struct source_sample *ret);
};

REGISTRY(memory_source);

const struct memory_source *source_find(const char *name);

/* All sources, best first; @ret holds as many as fit and the count is returned. */
size_t source_list(const struct memory_source **ret, size_t room);

/* For the parsers: the next line of @text from *@position on; false at the end. */
bool source_line(struct span text, size_t *position, char *line, size_t size);

/* Whether "… [name] …" in @text names one of @modules, as the kernel writes symbols. */
bool source_names_module(const char *text, const char *const *modules);

/* A text file below @root. */
struct error *source_read_text(const char *root, const char *path, char **ret);
/* The whole of a file below @root, through one of the parsers below. */
struct error *source_read_parsed(const char *root, const char *path,
				 struct error *(*parse)(struct span, const char *const *,
							struct source_sample *),
				 const char *const *modules, struct source_sample *ret);
struct error *source_file_available(const char *root, const char *path,
				    const char *lacking);

/* The parsers, one for each format that the kernel writes. */

#define SOURCE_PARSER(name)                                                             \
	struct error *source_parse_##name(struct span text, const char *const *modules, \
					  struct source_sample *ret)
SOURCE_PARSER(allocinfo);
SOURCE_PARSER(kmemleak);
SOURCE_PARSER(vmallocinfo);
SOURCE_PARSER(slabinfo);
SOURCE_PARSER(meminfo);

/* @object_size: bytes of an object of the cache whose traces these are. */
struct error *source_parse_traces(struct span text, uint64_t object_size,
				  const char *const *modules, struct source_sample *ret);
