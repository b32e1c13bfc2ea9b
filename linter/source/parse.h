/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units of source, read by libclang: the only place that knows it. */
#pragma once

#include "linter/source/model.h"

struct parse_request {
	const struct unit_command *command;
	const char *directory; /* to run in: command->directory or what was found */
	const char *file;      /* absolute path */
	const char *path;      /* as findings name it */
	const char *target;    /* NULL: its own build */
	bool primary;
	const char *const *extra; /* further arguments (-I, -isysroot), NULL at the end */
};

/*
 * Reads all @requests, several at once where there are processors for it (@threads; 0:
 * as many as there are). Adds a unit for each to @model, in order, and the driver's own
 * files that they use. A unit that does not parse is one with UNIT_FAILED.
 */
struct error *parse_units(struct source_model *model,
			  const struct parse_request *requests, size_t count,
			  unsigned int threads);

/*
 * The driver's file at @disk, made known when it lies below model->root: its index, or
 * UINT32_MAX when it is somebody else's. @member may be NULL.
 */
struct error *model_file(struct source_model *model, const char *disk,
			 const struct member *member, uint32_t *ret);

/* The same without making it known: UINT32_MAX when it is not. */
struct error *model_find_file(const struct source_model *model, const char *disk,
			      uint32_t *ret);

void source_model_deinit(struct source_model *model);
