/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/riscv.h"

#include <stdio.h>

static const char *const registers[32] = {
	"zero", "ra", "sp", "gp", "tp",	 "t0",	"t1", "t2", "s0", "s1", "a0",
	"a1",	"a2", "a3", "a4", "a5",	 "a6",	"a7", "s2", "s3", "s4", "s5",
	"s6",	"s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static uint32_t bits(uint32_t word, int high, int low)
{
	return word >> low & ((UINT32_C(1) << (high - low + 1)) - 1);
}

static int64_t sign_extend(uint32_t value, int width)
{
	uint32_t sign = UINT32_C(1) << (width - 1);

	return (int64_t)(value ^ sign) - (int64_t)sign;
}

static void set_memory(struct riscv_insn *ret, const char *name, uint32_t data,
		       uint32_t base, int64_t displacement, unsigned int size)
{
	ret->base = registers[base];
	ret->displacement = displacement;
	ret->size = size;
	snprintf(ret->text, sizeof(ret->text), "%s %s%s, %lld(%s)", name,
		 name[0] == 'f' ? "f" : "", registers[data], (long long)displacement,
		 registers[base]);
}

/* Names of funct3 of the opcodes LOAD, LOAD-FP, STORE and STORE-FP; NULL: none. */
static const char *const loads[8] = { "lb", "lh", "lw", "ld", "lbu", "lhu", "lwu" };
static const char *const float_loads[8] = { [2] = "flw", "fld" };
static const char *const stores[8] = { "sb", "sh", "sw", "sd" };
static const char *const float_stores[8] = { [2] = "fsw", "fsd" };

static void decode_atomic(uint32_t word, struct riscv_insn *ret)
{
	uint32_t width = bits(word, 14, 12), operation = bits(word, 31, 27);
	const char *kind = operation == 2 ? "lr" : operation == 3 ? "sc" : "amo";

	if (width != 2 && width != 3)
		return;
	ret->base = registers[bits(word, 19, 15)];
	ret->size = 1u << width;
	ret->write = operation != 2;
	snprintf(ret->text, sizeof(ret->text), "%s.%c %s, %s, (%s)", kind,
		 width == 2 ? 'w' : 'd', registers[bits(word, 11, 7)],
		 registers[bits(word, 24, 20)], ret->base);
}

static void decode_long(uint32_t word, struct riscv_insn *ret)
{
	uint32_t opcode = bits(word, 6, 0), kind = bits(word, 14, 12);
	uint32_t source = bits(word, 19, 15);
	const char *name = NULL;

	snprintf(ret->text, sizeof(ret->text), ".4byte 0x%08x", word);
	if (opcode == 0x03 || opcode == 0x07) {
		name = opcode == 0x03 ? loads[kind] : float_loads[kind];
		if (name)
			set_memory(ret, name, bits(word, 11, 7), source,
				   sign_extend(bits(word, 31, 20), 12), 1u << (kind & 3));
	} else if (opcode == 0x23 || opcode == 0x27) {
		name = opcode == 0x23 ? stores[kind] : float_stores[kind];
		if (name)
			set_memory(ret, name, bits(word, 24, 20), source,
				   sign_extend(bits(word, 31, 25) << 5 |
						       bits(word, 11, 7),
					       12),
				   1u << (kind & 3));
		ret->write = name != NULL;
	} else if (opcode == 0x2f) {
		decode_atomic(word, ret);
	} else if (word == 0x00100073) {
		ret->trap = true;
		snprintf(ret->text, sizeof(ret->text), "ebreak");
	}
}

/* Quadrant 0: through a register of x8 to x15. */
static void decode_register_based(uint32_t word, struct riscv_insn *ret)
{
	static const char *const names[8] = {
		[1] = "fld", "lw", "ld", [5] = "fsd", "sw", "sd"
	};
	uint32_t kind = bits(word, 15, 13);
	bool four = kind == 2 || kind == 6;
	uint32_t offset = bits(word, 12, 10) << 3;

	if (!names[kind])
		return;
	offset |= four ? bits(word, 6, 6) << 2 | bits(word, 5, 5) << 6
		       : bits(word, 6, 5) << 6;
	set_memory(ret, names[kind], 8 + bits(word, 4, 2), 8 + bits(word, 9, 7), offset,
		   four ? 4 : 8);
	ret->write = kind >= 5;
}

/* Quadrant 2: through the stack pointer. */
static void decode_stack_based(uint32_t word, struct riscv_insn *ret)
{
	static const char *const names[8] = {
		[1] = "fld", "lw", "ld", [5] = "fsd", "sw", "sd"
	};
	uint32_t kind = bits(word, 15, 13), offset;
	bool four = kind == 2 || kind == 6;

	if (!names[kind])
		return;
	if (kind < 5)
		offset = bits(word, 12, 12) << 5 |
			 (four ? bits(word, 6, 4) << 2 | bits(word, 3, 2) << 6
			       : bits(word, 6, 5) << 3 | bits(word, 4, 2) << 6);
	else
		offset = four ? bits(word, 12, 9) << 2 | bits(word, 8, 7) << 6
			      : bits(word, 12, 10) << 3 | bits(word, 9, 7) << 6;
	set_memory(ret, names[kind], kind < 5 ? bits(word, 11, 7) : bits(word, 6, 2), 2,
		   offset, four ? 4 : 8);
	ret->write = kind >= 5;
}

static void decode_short(uint32_t word, struct riscv_insn *ret)
{
	snprintf(ret->text, sizeof(ret->text), ".2byte 0x%04x", word);
	if (word == 0x9002) {
		ret->trap = true;
		snprintf(ret->text, sizeof(ret->text), "ebreak");
	} else if (!bits(word, 1, 0)) {
		decode_register_based(word, ret);
	} else if (bits(word, 1, 0) == 2) {
		decode_stack_based(word, ret);
	}
}

bool riscv_decode(const uint8_t *bytes, size_t size, struct riscv_insn *ret)
{
	uint32_t word;

	*ret = (struct riscv_insn){ .length = 2 };
	if (size < 2)
		return false;
	word = bytes[0] | (uint32_t)bytes[1] << 8;
	if (bits(word, 1, 0) != 3) {
		decode_short(word, ret);
		return true;
	}
	ret->length = 4;
	if (size < 4)
		return false;
	decode_long(word | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24, ret);
	return true;
}
