/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/dump_stack.h"

#include <string.h>

/* Kernel text and modules lie in the uppermost 2 GiB, less the fixed mappings. */
static const uint64_t code_start = 0xffffffff80000000, code_end = 0xffffffffff000000;
static const uint64_t kernel_start = 0xffff800000000000;
static const uint64_t stack_size = 16384;

enum { FUNCTION_LIMIT = 1 << 16 };

/* What a trap pushes, in words, by the numbers of dump registers; -1: something else. */
static const signed char pushed[] = {
	DUMP_R15, DUMP_R14, DUMP_R13, DUMP_R12, DUMP_RBP,    DUMP_RBX, DUMP_R11,
	DUMP_R10, DUMP_R9,  DUMP_R8,  DUMP_RAX, DUMP_RCX,    DUMP_RDX, DUMP_RSI,
	DUMP_RDI, -1,	    DUMP_RIP, -1,	DUMP_RFLAGS, DUMP_RSP, -1,
};

enum { PUSHED = sizeof(pushed), PUSHED_IP = 16, PUSHED_CS = 17, PUSHED_SS = 20 };

struct walk {
	const struct dump_memory *memory;
	struct dump_stack *stack;
	uint64_t registers[DUMP_REGISTERS];
	bool all; /* registers besides rip, rsp and rbp are known */
	bool exact;
	bool lost; /* no table knew the place: searching until the next trap */
};

static bool read_word(const struct walk *w, uint64_t address, uint64_t *ret)
{
	return address >= kernel_start && !(address & 7) &&
	       w->memory->read(w->memory->context, address, ret, sizeof(*ret));
}

static bool is_code(uint64_t address)
{
	return address >= code_start && address < code_end;
}

static bool add_frame(struct walk *w, uint64_t address, enum frame_kind kind)
{
	if (w->stack->count >= DUMP_FRAMES)
		return false;
	w->stack->frames[w->stack->count++] = (struct dump_frame){ address, kind };
	return true;
}

/* Goes on where the trap happened; false when that was in user space. */
static bool enter_trap(struct walk *w, const uint64_t words[PUSHED])
{
	struct dump_stack *stack = w->stack;

	for (size_t i = 0; i < PUSHED; i++)
		if (pushed[i] >= 0)
			w->registers[(int)pushed[i]] = words[i];
	w->all = w->exact = true;
	w->lost = false;
	if (words[PUSHED_CS] & 3 || !is_code(words[PUSHED_IP]) ||
	    !add_frame(w, words[PUSHED_IP], FRAME_EXACT))
		return false;
	if (stack->trap_count < sizeof(stack->traps) / sizeof(*stack->traps)) {
		struct dump_trap *trap = &stack->traps[stack->trap_count++];

		memcpy(trap->registers, w->registers, sizeof(w->registers));
		trap->frame = stack->count - 1;
	}
	return true;
}

static bool read_trap(const struct walk *w, uint64_t address, uint64_t words[PUSHED])
{
	for (size_t i = 0; i < PUSHED; i++)
		if (!read_word(w, address + 8 * i, &words[i]))
			return false;
	return true;
}

/*
 * Whether those words are what a trap pushes: an address of code, the kernel's or the
 * user's code segment, flags with the bit that is always set and none that never is,
 * and a stack segment that goes with it.
 */
static bool is_trap(const uint64_t words[PUSHED])
{
	uint64_t cs = words[PUSHED_CS], ss = words[PUSHED_SS], flags = words[18];

	if (!(flags & 2) || flags & ~0x3f7fd7ULL)
		return false;
	if (cs == 0x33 || cs == 0x23)
		return ss == 0x2b && words[PUSHED_IP] < kernel_start;
	return cs == 0x10 && (ss == 0x18 || !ss) && is_code(words[PUSHED_IP]) &&
	       words[19] >= kernel_start && !(words[19] & 7);
}

/* Whether a call ends right before @address. */
static bool follows_call(const struct walk *w, uint64_t address)
{
	static const unsigned char lengths[] = { 2, 3, 4, 6, 7 };
	uint8_t code[8];

	if (!is_code(address) || !is_code(address - sizeof(code)) ||
	    !w->memory->read(w->memory->context, address - sizeof(code), code,
			     sizeof(code)))
		return false;
	if (code[8 - 5] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		const uint8_t *call = code + 8 - lengths[i];

		if (call[0] == 0xff && (call[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

/*
 * Searches the rest of the stack that rsp lies in. True: a trap was found, and the walk
 * can go on from there.
 */
static bool search(struct walk *w)
{
	uint64_t at = (w->registers[DUMP_RSP] + 7) & ~7ULL;
	uint64_t end = (at | (stack_size - 1)) + 1;
	uint64_t words[PUSHED], word;

	for (; at < end && read_word(w, at, &word); at += 8) {
		if (at + 8 * PUSHED <= end && read_trap(w, at, words) && is_trap(words))
			return enter_trap(w, words);
		if (follows_call(w, word) && !add_frame(w, word, FRAME_GUESSED))
			return false;
	}
	return false;
}

static bool find_entry(const struct walk *w, struct orc_entry *ret)
{
	uint64_t ip = w->registers[DUMP_RIP] - !w->exact;

	for (size_t i = 0; i < w->memory->table_count; i++)
		if (ip >= w->memory->ranges[i].start && ip < w->memory->ranges[i].end)
			return orc_find(&w->memory->tables[i], ip, ret);
	return false;
}

/* Where the caller's stack begins. */
static bool find_frame(const struct walk *w, const struct orc_entry *entry, uint64_t *ret)
{
	static const signed char bases[16] = {
		[ORC_UNDEFINED] = -1,
		[ORC_PREV_SP] = -1,
		[ORC_DX] = DUMP_RDX,
		[ORC_DI] = DUMP_RDI,
		[ORC_BP] = DUMP_RBP,
		[ORC_SP] = DUMP_RSP,
		[ORC_R10] = DUMP_R10,
		[ORC_R13] = DUMP_R13,
		[ORC_BP_INDIRECT] = DUMP_RBP,
		[ORC_SP_INDIRECT] = DUMP_RSP,
		[10] = -1,
		-1,
		-1,
		-1,
		-1,
		-1,
	};
	uint64_t offset = (uint64_t)(int64_t)entry->sp_offset, base;
	int number = bases[entry->sp & 15];

	if (number < 0 || (!w->all && number != DUMP_RBP && number != DUMP_RSP))
		return false;
	base = w->registers[number];
	if (entry->sp == ORC_SP_INDIRECT) {
		if (!read_word(w, base, &base))
			return false;
		*ret = base + offset;
		return true;
	}
	*ret = base + offset;
	return entry->sp != ORC_BP_INDIRECT || read_word(w, *ret, ret);
}

static bool restore_bp(struct walk *w, const struct orc_entry *entry, uint64_t frame)
{
	uint64_t offset = (uint64_t)(int64_t)entry->bp_offset;

	if (entry->bp == ORC_PREV_SP)
		return read_word(w, frame + offset, &w->registers[DUMP_RBP]);
	if (entry->bp == ORC_BP)
		return read_word(w, w->registers[DUMP_RBP] + offset,
				 &w->registers[DUMP_RBP]);
	return true;
}

/* One caller further; false at the end, and with @lost where the way is not known. */
static bool step(struct walk *w)
{
	uint64_t words[PUSHED] = { 0 }, frame, ip;
	struct orc_entry entry;

	w->lost = true;
	if (!find_entry(w, &entry))
		return false;
	if (entry.type == ORC_END) {
		w->lost = false;
		return false;
	}
	if (!find_frame(w, &entry, &frame))
		return false;
	if (entry.type == ORC_REGS)
		return read_trap(w, frame, words) && enter_trap(w, words);
	if (entry.type == ORC_REGS_PARTIAL) {
		for (size_t i = PUSHED_IP; i < PUSHED; i++)
			if (!read_word(w, frame + 8 * (i - PUSHED_IP), &words[i]))
				return false;
		w->lost = false;
		w->registers[DUMP_RIP] = words[PUSHED_IP];
		w->registers[DUMP_RSP] = words[19];
		w->exact = true;
		w->all = false;
		return !(words[PUSHED_CS] & 3) && is_code(words[PUSHED_IP]) &&
		       add_frame(w, words[PUSHED_IP], FRAME_EXACT);
	}
	if (!read_word(w, frame - 8, &ip) || !is_code(ip) ||
	    !restore_bp(w, &entry, frame))
		return false;
	w->lost = w->all = w->exact = false;
	w->registers[DUMP_RIP] = ip;
	w->registers[DUMP_RSP] = frame;
	return add_frame(w, ip, FRAME_RETURN);
}

/*
 * Where a function that @address lies in sets up its frame pointer, from @start on:
 * "push rbp; mov rbp, rsp" within its first bytes, behind what tracing and control-flow
 * integrity need. 0: it does not.
 */
static uint64_t frame_set_up(const struct walk *w, uint64_t start, uint64_t address)
{
	static const uint8_t prologue[] = { 0x55, 0x48, 0x89, 0xe5 };
	uint8_t code[16 + sizeof(prologue)];
	const uint8_t *at;
	uint64_t done;

	if (!is_code(start) || address < start || address - start > FUNCTION_LIMIT ||
	    !w->memory->read(w->memory->context, start, code, sizeof(code)))
		return 0;
	at = memmem(code, sizeof(code), prologue, sizeof(prologue));
	done = at ? start + (uint64_t)(at - code) + sizeof(prologue) : 0;
	return done && address >= done ? done : 0;
}

/*
 * One caller further by the frame pointer. Only where it is proved to be one: the return
 * address above it follows a direct call of a function that sets its frame pointer up,
 * and the place in question lies in that function, behind where it does.
 */
static bool step_by_frame_pointer(struct walk *w)
{
	uint64_t base = w->registers[DUMP_RBP], at = w->registers[DUMP_RSP], ip, before;
	uint8_t call[5];
	int32_t distance;

	if (base < at || base - at >= stack_size || !read_word(w, base, &before) ||
	    !read_word(w, base + 8, &ip) || !is_code(ip) ||
	    !w->memory->read(w->memory->context, ip - sizeof(call), call, sizeof(call)) ||
	    call[0] != 0xe8)
		return false;
	memcpy(&distance, call + 1, sizeof(distance));
	if (!frame_set_up(w, ip + (uint64_t)(int64_t)distance, w->registers[DUMP_RIP]))
		return false;
	w->registers[DUMP_RIP] = ip;
	w->registers[DUMP_RSP] = base + 16;
	w->registers[DUMP_RBP] = before;
	w->lost = w->all = w->exact = false;
	return add_frame(w, ip, FRAME_RETURN);
}

void dump_walk(const struct dump_memory *memory, const struct dump_cpu *cpu,
	       struct dump_stack *ret)
{
	struct walk w = { .memory = memory, .stack = ret, .all = true, .exact = true };

	*ret = (struct dump_stack){ 0 };
	if (cpu->code_segment & 3 || !is_code(cpu->registers[DUMP_RIP]))
		return;
	memcpy(w.registers, cpu->registers, sizeof(w.registers));
	add_frame(&w, w.registers[DUMP_RIP], FRAME_EXACT);
	/* Every round adds a frame or is the last. */
	while (step(&w) || (w.lost && (step_by_frame_pointer(&w) || search(&w))))
		;
}
