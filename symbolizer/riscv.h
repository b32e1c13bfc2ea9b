/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of RISC-V as far as a fault's reading needs them: loads and stores, atomic
 * ones and compressed ones included, and what traps. (The RISC-V Instruction Set Manual,
 * volume I, 2.2 to 2.6, 8, 16, 24.) The disassembler library of Debian 12 knows no
 * RISC-V.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct riscv_insn {
	unsigned int length; /* 2 or 4 bytes */
	char text[48];	     /* "ld a5, 8(a0)"; ".4byte 0x…" for what is not known */
	const char *base;    /* the address register of a load or store, or NULL */
	int64_t displacement;
	unsigned int size; /* bytes that are read or written */
	bool write, trap;
};

/* False when the bytes end within an instruction. */
bool riscv_decode(const uint8_t *bytes, size_t size, struct riscv_insn *ret);
