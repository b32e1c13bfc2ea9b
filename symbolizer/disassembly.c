/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/disassembly.h"

#include <capstone/capstone.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/strbuf.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/riscv.h"

enum { BYTES = 256, SHOWN_BEFORE = 6, SHOWN_AFTER = 3, PAGE = 4096 };

/* The bytes of "Code:", of which the one in <> or the word in () faulted. */
struct code {
	uint8_t bytes[BYTES];
	size_t size;
	size_t fault; /* offset; size when no byte is marked */
	size_t unit;  /* digits of a group: 2 for bytes, 8 for words */
};

static bool add_group(struct code *code, const char *digits, size_t length)
{
	uint64_t value = 0;

	if (length % 2 || length > 8 || code->size + length / 2 > BYTES)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = (char)tolower((unsigned char)digits[i]);

		value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	/* Words are printed as numbers, and lie in memory with the low byte first. */
	for (size_t i = 0; i < length / 2; i++)
		code->bytes[code->size++] = (uint8_t)(value >> 8 * i);
	code->unit = length;
	return true;
}

static bool read_code(const char *text, struct code *ret)
{
	bool marked = false;

	*ret = (struct code){ 0 };
	for (const char *p = text; *p;) {
		size_t length = strspn(p, "0123456789abcdefABCDEF");

		if (*p == '<' || *p == '(') {
			ret->fault = ret->size;
			marked = true;
			p++;
		} else if (length) {
			if (!add_group(ret, p, length))
				break;
			p += length;
		} else {
			p++;
		}
	}
	return marked && ret->fault < ret->size;
}

struct machine {
	cs_arch arch;
	cs_mode mode;
	bool riscv; /* which the library does not know */
};

static bool has_register(const struct panic *p, const char *name)
{
	for (size_t i = 0; i < p->register_count; i++)
		if (!strcmp(p->registers[i].name, name))
			return true;
	return false;
}

static bool register_value(const struct panic *p, const char *name, uint64_t *ret);

/* By the T bit of the status register, else by how wide the groups are. */
static bool is_thumb(const struct panic *p, const struct code *code)
{
	uint64_t status;

	return register_value(p, "psr", &status) ? status >> 5 & 1 : code->unit == 4;
}

/* The registers tell the architecture better than anything else in a log. */
static bool find_machine(const struct panic *p, const struct code *code,
			 struct machine *ret)
{
	if (has_register(p, "rax"))
		*ret = (struct machine){ CS_ARCH_X86, CS_MODE_64 };
	else if (has_register(p, "eax"))
		*ret = (struct machine){ CS_ARCH_X86, CS_MODE_32 };
	else if (has_register(p, "x29"))
		*ret = (struct machine){ CS_ARCH_ARM64, CS_MODE_ARM };
	else if (has_register(p, "r10") && has_register(p, "fp"))
		*ret = (struct machine){ CS_ARCH_ARM, is_thumb(p, code) ? CS_MODE_THUMB
									: CS_MODE_ARM };
	else if (has_register(p, "gp") && has_register(p, "s11"))
		*ret = (struct machine){ .riscv = true };
	else
		return false;
	return true;
}

/* Bytes that an instruction's place is a multiple of. */
static size_t step_of(const struct machine *machine)
{
	if (machine->arch == CS_ARCH_X86)
		return 1;
	return machine->mode == CS_MODE_THUMB ? 2 : 4;
}

/*
 * Where to begin so that an instruction starts at the fault: x86's vary in length, so
 * the earliest place from which decoding meets it.
 */
static size_t find_start(csh handle, const struct code *code, size_t step)
{
	for (size_t start = 0; start < code->fault; start += step) {
		const uint8_t *p = code->bytes + start;
		size_t left = code->size - start;
		uint64_t address = start;
		cs_insn *insn = cs_malloc(handle);
		bool meets = false;

		if (!insn)
			break;

		while (address < code->fault &&
		       cs_disasm_iter(handle, &p, &left, &address, insn))
			meets = address == code->fault;
		cs_free(insn, 1);
		if (meets)
			return start;
	}
	return code->fault;
}

static void add_lines(const cs_insn *insns, size_t count, const struct code *code,
		      struct strbuf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		if (insns[i].address == code->fault)
			at = i;
	for (size_t i = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
	     i < count && i <= at + SHOWN_AFTER; i++)
		strbuf_addf(out, "  %s %+4d:  %s %s\n", i == at ? "->" : "  ",
			    (int)((int64_t)insns[i].address - (int64_t)code->fault),
			    insns[i].mnemonic, insns[i].op_str);
}

static bool register_value(const struct panic *p, const char *name, uint64_t *ret)
{
	/* The log has the full names: eax and al are rax's. */
	char full[16];
	size_t length = strlen(name);

	snprintf(full, sizeof(full), "%s", name);
	if (name[0] == 'e' && length == 3)
		full[0] = 'r';
	else if (name[0] == 'r' && isdigit((unsigned char)name[1]) && length > 2 &&
		 strchr("dwb", name[length - 1]))
		full[length - 1] = 0;
	else if (name[0] == 'w' && isdigit((unsigned char)name[1]))
		full[0] = 'x';
	else if (!strcmp(name, "sb") || !strcmp(name, "sl"))
		snprintf(full, sizeof(full), "r%d", name[1] == 'b' ? 9 : 10);
	for (size_t i = 0; i < p->register_count; i++) {
		const char *known = p->registers[i].name;

		/* "r08" of x86-64's logs is r8. */
		if (!strcmp(known, full) ||
		    (full[0] == 'r' && known[0] == 'r' && known[1] == '0' &&
		     !strcmp(known + 2, full + 1))) {
			*ret = p->registers[i].value;
			return true;
		}
	}
	return false;
}

/* The memory operand of an instruction, whatever the architecture. */
struct access {
	const char *base, *index; /* register names, NULL: none */
	int scale;
	int64_t displacement;
	unsigned int size; /* bytes, 0: not known */
	bool write, known;
	bool narrow; /* addresses have 32 bits */
};

static struct access x86_access(csh handle, const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	struct access a = { .scale = 1 };

	for (int i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type != X86_OP_MEM || insn->id == X86_INS_LEA)
			continue;
		a.base = op->mem.base ? cs_reg_name(handle, op->mem.base) : NULL;
		a.index = op->mem.index ? cs_reg_name(handle, op->mem.index) : NULL;
		a.scale = op->mem.scale;
		a.displacement = op->mem.disp;
		a.size = op->size;
		a.write = op->access & CS_AC_WRITE;
		a.known = true;
	}
	return a;
}

static struct access arm64_access(csh handle, const cs_insn *insn)
{
	const cs_arm64 *arm = &insn->detail->arm64;
	struct access a = { .scale = 1 };

	for (int i = 0; i < arm->op_count; i++) {
		const cs_arm64_op *op = &arm->operands[i];

		if (op->type == ARM64_OP_REG && !i)
			a.size = cs_reg_name(handle, op->reg)[0] == 'w' ? 4 : 8;
		if (op->type != ARM64_OP_MEM)
			continue;
		a.base = op->mem.base ? cs_reg_name(handle, op->mem.base) : NULL;
		a.index = op->mem.index ? cs_reg_name(handle, op->mem.index) : NULL;
		a.displacement = op->mem.disp;
		a.write = !strncmp(insn->mnemonic, "st", 2);
		a.known = true;
	}
	if (strlen(insn->mnemonic) > 3 &&
	    insn->mnemonic[strlen(insn->mnemonic) - 1] == 'b')
		a.size = 1;
	else if (strlen(insn->mnemonic) > 3 &&
		 insn->mnemonic[strlen(insn->mnemonic) - 1] == 'h')
		a.size = 2;
	return a;
}

/* "ldrb", "strh.w", "ldrd": how much, by the letter behind the root. */
static unsigned int arm_size(const char *mnemonic)
{
	const char *letter = mnemonic + 3;

	if (!strncmp(mnemonic, "ldm", 3) || !strncmp(mnemonic, "stm", 3))
		return 0;
	while (*letter == 's' || *letter == 'e' || *letter == 'x')
		letter++;
	return *letter == 'b' ? 1 : *letter == 'h' ? 2 : *letter == 'd' ? 8 : 4;
}

static struct access arm_access(csh handle, const cs_insn *insn)
{
	const cs_arm *arm = &insn->detail->arm;
	bool load = !strncmp(insn->mnemonic, "ld", 2);
	struct access a = { .scale = 1, .size = arm_size(insn->mnemonic) };

	a.write = !strncmp(insn->mnemonic, "st", 2);
	if (!load && !a.write)
		return a;
	for (int i = 0; i < arm->op_count; i++) {
		const cs_arm_op *op = &arm->operands[i];

		if (op->type != ARM_OP_MEM)
			continue;
		a.base = op->mem.base ? cs_reg_name(handle, op->mem.base) : NULL;
		a.index = op->mem.index ? cs_reg_name(handle, op->mem.index) : NULL;
		a.scale = op->mem.scale;
		a.displacement = op->mem.disp;
		/* The shift of an index is told apart from its sign. */
		if (op->shift.type == ARM_SFT_LSL && op->shift.value < 32)
			a.scale *= 1 << op->shift.value;
		a.known = true;
	}
	/* Several registers, from one on: its place is the first operand. */
	if (!a.size && arm->op_count && arm->operands[0].type == ARM_OP_REG) {
		a.base = cs_reg_name(handle, arm->operands[0].reg);
		a.known = true;
	}
	return a;
}

/* What a pointer of this value mostly is. */
static const char *meaning_of(uint64_t value)
{
	static const struct {
		uint64_t pattern, mask;
		const char *meaning;
	} meanings[] = {
		{ 0x6b6b6b6b6b6b6b6b, ~UINT64_C(0), "freed memory (0x6b poison)" },
		{ 0x5a5a5a5a5a5a5a5a, ~UINT64_C(0),
		  "memory that was never set (0x5a poison)" },
		{ 0xdead000000000100, ~UINT64_C(0xff),
		  "an entry removed from a list (LIST_POISON1)" },
		{ 0xdead000000000122, ~UINT64_C(0xff),
		  "an entry removed from a list (LIST_POISON2)" },
		{ 0xcccccccccccccccc, ~UINT64_C(0),
		  "an init section that is gone (0xcc poison)" },
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if ((value & meanings[i].mask) ==
		    (meanings[i].pattern & meanings[i].mask))
			return meanings[i].meaning;
	if (value >= (uint64_t)-PAGE)
		return "an error code used as a pointer";
	return value < PAGE ? "NULL" : NULL;
}

static void add_size(struct strbuf *out, unsigned int size)
{
	if (size)
		strbuf_addf(out, " of %u byte%s", size, size == 1 ? "" : "s");
}

/* A value of 32 bits as one of 64 of the same meaning. */
static uint64_t widen(uint64_t value)
{
	uint64_t twice = value << 32 | value;

	if (value >= (uint32_t)-PAGE)
		return value | UINT64_C(0xffffffff) << 32;
	return value < PAGE ? value : twice;
}

/* "write of 4 bytes to NULL + 0x8: rax is 0" */
static void add_reading(const struct panic *p, const struct access *a, struct strbuf *out)
{
	uint64_t base = 0, index = 0, target;
	const char *meaning;

	if (a->base && !register_value(p, a->base, &base))
		return;
	if (a->index && !register_value(p, a->index, &index))
		return;
	target = base + index * (uint64_t)a->scale + (uint64_t)a->displacement;
	if (a->narrow)
		target = (uint32_t)target;
	/* What is poison or an error code has the upper half of 64 bits, too. */
	meaning = a->base ? meaning_of(a->narrow ? widen(base) : base) : NULL;
	strbuf_adds(out, a->write ? "write" : "read");
	add_size(out, a->size);
	strbuf_adds(out, a->write ? " to " : " from ");
	if (meaning && !strcmp(meaning, "NULL") && !a->index) {
		strbuf_adds(out, "NULL");
		if (target)
			strbuf_addf(out, " + 0x%llx", (unsigned long long)target);
	} else {
		strbuf_addf(out, "0x%llx", (unsigned long long)target);
	}
	if (a->base)
		strbuf_addf(out, ": %s holds 0x%llx", a->base, (unsigned long long)base);
	if (meaning && strcmp(meaning, "NULL"))
		strbuf_addf(out, ", %s", meaning);
	if (a->index)
		strbuf_addf(out, ", %s 0x%llx", a->index, (unsigned long long)index);
}

/* ud2, brk and the like are how the kernel says BUG and WARN. */
static bool is_trap(const cs_insn *insn)
{
	static const char *const traps[] = {
		"ud2", "ud0", "int3", "brk", "udf", "ebreak"
	};

	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++)
		if (!strcmp(insn->mnemonic, traps[i]))
			return true;
	return false;
}

static void read_fault(csh handle, const struct panic *p, const cs_insn *insn,
		       const struct machine *machine, struct strbuf *out)
{
	struct access access = { 0 };

	if (is_trap(insn)) {
		strbuf_addf(out, "the kernel stopped itself (%s): a BUG or WARN",
			    insn->mnemonic);
		return;
	}
	if (machine->arch == CS_ARCH_X86)
		access = x86_access(handle, insn);
	else if (machine->arch == CS_ARCH_ARM64)
		access = arm64_access(handle, insn);
	else if (machine->arch == CS_ARCH_ARM)
		access = arm_access(handle, insn);
	access.narrow = machine->arch == CS_ARCH_ARM || machine->mode == CS_MODE_32;
	if (access.known)
		add_reading(p, &access, out);
	else if (!strncmp(insn->mnemonic, "div", 3) ||
		 !strncmp(insn->mnemonic, "idiv", 4))
		strbuf_adds(out, "division by zero or overflow");
}

/* The same by our own decoder, for RISC-V. */
static void read_riscv(const struct panic *p, const struct code *code,
		       struct strbuf *assembly, struct strbuf *reading)
{
	struct riscv_insn insns[BYTES / 2];
	size_t start = 0, places[BYTES / 2], count = 0, at = BYTES;

	/* The earliest place from which decoding meets the fault. */
	for (; start <= code->fault && at == BYTES; start += 2) {
		size_t place = start;

		for (count = 0;
		     riscv_decode(code->bytes + place, code->size - place, &insns[count]);
		     place += insns[count++].length) {
			places[count] = place;
			if (place == code->fault)
				at = count;
		}
	}
	if (at == BYTES)
		return;
	for (size_t i = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
	     i < count && i <= at + SHOWN_AFTER; i++)
		strbuf_addf(assembly, "  %s %+4d:  %s\n", i == at ? "->" : "  ",
			    (int)places[i] - (int)code->fault, insns[i].text);
	if (insns[at].trap)
		strbuf_addf(reading, "the kernel stopped itself (%s): a BUG or WARN",
			    insns[at].text);
	else if (insns[at].base)
		add_reading(p,
			    &(struct access){ .base = insns[at].base,
					      .scale = 1,
					      .displacement = insns[at].displacement,
					      .size = insns[at].size,
					      .write = insns[at].write },
			    reading);
}

static struct error *store(struct panic *p, const struct strbuf *assembly,
			   const struct strbuf *reading)
{
	if (assembly->failed || reading->failed)
		return error_nomem();
	if (assembly->length &&
	    !panic_set(&p->assembly, assembly->data, assembly->length))
		return error_nomem();
	if (reading->length && !panic_set(&p->reading, reading->data, reading->length))
		return error_nomem();
	return NULL;
}

struct error *disassembly_read(struct panic *p)
{
	_strbuf_ struct strbuf assembly = STRBUF_INIT, reading = STRBUF_INIT;
	struct machine machine;
	struct code code;
	cs_insn *insns = NULL;
	size_t start, count;
	csh handle;

	if (!p->code || !read_code(p->code, &code) || !find_machine(p, &code, &machine))
		return NULL;
	if (machine.riscv) {
		read_riscv(p, &code, &assembly, &reading);
		return store(p, &assembly, &reading);
	}
	if (cs_open(machine.arch, machine.mode, &handle) != CS_ERR_OK)
		return NULL;
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	start = find_start(handle, &code, step_of(&machine));
	count = cs_disasm(handle, code.bytes + start, code.size - start, start, 0,
			  &insns);
	if (count)
		add_lines(insns, count, &code, &assembly);
	for (size_t i = 0; i < count; i++)
		if (insns[i].address == code.fault)
			read_fault(handle, p, &insns[i], &machine, &reading);
	if (count)
		cs_free(insns, count);
	cs_close(&handle);
	return store(p, &assembly, &reading);
}
