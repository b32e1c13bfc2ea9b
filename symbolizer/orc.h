/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ORC: the kernel's own tables of how to get from a place in code to its caller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

enum orc_register {
	ORC_UNDEFINED,
	ORC_PREV_SP,
	ORC_DX,
	ORC_DI,
	ORC_BP,
	ORC_SP,
	ORC_R10,
	ORC_R13,
	ORC_BP_INDIRECT,
	ORC_SP_INDIRECT,
};

enum orc_type { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL, ORC_END, ORC_NONE };

/* How entries are laid out: it changed in Linux 6.3 and 6.4. */
enum orc_layout { ORC_6_0, ORC_6_3, ORC_6_4 };

struct orc_entry {
	int16_t sp_offset, bp_offset;
	enum orc_register sp, bp;
	enum orc_type type;
};

struct orc_table {
	struct span places;  /* .orc_unwind_ip: 32 bits each, from where they stand */
	struct span entries; /* .orc_unwind: 6 bytes each */
	uint64_t base;	     /* the address of places */
	enum orc_layout layout;
};

/* By the kernel's release, as "6.1.0-56-cloud-amd64". */
enum orc_layout orc_layout_of(const char *release);

/* The entry for @address; false where the table has none. */
bool orc_find(const struct orc_table *table, uint64_t address, struct orc_entry *ret);
