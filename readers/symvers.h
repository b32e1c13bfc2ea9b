/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module.symvers: what a kernel build exports. One line a symbol, fields between tabs:
 * CRC, symbol, module ("vmlinux" or a path), EXPORT_SYMBOL or EXPORT_SYMBOL_GPL, and
 * (since 5.4) the namespace. Source: scripts/mod/modpost.c, read_dump().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct symvers_entry {
	struct span name, module, space; /* not terminated; space may be empty */
	uint32_t crc;			 /* 0: built without versions */
	bool gpl;
};

struct symvers {
	struct symvers_entry *entries; /* in the file's order */
	size_t count, capacity;
	uint32_t *slots; /* hash table of index + 1 */
	size_t slot_count;
	bool has_crcs; /* any CRC is not 0 */
};

/* The bytes must outlive it. A line that makes no sense is an error with its number. */
struct error *symvers_create(const char *name, struct span bytes, struct symvers **ret);
void symvers_destroy(struct symvers *symvers);
CLEANUP_DEFINE(struct symvers, symvers_destroy)

/* NULL when nothing of that name is exported. */
const struct symvers_entry *symvers_find(const struct symvers *symvers, const char *name);
