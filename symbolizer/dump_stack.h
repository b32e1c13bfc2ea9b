/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks in the memory of a dumped x86-64 kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/frame.h"
#include "symbolizer/dump_notes.h"
#include "symbolizer/orc.h"

enum { DUMP_FRAMES = 256, DUMP_TABLES = 256 };

/* Reads kernel memory by its virtual address; false where it is not in the dump. */
typedef bool dump_read(void *context, uint64_t address, void *ret, size_t size);

struct dump_memory {
	dump_read *read;
	void *context;
	struct orc_table tables[DUMP_TABLES]; /* the kernel's first, then modules' */
	struct {
		uint64_t start, end;
	} ranges[DUMP_TABLES]; /* of code that each table is about */
	size_t table_count;
};

struct dump_frame {
	uint64_t address;
	enum frame_kind kind; /* FRAME_EXACT: the first, and those that a trap saved */
};

/* What a trap saved on the stack. */
struct dump_trap {
	uint64_t registers[DUMP_REGISTERS];
	size_t frame; /* its number */
};

struct dump_stack {
	struct dump_frame frames[DUMP_FRAMES];
	size_t count;
	struct dump_trap traps[4];
	size_t trap_count;
};

/*
 * Walks by ORC where a table knows the place; elsewhere by the frame pointer where it is
 * proved to be one. Else it searches the stack for what follows a call in code: such
 * frames are FRAME_GUESSED.
 */
void dump_walk(const struct dump_memory *memory, const struct dump_cpu *cpu,
	       struct dump_stack *ret);
