/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a module costs in wired memory. The kernel lays allocated sections out by what
 * may be done with them (run, read, write after init, write) and rounds each group up to
 * whole pages, for the part that stays and the part that goes after init apart. Source:
 * kernel/module/main.c, layout_sections().
 */
#pragma once

#include <stdint.h>

struct elf;

struct footprint {
	uint64_t core, init;		 /* rounded */
	uint64_t core_exact, init_exact; /* as the sections are */
};

void footprint_measure(const struct elf *elf, uint64_t page, struct footprint *ret);
