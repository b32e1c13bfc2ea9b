/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names without debug files: kallsyms of any form, BTF, and what is only a guess. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "symbolizer/beside.h"
#include "symbolizer/btf.h"
#include "symbolizer/packed.h"
#include "symbolizer/panic.h"
#include "symbolizer/symbolizer.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/check_names-XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(file_write(path, text, strlen(text), 0600));
	return path;
}

static void make_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static const char complete[] = "ffffffff81000000 T _stext\n"
			       "ffffffff81000100 t local_function\n"
			       "ffffffff81000200 T exported_function\n"
			       "ffffffffc0000000 t my_open\t[mydrv]\n"
			       "ffffffffc0000100 t my_read\t[mydrv]\n";

/* The one frame for an address by @kallsyms. */
static void resolves(const char *kallsyms, uint64_t address, const char *function,
		     const char *module, const char *confidence)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	_frames_ struct frames frames = { 0 };
	const struct frame *f;

	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(symbolizer_add_kallsyms(s, kallsyms));
	ck_assert_ok(symbolizer_resolve(s, address, FRAME_EXACT, &frames));
	ck_assert_uint_eq(frames.count, 1);
	f = &frames.items[0];
	ck_assert_str_eq(f->function, function);
	ck_assert_str_eq(f->confidence, confidence);
	ck_assert(module ? !strcmp(f->module, module) : !f->module);
}

START_TEST(kallsyms_names_kernel_and_modules)
{
	_free_ char *path = NULL;

	make_folder();
	path = write_file("kallsyms", complete);
	resolves(path, 0xffffffff81000110, "local_function", NULL, "symbol only");
	resolves(path, 0xffffffffc0000004, "my_open", "mydrv", "symbol only");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(packed_kallsyms_are_read_as_well)
{
	static const char *const tools[] = { "gzip", "xz", "zstd" };
	static const char *const ends[] = { "gz", "xz", "zst" };

	for (size_t i = 0; i < 3; i++) {
		_free_ char *path = NULL, *packed = NULL;
		char command[4200];

		if (!process_found(tools[i]))
			continue;
		make_folder();
		path = write_file("kallsyms", complete);
		snprintf(command, sizeof(command), "%s -q '%s'", tools[i], path);
		ck_assert_int_eq(system(command), 0);
		ck_assert_int_gt(asprintf(&packed, "%s.%s", path, ends[i]), 0);
		resolves(packed, 0xffffffff81000110, "local_function", NULL,
			 "symbol only");
		ck_assert_ok(file_remove_tree(folder));
	}
}
END_TEST

START_TEST(what_unpacks_to_too_much_is_an_error)
{
	_free_ char *path = NULL, *packed = NULL, *text = NULL;
	struct error *error;
	char command[4200];

	make_folder();
	path = write_file("kallsyms", complete);
	snprintf(command, sizeof(command), "gzip -q '%s'", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_gt(asprintf(&packed, "%s.gz", path), 0);
	error = packed_read_text(packed, 16, &text);
	ck_assert_ptr_nonnull(error);
	error_destroy(error);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(the_nearest_exported_symbol_is_marked_as_such)
{
	_free_ char *path = NULL;

	make_folder();
	path = write_file("exports", "ffffffff81000000 T _stext\n"
				     "ffffffff81000200 T exported_function\n"
				     "ffffffff81000900 T another\n");
	resolves(path, 0xffffffff81000700, "exported_function", NULL, "nearest exported");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(what_was_kept_of_another_machine_is_not_taken)
{
	_free_ char *first = NULL, *last = NULL, *old = NULL, *kept = NULL, *found = NULL,
		    *none = NULL;

	make_folder();
	first = write_file("console-1.log", "x\n");
	last = write_file("console-2.log", "x\n");
	old = write_file("modules-1.json", "{}");
	kept = write_file("modules.json", "{}");
	ck_assert_ok(beside_find(first, beside_layouts, &found));
	ck_assert_str_eq(found, old);
	ck_assert_ok(beside_find(last, beside_layouts, &none));
	ck_assert_ptr_null(none);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(what_the_cycler_keeps_lies_beside_the_log)
{
	_free_ char *log = NULL, *kept = NULL, *found = NULL, *none = NULL;

	make_folder();
	log = write_file("console.log", "x\n");
	ck_assert_ok(beside_find(log, beside_kallsyms, &none));
	ck_assert_ptr_null(none);
	kept = write_file("kallsyms", complete);
	ck_assert_ok(beside_find(log, beside_kallsyms, &found));
	ck_assert_str_eq(found, kept);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

/* BTF under construction. */
struct maker {
	struct strbuf types, strings;
};

static void put(struct strbuf *out, uint32_t value)
{
	strbuf_add(out, &value, sizeof(value));
}

static uint32_t text(struct maker *m, const char *string)
{
	uint32_t offset = (uint32_t)m->strings.length;

	strbuf_add(&m->strings, string, strlen(string) + 1);
	return offset;
}

static void type(struct maker *m, uint32_t name, unsigned int kind, uint32_t count,
		 uint32_t value)
{
	put(&m->types, name);
	put(&m->types, kind << 24 | count);
	put(&m->types, value);
}

static void finish(struct maker *m, struct strbuf *out)
{
	put(out, 0xeb9f | 1 << 16);
	put(out, 24);
	put(out, 0);
	put(out, (uint32_t)m->types.length);
	put(out, (uint32_t)m->types.length);
	put(out, (uint32_t)m->strings.length);
	strbuf_add(out, m->types.data, m->types.length);
	strbuf_add(out, m->strings.data, m->strings.length);
	strbuf_deinit(&m->types);
	strbuf_deinit(&m->strings);
}

/* long my_read(struct file *filp, const char *, ...): types 1 to 8. */
static void make_kernel(struct strbuf *out)
{
	struct maker m = { STRBUF_INIT, STRBUF_INIT };

	text(&m, "");
	type(&m, text(&m, "long"), 1, 0, 8);
	put(&m.types, 64);
	type(&m, text(&m, "file"), 4, 0, 8);
	type(&m, 0, 2, 0, 2);
	type(&m, text(&m, "char"), 1, 0, 1);
	put(&m.types, 8);
	type(&m, 0, 10, 0, 4);
	type(&m, 0, 2, 0, 5);
	type(&m, 0, 13, 3, 1);
	put(&m.types, text(&m, "filp"));
	put(&m.types, 3);
	put(&m.types, 0);
	put(&m.types, 6);
	put(&m.types, 0);
	put(&m.types, 0);
	type(&m, text(&m, "my_read"), 12, 0, 7);
	finish(&m, out);
}

/* Of a module, upon those: void mod_work(struct file *). */
static void make_module(struct strbuf *out, uint32_t strings)
{
	struct maker m = { STRBUF_INIT, STRBUF_INIT };

	type(&m, 0, 13, 1, 0);
	put(&m.types, 0);
	put(&m.types, 3);
	type(&m, strings + text(&m, "mod_work"), 12, 0, 9);
	finish(&m, out);
}

static void declares(const struct btf_types *types, const char *function,
		     const char *wanted)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	ck_assert_int_eq(btf_types_declare(types, function, &out), wanted != NULL);
	if (wanted)
		ck_assert_str_eq(strbuf_string(&out), wanted);
}

START_TEST(btf_declares_functions)
{
	_cleanup_(btf_types_destroy) struct btf_types *types = NULL;
	_strbuf_ struct strbuf bytes = STRBUF_INIT;

	make_kernel(&bytes);
	ck_assert_ok(btf_types_create(
		(struct span){ (uint8_t *)bytes.data, bytes.length }, NULL, &types));
	declares(types, "my_read", "long my_read(struct file *filp, const char *, ...)");
	declares(types, "other", NULL);
}
END_TEST

START_TEST(types_of_a_module_build_upon_the_kernels)
{
	_cleanup_(btf_types_destroy) struct btf_types *base = NULL, *module = NULL;
	_strbuf_ struct strbuf bytes = STRBUF_INIT, more = STRBUF_INIT;

	make_kernel(&bytes);
	ck_assert_ok(btf_types_create(
		(struct span){ (uint8_t *)bytes.data, bytes.length }, NULL, &base));
	/* Strings are counted on, too: from where the kernel's end. */
	make_module(&more, (uint32_t)strlen("long") + 1 + 5 + 5 + 5 + 8 + 1);
	ck_assert_ok(btf_types_create((struct span){ (uint8_t *)more.data, more.length },
				      base, &module));
	declares(module, "mod_work", "void mod_work(struct file *)");
	declares(module, "my_read", "long my_read(struct file *filp, const char *, ...)");
}
END_TEST

START_TEST(btf_cut_anywhere_is_refused_or_read)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;

	make_kernel(&bytes);
	for (size_t size = 0; size < bytes.length; size++) {
		struct span cut = { (uint8_t *)bytes.data, size };
		struct btf_types *types = NULL;
		struct error *error = btf_types_create(cut, NULL, &types);

		ck_assert(error || types);
		error_destroy(error);
		btf_types_destroy(types);
	}
}
END_TEST

START_TEST(without_a_line_a_frame_shows_the_declaration)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_frames_ struct frames frames = { 0 };
	const struct symbol_place place = { .function = "my_read",
					    .offset = 16,
					    .size = 64 };
	_free_ char *path = NULL;

	make_folder();
	make_kernel(&bytes);
	ck_assert_ok(file_join(folder, "vmlinux.btf", &path));
	ck_assert_ok(file_write(path, bytes.data, bytes.length, 0600));
	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	ck_assert_ok(symbolizer_add_btf(s, path));
	ck_assert_ok(symbolizer_resolve_place(s, &place, FRAME_RETURN, &frames));
	ck_assert_uint_eq(frames.count, 1);
	ck_assert_str_eq(frames.items[0].source,
			 "long my_read(struct file *filp, const char *, ...)");
	ck_assert_str_eq(frames.items[0].confidence, "symbol only");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, kallsyms_names_kernel_and_modules);
	tcase_add_test(tests, packed_kallsyms_are_read_as_well);
	tcase_add_test(tests, what_unpacks_to_too_much_is_an_error);
	tcase_add_test(tests, the_nearest_exported_symbol_is_marked_as_such);
	tcase_add_test(tests, what_the_cycler_keeps_lies_beside_the_log);
	tcase_add_test(tests, what_was_kept_of_another_machine_is_not_taken);
	tcase_add_test(tests, btf_declares_functions);
	tcase_add_test(tests, types_of_a_module_build_upon_the_kernels);
	tcase_add_test(tests, btf_cut_anywhere_is_refused_or_read);
	tcase_add_test(tests, without_a_line_a_frame_shows_the_declaration);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
