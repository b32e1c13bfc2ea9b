/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ELF file of QEMU's dump-guest-memory says of CPUs and kernel. x86-64. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"

enum { DUMP_CPUS = 512 };

enum dump_register {
	DUMP_RAX,
	DUMP_RBX,
	DUMP_RCX,
	DUMP_RDX,
	DUMP_RSI,
	DUMP_RDI,
	DUMP_RSP,
	DUMP_RBP,
	DUMP_R8,
	DUMP_R9,
	DUMP_R10,
	DUMP_R11,
	DUMP_R12,
	DUMP_R13,
	DUMP_R14,
	DUMP_R15,
	DUMP_RIP,
	DUMP_RFLAGS,
	DUMP_REGISTERS,
};

struct dump_cpu {
	uint64_t registers[DUMP_REGISTERS];
	uint64_t code_segment;
	uint64_t cr2, cr3, cr4;
};

struct dump_notes {
	struct dump_cpu cpus[DUMP_CPUS];
	unsigned int cpu_count;
	char release[80], build_id[64]; /* of the kernel's crash notes; "" without */
	uint64_t kernel_offset;
	bool kernel_offset_known;
};

extern const char *const dump_register_names[DUMP_REGISTERS];

/* Whether it is an ELF core file at all. */
bool dump_is_core(struct span file);

/* Fails where the file is no dump of QEMU's, or of another machine than x86-64. */
struct error *dump_read_notes(struct span file, const char *path, struct dump_notes *ret);
