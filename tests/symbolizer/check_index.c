/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test program looks itself up: it has symbols, lines and inlined functions. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/gsym.h"
#include "symbolizer/index.h"
#include "symbolizer/index_cache.h"
#include "symbolizer/object.h"
#include "symbolizer/unit.h"
#include "tests/check_main.h"

volatile int sink;

static unsigned int inlined_line, call_line;

static __attribute__((noinline)) void *who_called(void)
{
	return (char *)__builtin_return_address(0) - 1;
}

static inline __attribute__((always_inline)) void *inlined_here(void)
{
	void *here;

	inlined_line = __LINE__ + 1;
	here = who_called();
	sink++;
	return here;
}

static __attribute__((noinline)) void *outer_function(void)
{
	call_line = __LINE__ + 1;
	return inlined_here();
}

/* Where the executable was loaded: addresses in the file are less by this. */
static int find_base(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(uintptr_t *)data = info->dlpi_addr;
	return 1;
}

static uint64_t in_file(const void *address)
{
	uintptr_t base = 0;

	dl_iterate_phdr(find_base, &base);
	return (uintptr_t)address - base;
}

static struct index *make_whole(void)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	struct index *index = NULL;
	uint8_t *bytes;
	size_t size;

	ck_assert_ok(debugfile_open("/proc/self/exe", NULL, &file));
	ck_assert_ok(debugfile_make_index(file, &bytes, &size));
	ck_assert_ok(index_wrap(bytes, size, &index));
	return index;
}

static void check_hit(const struct index_hit *hit)
{
	ck_assert_uint_eq(hit->count, 2);
	ck_assert_str_eq(hit->places[0].function, "inlined_here");
	ck_assert_str_eq(hit->places[1].function, "outer_function");
	ck_assert_ptr_nonnull(strstr(hit->places[0].file, "check_index.c"));
	ck_assert_uint_eq(hit->places[0].line, inlined_line);
	ck_assert_uint_eq(hit->places[1].line, call_line);
}

START_TEST(a_module_whose_debug_file_is_elsewhere_is_no_trap)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_free_ char *folder = NULL, *path = NULL;
	uint8_t *bytes = NULL;
	size_t size;

	ck_assert_ok(file_own_folder(&folder));
	ck_assert_ok(file_join(folder, "stripped.o", &path));
	ck_assert_ok(debugfile_open(path, NULL, &file));
	ck_assert_ok(debugfile_make_index(file, &bytes, &size));
	free(bytes);
}
END_TEST

START_TEST(finds_inlined_functions_and_their_call)
{
	_cleanup_(index_close) struct index *index = make_whole();
	struct index_hit hit;

	index_lookup(index, in_file(outer_function()), &hit);
	check_hit(&hit);
	ck_assert_str_eq(hit.symbol.name, "outer_function");
}
END_TEST

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void compare_hits(const struct index_hit *a, const struct index_hit *b)
{
	ck_assert_uint_eq(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		ck_assert(same_text(a->places[i].function, b->places[i].function));
		ck_assert(same_text(a->places[i].file, b->places[i].file));
		ck_assert_uint_eq(a->places[i].line, b->places[i].line);
		ck_assert_uint_eq(a->places[i].column, b->places[i].column);
	}
}

START_TEST(one_function_says_the_same_as_the_whole_index)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_cleanup_(index_close) struct index *whole = make_whole();
	struct index_function_info fn;
	struct index_hit a, b;

	ck_assert_ok(debugfile_open("/proc/self/exe", NULL, &file));
	for (size_t nth = 0; nth < 4000 && index_function_at(whole, nth, &fn); nth += 7)
		for (uint64_t at = 0; at < fn.size; at += 1 + fn.size / 5) {
			_cleanup_(index_close) struct index *one = NULL;
			struct unit_range range;

			ck_assert_ok(debugfile_make_function(file, fn.address + at,
							     &range, &one));
			ck_assert_ptr_nonnull(one);
			ck_assert(fn.address + at >= range.start);
			ck_assert(fn.address + at < range.end);
			index_lookup(whole, fn.address + at, &a);
			index_lookup(one, fn.address + at, &b);
			compare_hits(&a, &b);
		}
}
END_TEST

START_TEST(finds_symbols_by_name)
{
	_cleanup_(index_close) struct index *index = make_whole();
	struct index_symbol_hit hit;

	ck_assert(index_find_symbol(index, "outer_function", 0, &hit));
	ck_assert(!index_find_symbol(index, "outer_function", 1, &hit));
	ck_assert(!index_find_symbol(index, "outer_functio", 0, &hit));
}
END_TEST

static struct error *write_index(const char *path, size_t flip)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_free_ uint8_t *bytes = NULL;
	size_t size;

	ck_assert_ok(debugfile_open("/proc/self/exe", NULL, &file));
	ck_assert_ok(debugfile_make_index(file, &bytes, &size));
	if (flip)
		bytes[flip < size ? flip : size - 1] ^= 0x40;
	return file_write(path, bytes, size, 0600);
}

START_TEST(a_damaged_header_is_refused)
{
	_cleanup_(index_close) struct index *index = NULL;

	ck_assert_ok(write_index("build/check_index.tmp", 20));
	ck_assert_fails(index_open("build/check_index.tmp", &index), "not usable");
	unlink("build/check_index.tmp");
}
END_TEST

START_TEST(a_damaged_chunk_is_noticed_when_it_is_touched)
{
	_cleanup_(index_close) struct index *index = NULL;
	struct index_hit hit;

	ck_assert_ok(write_index("build/check_index2.tmp", SIZE_MAX));
	ck_assert_ok(index_open("build/check_index2.tmp", &index));
	ck_assert(!index_damaged(index));
	for (uint64_t a = 0; a < 1 << 20; a += 64)
		index_lookup(index, index_head(index)->base + a, &hit);
	ck_assert(index_damaged(index));
	unlink("build/check_index2.tmp");
}
END_TEST

START_TEST(many_processes_may_fill_one_cache)
{
	_free_ char *folder = NULL;
	pid_t children[4];
	struct index_hit hit;
	_cleanup_(object_destroy) struct object *object = NULL;
	_cleanup_(index_close) struct index *cached = NULL;

	ck_assert_ok(file_remove_tree("build/check_cache"));
	ck_assert_ok(file_make_folder("build/check_cache", 0700));
	folder = realpath("build/check_cache", NULL);
	ck_assert_ptr_nonnull(folder);
	setenv("XDG_CACHE_HOME", folder, 1);
	ck_assert_ok(object_create("/proc/self/exe", NULL, true, &object));
	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (!children[i]) {
			_error_ struct error *error = object_index(object);

			_exit(error ? 1 : 0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_ok(
		index_cache_open("/proc/self/exe", object_build_id(object), &cached));
	ck_assert_ptr_nonnull(cached);
	index_lookup(cached, in_file(outer_function()), &hit);
	check_hit(&hit);
	ck_assert_ok(file_remove_tree("build/check_cache"));
}
END_TEST

START_TEST(llvm_reads_the_gsym_that_is_written)
{
	_cleanup_(index_close) struct index *index = make_whole();
	_strbuf_ struct strbuf gsym = STRBUF_INIT;
	struct process_result result = { 0 };
	char address[40];
	const char *const argv[] = { "llvm-gsymutil-14", address,
				     "build/check_index.gsym", NULL };

	ck_assert_ok(gsym_write(index, &gsym));
	ck_assert_uint_gt(gsym.length, 48);
	if (!process_found(argv[0]))
		return;
	snprintf(address, sizeof(address), "--address=0x%llx",
		 (unsigned long long)in_file(outer_function()));
	ck_assert_ok(file_write(argv[2], gsym.data, gsym.length, 0600));
	ck_assert_ok(process_run(argv, &(struct process_options){ 0 }, &result));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&result.output), "inlined_here"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&result.output), "outer_function"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&result.output), "check_index.c"));
	strbuf_deinit(&result.output);
	unlink(argv[2]);
}
END_TEST

START_TEST(gsym_is_read_as_it_was_written)
{
	_cleanup_(index_close) struct index *index = make_whole(), *back = NULL;
	_strbuf_ struct strbuf gsym = STRBUF_INIT;
	struct index_hit want, got;
	void *here = outer_function();
	struct span bytes;

	ck_assert_ok(gsym_write(index, &gsym));
	bytes = (struct span){ (uint8_t *)gsym.data, gsym.length };
	ck_assert(gsym_recognise(bytes));
	ck_assert_ok(gsym_read(bytes, "x.gsym", &back));
	ck_assert_str_eq(index_head(back)->build_id, index_head(index)->build_id);
	index_lookup(index, in_file(here), &want);
	index_lookup(back, in_file(here), &got);
	ck_assert_uint_eq(want.count, 2);
	ck_assert_uint_eq(got.count, want.count);
	for (size_t i = 0; i < want.count; i++) {
		ck_assert_str_eq(got.places[i].function, want.places[i].function);
		ck_assert_str_eq(got.places[i].file, want.places[i].file);
		ck_assert_uint_eq(got.places[i].line, want.places[i].line);
	}
	ck_assert_str_eq(got.symbol.name, "outer_function");
	ck_assert_uint_eq(got.symbol.size, want.symbol.size);
}
END_TEST

START_TEST(gsym_cut_anywhere_is_refused_or_read)
{
	_cleanup_(index_close) struct index *index = make_whole();
	_strbuf_ struct strbuf gsym = STRBUF_INIT;

	ck_assert_ok(gsym_write(index, &gsym));
	for (size_t size = 0; size < gsym.length; size += size < 600 ? 1 : 97) {
		_cleanup_(index_close) struct index *back = NULL;
		_free_ uint8_t *copy = malloc(size + 1);
		_error_ struct error *error = NULL;

		memcpy(copy, gsym.data, size);
		error = gsym_read((struct span){ copy, size }, "x.gsym", &back);
		ck_assert_msg(error || size > 600, "read %zu bytes", size);
	}
}
END_TEST

START_TEST(what_is_no_elf_file_is_an_error)
{
	struct debugfile *file = NULL;

	ck_assert_fails(debugfile_open("COPYING", NULL, &file), "not an ELF file");
	ck_assert_fails(debugfile_open("no-such-file", NULL, &file), "cannot open");
	ck_assert_fails(debugfile_open("common", NULL, &file), "not a regular file");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index");
	TCase *tests = tcase_create("index");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_module_whose_debug_file_is_elsewhere_is_no_trap);
	tcase_add_test(tests, finds_inlined_functions_and_their_call);
	tcase_add_test(tests, one_function_says_the_same_as_the_whole_index);
	tcase_add_test(tests, finds_symbols_by_name);
	tcase_add_test(tests, a_damaged_header_is_refused);
	tcase_add_test(tests, a_damaged_chunk_is_noticed_when_it_is_touched);
	tcase_add_test(tests, many_processes_may_fill_one_cache);
	tcase_add_test(tests, llvm_reads_the_gsym_that_is_written);
	tcase_add_test(tests, gsym_is_read_as_it_was_written);
	tcase_add_test(tests, gsym_cut_anywhere_is_refused_or_read);
	tcase_add_test(tests, what_is_no_elf_file_is_an_error);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
