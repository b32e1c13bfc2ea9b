/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building panics: used by the readers of dialects. Ownership is the panic's. */
#pragma once

#include "symbolizer/panic.h"

struct trace_place;

void panic_deinit(struct panic *panic);

/* The new context, or NULL when memory is out or there are absurdly many. */
struct panic_context *panic_add_context(struct panic *panic, const char *name);

/* Replaces a string; false when memory is out. */
bool panic_set(char **field, const char *text, size_t length);

struct error *panic_add_place(struct panic_context *context,
			      const struct trace_place *place, enum frame_kind kind,
			      const char *raw, size_t raw_length);
bool panic_add_register(struct panic *panic, const char *name, size_t length,
			uint64_t value);
struct panic_module *panic_add_module(struct panic *panic, const char *name,
				      size_t length);
bool panic_add_alt(struct panic *panic, const char *title);

struct error *panic_log_add(struct panic_log *log, struct panic *panic);

/* By their place in the log: they are complete in another order. */
void panic_log_sort(struct panic_log *log);

/* Tells the symbolizer of which machine the report is, and what was loaded there. */
struct error *panic_prepare(const struct panic *panic, struct symbolizer *symbolizer);

/* Strict and loose hash from title, function and frames. */
void panic_hash(struct panic *panic);
