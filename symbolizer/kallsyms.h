/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of /proc/kallsyms, packed or not: "ffffffff81000000 T _stext" and "…\t[module]".
 * System.map is of the same form.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct kallsyms;

struct kallsym {
	uint64_t address, size; /* size: up to the next symbol */
	const char *name;
	const char *module; /* NULL: the kernel */
	char type;
	bool nearest; /* the list has exported symbols alone: it may be another's code */
};

struct error *kallsyms_load(const char *path, struct kallsyms **ret);
struct error *kallsyms_parse(const char *text, size_t size, const char *path,
			     struct kallsyms **ret);
void kallsyms_destroy(struct kallsyms *symbols);
CLEANUP_DEFINE(struct kallsyms, kallsyms_destroy)

/* What @address lies in. */
bool kallsyms_at(const struct kallsyms *symbols, uint64_t address, struct kallsym *ret);

/* The first symbol of that name; @module NULL: the kernel's. */
bool kallsyms_find(const struct kallsyms *symbols, const char *name, const char *module,
		   struct kallsym *ret);
