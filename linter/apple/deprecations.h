/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel headers of a macOS SDK say of deprecation: it stands in attributes
 * (availability macros, __kpi_deprecated, …), which export lists do not have. Read by
 * libclang, as a C++ unit that includes every header which speaks of deprecation.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct arena;
struct error;

struct deprecation {
	const char *symbol;	   /* as in a symbol table: "_func", "__ZN…" */
	const char *message;	   /* the header's, or "" */
	const char *header;	   /* below the folder of headers */
	unsigned int major, minor; /* of macOS; 0: always */
};

struct deprecations {
	struct arena *arena;
	struct deprecation *items; /* sorted by symbol */
	size_t count, capacity;
	size_t headers; /* that speak of deprecation */
	size_t errors;	/* of the compiler; what stands behind one may be missed */
};

struct error *deprecations_read(const char *sdk, struct deprecations **ret);
void deprecations_destroy(struct deprecations *deprecations);
CLEANUP_DEFINE(struct deprecations, deprecations_destroy)

/* NULL when @symbol is not deprecated. */
const struct deprecation *deprecations_find(const struct deprecations *deprecations,
					    const char *symbol);
