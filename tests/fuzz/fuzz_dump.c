/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of dumps, and walks through memory and tables that are as hostile as they like.
 */
#include <stdint.h>
#include <string.h>

#include "common/error.h"
#include "symbolizer/dump_notes.h"
#include "symbolizer/dump_stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input again and again, wherever one looks. */
static bool read_input(void *context, uint64_t address, void *ret, size_t size)
{
	const struct span *input = context;
	uint8_t *to = ret;

	if (address >> 44 == 0xfffff)
		return false;
	for (size_t i = 0; i < size; i++)
		to[i] = input->data[(address + i) % input->size];
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dump_notes notes;
	static struct dump_memory memory;
	static struct dump_stack stack;
	struct span input = { data, size };
	struct dump_cpu cpu = { .code_segment = 0x10 };
	struct error *error;

	if (size < 64)
		return 0;
	error = dump_read_notes(input, "fuzz", &notes);
	error_destroy(error);
	memory.read = read_input;
	memory.context = &input;
	memory.table_count = 1;
	memory.tables[0] = (struct orc_table){
		{ data, size / 3 },
		{ data + size / 3, size / 3 },
		0xffffffff81000000,
		data[0] % 3,
	};
	memory.ranges[0].start = 0xffffffff80000000;
	memory.ranges[0].end = 0xffffffffa0000000;
	memcpy(cpu.registers, data, 64);
	cpu.registers[DUMP_RIP] |= 0xffffffff80000000;
	cpu.registers[DUMP_RSP] |= 0xffff800000000000;
	dump_walk(&memory, &cpu, &stack);
	return 0;
}
