/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One place in code on a stack, as every tool reports it. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct error;

enum frame_kind {
	FRAME_EXACT,   /* the address is the instruction itself */
	FRAME_RETURN,  /* a return address: looked up one byte before */
	FRAME_GUESSED, /* found by scanning, or marked unreliable by its source */
	FRAME_INLINE,  /* inlined into the frame after it; shares its address */
};

/* Strings may be NULL, numbers 0, where unknown. Nothing is owned unless copied. */
struct frame {
	const char *raw; /* as the source wrote it */
	uint64_t address;
	enum frame_kind kind;
	const char *function;
	uint64_t offset; /* from the function's start */
	uint64_t size;	 /* of the function */
	const char *module;
	const char *build_id;
	const char *file;
	unsigned int line, column;
	const char *source;	/* the text of that line */
	const char *confidence; /* "", "symbol only", "nearest exported", … */
};

const char *frame_kind_name(enum frame_kind kind);

/* Deep copy into @ret; undone by frame_deinit(). */
struct error *frame_copy(const struct frame *frame, struct frame *ret);
void frame_deinit(struct frame *frame);

/* JSON of one frame (schema: docs/schema/report.schema.json#/$defs/frame). */
struct error *frame_to_json(const struct frame *frame, json_t **ret);

/* Borrows its strings from @json. */
void frame_from_json(const json_t *json, struct frame *ret);
