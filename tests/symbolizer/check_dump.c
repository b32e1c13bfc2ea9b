/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of dumps, ORC, and stacks in a memory made up here. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "symbolizer/dump_notes.h"
#include "symbolizer/dump_stack.h"
#include "symbolizer/symbolizer.h"
#include "tests/check_main.h"

static const uint64_t text = 0xffffffff81000000, stack = 0xffffc90000004000;

/* A page of code at text, and a stack of 16 KiB. */
struct memory {
	uint8_t code[4096];
	uint64_t stack[2048];
};

static bool read_memory(void *context, uint64_t address, void *ret, size_t size)
{
	const struct memory *m = context;
	struct span code = { m->code, sizeof(m->code) };
	struct span words = { (const uint8_t *)m->stack, sizeof(m->stack) };

	return span_read(code, address - text, ret, size) ||
	       span_read(words, address - stack, ret, size);
}

static struct memory memory;
static struct dump_stack found;
static struct dump_memory all;

static void start(void)
{
	memset(&memory, 0, sizeof(memory));
	all = (struct dump_memory){ .read = read_memory, .context = &memory };
}

static void put_trap(size_t word, uint64_t ip, uint64_t cs, uint64_t sp)
{
	memory.stack[word + 16] = ip;
	memory.stack[word + 17] = cs;
	memory.stack[word + 18] = 0x246;
	memory.stack[word + 19] = sp;
	memory.stack[word + 20] = cs == 0x10 ? 0x18 : 0x2b;
}

static struct dump_cpu cpu_at(uint64_t ip, uint64_t sp)
{
	struct dump_cpu cpu = { .code_segment = 0x10 };

	cpu.registers[DUMP_RIP] = ip;
	cpu.registers[DUMP_RSP] = sp;
	return cpu;
}

START_TEST(without_tables_what_follows_a_call_is_guessed)
{
	struct dump_cpu cpu = cpu_at(text + 16, stack);

	start();
	memory.code[0x100 - 5] = 0xe8;
	memory.stack[3] = text + 0x100;
	memory.stack[4] = text + 0x200; /* no call before it */
	put_trap(8, text + 0x300, 0x10, stack + 8 * 40);
	memory.stack[32] = text + 0x100; /* passed over by the trap */
	put_trap(40, 0x401000, 0x33, 0x7ffc0000);
	memory.stack[70] = text + 0x100; /* beyond the entry from user space */
	dump_walk(&all, &cpu, &found);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_int_eq(found.frames[0].kind, FRAME_EXACT);
	ck_assert_int_eq(found.frames[1].kind, FRAME_GUESSED);
	ck_assert_uint_eq(found.frames[1].address, text + 0x100);
	ck_assert_int_eq(found.frames[2].kind, FRAME_EXACT);
	ck_assert_uint_eq(found.frames[2].address, text + 0x300);
	ck_assert_uint_eq(found.trap_count, 1);
	ck_assert_uint_eq(found.traps[0].registers[DUMP_RSP], stack + 8 * 40);
}
END_TEST

/* From text on sp + 16 is the caller's, from text + 0x80 on nobody knows. */
static void add_table(enum orc_layout layout, unsigned int call, unsigned int end)
{
	static int32_t places[3];
	static uint8_t entries[18];
	const uint64_t base = text + 0x800;

	for (int i = 0; i < 3; i++)
		places[i] = (int32_t)(text + 0x40 * i - (base + 4 * i));
	memset(entries, 0, sizeof(entries));
	for (int i = 0; i < 2; i++) {
		unsigned int bits = i ? end : ORC_SP | call;

		entries[6 * i] = 16;
		entries[6 * i + 4] = bits & 0xff;
		entries[6 * i + 5] = bits >> 8;
	}
	all.tables[0] = (struct orc_table){
		{ (uint8_t *)places, sizeof(places) },
		{ entries, sizeof(entries) },
		base,
		layout,
	};
	all.ranges[0].start = text;
	all.ranges[0].end = text + 4096;
	all.table_count = 1;
}

START_TEST(orc_of_every_kernel_leads_to_the_caller)
{
	static const struct {
		enum orc_layout layout;
		unsigned int call, end;
	} kernels[] = {
		{ ORC_6_0, 0, 1 << 10 },
		{ ORC_6_3, 0, 1 << 11 },
		{ ORC_6_4, 2 << 8, 1 << 8 },
	};

	for (size_t i = 0; i < 3; i++) {
		struct dump_cpu cpu = cpu_at(text + 0x10, stack);

		start();
		add_table(kernels[i].layout, kernels[i].call, kernels[i].end);
		memory.stack[1] = text + 0x50;
		dump_walk(&all, &cpu, &found);
		ck_assert_uint_eq(found.count, 2);
		ck_assert_uint_eq(found.frames[1].address, text + 0x50);
		ck_assert_int_eq(found.frames[1].kind, FRAME_RETURN);
	}
	ck_assert_int_eq(orc_layout_of("6.1.0-56-cloud-amd64"), ORC_6_0);
	ck_assert_int_eq(orc_layout_of("6.3.1"), ORC_6_3);
	ck_assert_int_eq(orc_layout_of("6.12.5"), ORC_6_4);
	ck_assert_int_eq(orc_layout_of("7.0.0"), ORC_6_4);
}
END_TEST

/* "call" that ends at , of the function at . */
static void put_call(size_t end, size_t target)
{
	int32_t distance = (int32_t)(target - end);

	memory.code[end - 5] = 0xe8;
	memcpy(memory.code + end - 4, &distance, sizeof(distance));
}

START_TEST(frame_pointers_lead_on_where_they_are_proved)
{
	static const uint8_t prologue[] = {
		0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5
	};
	struct dump_cpu cpu = cpu_at(text + 0x120, stack);

	start();
	/* 0x100 and 0x200 set their frames up; 0x300 called 0x200, that called 0x100. */
	memcpy(memory.code + 0x100, prologue, sizeof(prologue));
	memcpy(memory.code + 0x200, prologue, sizeof(prologue));
	put_call(0x240, 0x100);
	put_call(0x350, 0x200);
	cpu.registers[DUMP_RBP] = stack + 8 * 4;
	memory.stack[1] = text + 0x350; /* an old call, passed over */
	memory.stack[4] = stack + 8 * 10;
	memory.stack[5] = text + 0x240;
	memory.stack[10] = 0;
	memory.stack[11] = text + 0x350;
	dump_walk(&all, &cpu, &found);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_uint_eq(found.frames[1].address, text + 0x240);
	ck_assert_int_eq(found.frames[1].kind, FRAME_RETURN);
	ck_assert_uint_eq(found.frames[2].address, text + 0x350);
	ck_assert_int_eq(found.frames[2].kind, FRAME_RETURN);
}
END_TEST

START_TEST(a_register_that_is_no_frame_pointer_is_not_followed)
{
	struct dump_cpu cpu = cpu_at(text + 0x120, stack);

	start();
	put_call(0x240, 0x100);
	cpu.registers[DUMP_RBP] = stack + 8 * 4;
	memory.stack[5] = text + 0x240;
	dump_walk(&all, &cpu, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_int_eq(found.frames[1].kind, FRAME_GUESSED);
}
END_TEST

START_TEST(stack_that_leads_back_to_itself_ends)
{
	struct dump_cpu cpu = cpu_at(text + 16, stack);

	start();
	put_trap(0, text + 0x300, 0x10, stack);
	dump_walk(&all, &cpu, &found);
	ck_assert_uint_eq(found.count, DUMP_FRAMES);
}
END_TEST

static struct dump_notes notes;

START_TEST(core_of_a_process_is_told_apart)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment;
		Elf64_Nhdr note;
		char name[8];
		uint8_t data[440];
	} file = { 0 };
	struct span bytes = { (uint8_t *)&file, sizeof(file) };

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	ck_assert(!dump_is_core(bytes));
	file.head.e_type = ET_CORE;
	file.head.e_machine = EM_AARCH64;
	ck_assert_fails(dump_read_notes(bytes, "x", &notes), "only x86-64");
	file.head.e_machine = EM_X86_64;
	file.head.e_phoff = sizeof(file.head);
	file.head.e_phnum = 1;
	file.segment.p_type = PT_NOTE;
	file.segment.p_offset = offsetof(typeof(file), note);
	file.segment.p_filesz = sizeof(file) - file.segment.p_offset;
	file.note.n_namesz = 5;
	file.note.n_descsz = sizeof(file.data);
	strcpy(file.name, "CORE");
	ck_assert_fails(dump_read_notes(bytes, "x", &notes), "without QEMU's notes");
	strcpy(file.name, "QEMU");
	file.data[0] = 1;
	file.data[8 + 8 * DUMP_RIP] = 0x77;
	ck_assert_ok(dump_read_notes(bytes, "x", &notes));
	ck_assert_uint_eq(notes.cpu_count, 1);
	ck_assert_uint_eq(notes.cpus[0].registers[DUMP_RIP], 0x77);
	ck_assert(!notes.kernel_offset_known);
	file.segment.p_type = PT_LOAD;
	file.segment.p_filesz++;
	ck_assert_fails(dump_read_notes(bytes, "x", &notes), "cut short");
}
END_TEST

START_TEST(module_with_a_build_id_keeps_its_sections)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	const struct module_section section = { ".text", 0xffffffffc0000000 };
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct module_layout layout = { .name = "no_such_driver",
					.build_id = "00112233445566778899aabbccddeeff",
					.sections = &section,
					.section_count = 1 };

	ck_assert_ok(symbolizer_create(&s));
	ck_assert_ok(symbolizer_add_module(s, &layout));
	ck_assert_ok(symbolizer_write_gdb(s, &out));
	/* Known, though no file for it is there. */
	ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "no_such_driver"));
}
END_TEST

START_TEST(gdb_loads_what_the_script_says)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	const struct module_section section = { ".text", 0xffffffffc0400000 };
	struct module_layout layout = { .name = "check_dump",
					.sections = &section,
					.section_count = 1 };
	_strbuf_ struct strbuf script = STRBUF_INIT;
	const char *const argv[] = { "gdb",
				     "-batch",
				     "-nx",
				     "-x",
				     "build/check_dump.gdb",
				     "-ex",
				     "info symbol 0xffffffffc0400040",
				     NULL };
	const struct process_options options = { .keep_stderr = true };
	struct process_result result = { 0 };
	char *exe = realpath("/proc/self/exe", NULL);

	if (!process_found("gdb")) {
		free(exe);
		return;
	}
	unlink("build/check_dump.ko.debug");
	ck_assert_int_eq(symlink(exe, "build/check_dump.ko.debug"), 0);
	free(exe);
	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(symbolizer_add_path(s, "build/check_dump.ko.debug"));
	ck_assert_ok(symbolizer_add_module(s, &layout));
	ck_assert_ok(symbolizer_write_gdb(s, &script));
	ck_assert_ok(
		file_write("build/check_dump.gdb", script.data, script.length, 0600));
	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_msg(strstr(strbuf_string(&result.output), "in section .text"), "%s\n%s",
		      strbuf_string(&script), strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	unlink("build/check_dump.gdb");
	unlink("build/check_dump.ko.debug");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dump");
	TCase *t = tcase_create("dump");

	tcase_set_timeout(t, 120);

	tcase_add_test(t, without_tables_what_follows_a_call_is_guessed);
	tcase_add_test(t, orc_of_every_kernel_leads_to_the_caller);
	tcase_add_test(t, frame_pointers_lead_on_where_they_are_proved);
	tcase_add_test(t, a_register_that_is_no_frame_pointer_is_not_followed);
	tcase_add_test(t, stack_that_leads_back_to_itself_ends);
	tcase_add_test(t, core_of_a_process_is_told_apart);
	tcase_add_test(t, module_with_a_build_id_keeps_its_sections);
	tcase_add_test(t, gdb_loads_what_the_script_says);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
