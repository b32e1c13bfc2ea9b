/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "symbolizer/assigned.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/store.h"
#include "tests/check_main.h"

static const char path[] = "build/tests/symbolizer/allocating.o";

/* The calls in the order of the file. */
static const struct expected {
	uint64_t bytes;
	const char *place, *type;
	uint64_t count, rest;
} expected[] = {
	{ 40, "small", "struct small", 1, 0 },
	{ 96, "holder->medium", "struct medium", 1, 0 },
	{ 40, "holder->nested.inner", "struct small", 1, 0 },
	{ 40, "holder->raw", NULL, 0, 0 },
	{ 200, "table", "struct small", 5, 0 },
	{ 113, "message", "struct medium", 1, 17 },
	{ 24, "text", "struct flexible", 1, 16 },
	{ 17, NULL, NULL, 0, 0 },
};

enum { CALLS = sizeof(expected) / sizeof(expected[0]) };

/* Where each call of allocate() returns to, from the file's relocations. */
static size_t find_calls(const struct debugfile *file, uint64_t ret[CALLS])
{
	Elf_Scn *scn = NULL;
	size_t count = 0;
	GElf_Shdr section, symbols, code;

	while ((scn = elf_nextscn(file->elf, scn))) {
		Elf_Scn *table, *text;
		Elf_Data *data = elf_getdata(scn, NULL);

		if (!gelf_getshdr(scn, &section) || section.sh_type != SHT_RELA)
			continue;
		table = elf_getscn(file->elf, section.sh_link);
		text = elf_getscn(file->elf, section.sh_info);
		if (!gelf_getshdr(table, &symbols) || !gelf_getshdr(text, &code) ||
		    !(code.sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t i = 0; i < section.sh_size / section.sh_entsize; i++) {
			GElf_Rela rela;
			GElf_Sym symbol;

			ck_assert_ptr_nonnull(gelf_getrela(data, (int)i, &rela));
			ck_assert_ptr_nonnull(gelf_getsym(elf_getdata(table, NULL),
							  (int)GELF_R_SYM(rela.r_info),
							  &symbol));
			if (count < CALLS &&
			    !strcmp(elf_strptr(file->elf, symbols.sh_link,
					       symbol.st_name),
				    "allocate"))
				ret[count++] = code.sh_addr + rela.r_offset + 4;
		}
	}
	return count;
}

START_TEST(an_allocation_is_named_by_what_it_is_assigned_to)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	uint64_t calls[CALLS];

	ck_assert_ok(debugfile_open(path, NULL, &file));
	if (file->ehdr.e_machine != EM_X86_64)
		return;
	ck_assert_uint_eq(find_calls(file, calls), CALLS);
	for (size_t i = 0; i < CALLS; i++) {
		const struct expected *e = &expected[i];
		_assigned_ struct assigned assigned = { 0 };

		ck_assert_ok(assigned_find(file, calls[i], e->bytes, true, &assigned));
		ck_assert_pstr_eq(assigned.place, e->place);
		ck_assert_pstr_eq(assigned.type, e->type);
		ck_assert_uint_eq(assigned.count, e->count);
		ck_assert_uint_eq(assigned.rest, e->rest);
		ck_assert(!assigned.likely);
	}
}
END_TEST

START_TEST(what_an_allocator_took_for_itself_must_have_the_size_of_the_type)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_assigned_ struct assigned assigned = { 0 };
	uint64_t calls[CALLS];

	ck_assert_ok(debugfile_open(path, NULL, &file));
	if (file->ehdr.e_machine != EM_X86_64)
		return;
	ck_assert_uint_eq(find_calls(file, calls), CALLS);
	ck_assert_ok(assigned_find(file, calls[4], 200, false, &assigned));
	ck_assert_ptr_null(assigned.type);
}
END_TEST

START_TEST(an_address_without_code_names_nothing)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_assigned_ struct assigned assigned = { 0 };

	ck_assert_ok(debugfile_open(path, NULL, &file));
	ck_assert_ok(assigned_find(file, 0, 40, true, &assigned));
	ck_assert_ok(assigned_find(file, ~0ULL, 40, true, &assigned));
	ck_assert_ptr_null(assigned.place);
}
END_TEST

static bool stores(const char *code, size_t size, struct store *ret)
{
	return store_of_result((struct span){ (const uint8_t *)code, size }, ret);
}

START_TEST(a_store_is_found_behind_copies_and_tests)
{
	/* mov rbp, rax; test rax, rax; je; cmp rbp, -4096; mov [r12+0x358], rbp */
	static const char code[] = "\x48\x89\xc5\x48\x85\xc0\x74\x10"
				   "\x48\x81\xfd\x00\xf0\xff\xff"
				   "\x49\x89\xac\x24\x58\x03\x00\x00";
	struct store store;

	ck_assert(stores(code, sizeof(code) - 1, &store));
	ck_assert_uint_eq(store.at, 15);
	ck_assert_uint_eq(store.base, 12);
	ck_assert_int_eq(store.displacement, 0x358);
	/* mov [rbx+8], rax */
	ck_assert(stores("\x48\x89\x43\x08", 4, &store));
	ck_assert_uint_eq(store.base, 3);
	ck_assert_int_eq(store.displacement, 8);
}
END_TEST

START_TEST(what_is_no_store_of_the_result_is_none)
{
	struct store store;

	ck_assert(!stores("\x89\x43\x08\xc3", 4, &store));	       /* 32 bits */
	ck_assert(!stores("\x48\x89\x44\x24\x08", 5, &store));	       /* to the stack */
	ck_assert(!stores("\x48\x89\x05\x00\x00\x00\x00", 7, &store)); /* a variable */
	ck_assert(!stores("\x31\xc0\x48\x89\x43\x08", 6, &store));     /* overwritten */
	ck_assert(!stores("\x48\x8b\x03\x48\x89\x43\x08", 7, &store));
	ck_assert(!stores("\x48\x89", 2, &store)); /* cut off */
	ck_assert(!stores("\x49\x89\x84", 3, &store));
	ck_assert(!stores("", 0, &store));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("assigned");
	TCase *tests = tcase_create("assigned");

	tcase_add_test(tests, an_allocation_is_named_by_what_it_is_assigned_to);
	tcase_add_test(tests,
		       what_an_allocator_took_for_itself_must_have_the_size_of_the_type);
	tcase_add_test(tests, an_address_without_code_names_nothing);
	tcase_add_test(tests, a_store_is_found_behind_copies_and_tests);
	tcase_add_test(tests, what_is_no_store_of_the_result_is_none);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
