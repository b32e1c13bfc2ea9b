/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Census frames to report frames, init code included. */
#pragma once

#include "leakwatch/model.h"
#include "symbolizer/assigned.h"
#include "symbolizer/symbolizer.h"

struct leak_options;
struct leak_symbols;

struct error *leak_symbols_create(const struct census_model *model,
				  const struct leak_options *options,
				  struct leak_symbols **ret);
void leak_symbols_destroy(struct leak_symbols *symbols);
CLEANUP_DEFINE(struct leak_symbols, leak_symbols_destroy)

/*
 * The stack of @site; @driver is the index of the innermost frame of watched code, or
 * 0 when there is none.
 */
struct error *leak_symbols_resolve(struct leak_symbols *symbols, const struct site *site,
				   struct frames *ret, size_t *driver);

/* What was looked for and not found, as symbolizer_searched(). */
struct error *leak_symbols_searched(const struct leak_symbols *symbols, json_t **ret);

/* What the allocation of @site became in the driver; empty where nothing tells. */
struct error *leak_symbols_assigned(struct leak_symbols *symbols, const struct site *site,
				    struct assigned *ret);
