/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's symbols (/proc/kallsyms), by address and by name. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct kernel_symbols;

/* Text symbols of the kernel itself; modules are left out. */
struct error *kernel_symbols_parse(struct span text, struct kernel_symbols **ret);

/* Fails with ERROR_MISSING when addresses are hidden from this user. */
struct error *kernel_symbols_create(struct kernel_symbols **ret);
void kernel_symbols_destroy(struct kernel_symbols *symbols);
CLEANUP_DEFINE(struct kernel_symbols, kernel_symbols_destroy)

/* The symbol that holds @address, with the offset into it; NULL when none does. */
const char *kernel_symbols_find(const struct kernel_symbols *symbols, uint64_t address,
				uint64_t *offset);

/* Bounds of @name (up to the next symbol); false when there is no such text symbol. */
bool kernel_symbols_range(const struct kernel_symbols *symbols, const char *name,
			  uint64_t *low, uint64_t *high);
