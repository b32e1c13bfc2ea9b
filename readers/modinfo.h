/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The .modinfo section: "key=value" strings, each terminated, padding between them.
 * Source of the format: include/linux/moduleparam.h, __MODULE_INFO().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/span.h"

struct error;

struct modinfo_field {
	const char *key; /* not terminated: key_length */
	size_t key_length;
	const char *value; /* terminated; points into the section */
};

struct modinfo {
	struct modinfo_field *fields; /* in the section's order */
	size_t count, capacity;
	size_t malformed; /* strings without "=", and a last one without terminator */
};

/* The values point into @section, which must outlive the model. */
struct error *modinfo_init(struct modinfo *info, struct span section);
void modinfo_deinit(struct modinfo *info);

/* The first value of @key, or NULL. */
const char *modinfo_get(const struct modinfo *info, const char *key);

/*
 * The next value of @key at or after *@at, which is moved behind it; NULL at the end.
 *	for (size_t at = 0; (value = modinfo_next(info, "alias", &at));)
 */
const char *modinfo_next(const struct modinfo *info, const char *key, size_t *at);
