/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver depends on and what it offers, as one JSON document:
 *
 *	{"schema": "bookend-extract/1", "drivers": [DRIVER…]}
 *
 * Every DRIVER has "kind" ("ko", "kext", "dkms", "package"), "path", "name", and where
 * they apply "version", "imports" ([{"symbol", …}]) and "exports"; the rest is the
 * kind's own. An extractor is one file that ends with a descriptor and
 * REGISTER(extractor, …).
 */
#pragma once

#include <jansson.h>

#include "common/options.h"
#include "common/registry.h"

struct bundle;
struct error;
struct linux_targets;
struct strbuf;
struct style;

struct extraction {
	const struct string_list *targets;	   /* --target, as given */
	const struct linux_targets *linux_targets; /* those of Linux, opened */
	json_t *drivers;			   /* array, to append to */
	json_t *not_read;			   /* array of {"path", "why"} */
};

struct extractor {
	const char *name; /* the kind */
	struct error *(*extract)(struct extraction *extraction,
				 const struct bundle *bundle);
};
REGISTRY(extractor);

struct error *extraction_init(struct extraction *extraction);
void extraction_deinit(struct extraction *extraction);

/* Opens @path: a driver, package, folder, or a document that was extracted before. */
struct error *extraction_add(struct extraction *extraction, const char *path);
struct error *extraction_not_read(struct extraction *extraction, const char *path,
				  const char *why);

/* The whole document; drivers sorted by path. */
struct error *extraction_to_json(const struct extraction *extraction, json_t **ret);

/* For people: any DRIVER, whatever it holds. */
void extraction_print(const json_t *drivers, const struct style *style,
		      struct strbuf *out);

/* The drivers that import @symbol, as an array of {"path", "name", "version", …}. */
struct error *extraction_who_uses(const struct extraction *extraction, const char *symbol,
				  json_t **ret);
