/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's symbols (/proc/kallsyms), by address and by name. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct kallsyms;

/* Text symbols of the kernel itself; modules are left out. */
struct error *kallsyms_parse(struct span text, struct kallsyms **ret);

/* Fails with ERROR_MISSING when addresses are hidden from this user. */
struct error *kallsyms_create(struct kallsyms **ret);
void kallsyms_destroy(struct kallsyms *symbols);
CLEANUP_DEFINE(struct kallsyms, kallsyms_destroy)

/* The symbol that holds @address, with the offset into it; NULL when none does. */
const char *kallsyms_find(const struct kallsyms *symbols, uint64_t address,
			  uint64_t *offset);

/* Bounds of @name (up to the next symbol); false when there is no such text symbol. */
bool kallsyms_range(const struct kallsyms *symbols, const char *name, uint64_t *low,
		    uint64_t *high);
