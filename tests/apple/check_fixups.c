/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chained fixups in every format, and export tries, as the writer beside makes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/strbuf.h"
#include "linter/apple/kext.h"
#include "linter/arena.h"
#include "tests/apple/macho_writer.h"
#include "tests/check_main.h"

static const unsigned int pointer_formats[] = { 1, 2, 6, 7, 9, 12 };

/* A slice with imports that stand in tables on several pages. */
static void make(unsigned int imports, unsigned int pointers, const char *more,
		 struct strbuf *out)
{
	_strbuf_ struct strbuf spec = STRBUF_INIT;

	strbuf_addf(&spec,
		    "arch %s\nchained %u %u\n%skmod org.example.A 1.0\n"
		    "function _own\npointer _near\npointer _own\ndata _gap 9000\n"
		    "pointer _far\nuse _perhaps weak\nuse _near\n"
		    "class org_example_A IOService\n",
		    pointers == 2 || pointers == 6 ? "x86_64" : "arm64e", imports,
		    pointers, more);
	ck_assert_ok(macho_write(strbuf_string(&spec), out));
}

static struct macho *open_slice(const struct strbuf *bytes)
{
	struct macho *macho = NULL;

	ck_assert_ok(macho_create(
		(struct span){ (const uint8_t *)bytes->data, bytes->length }, &macho));
	ck_assert_uint_eq(macho->problem_count, 0);
	return macho;
}

static size_t count_binds(const struct macho_fixups *fixups, const char *symbol)
{
	size_t count = 0;

	for (size_t i = 0; i < fixups->count; i++)
		count += fixups->items[i].symbol &&
			 !strcmp(fixups->items[i].symbol, symbol);
	return count;
}

static uint64_t address_of(const struct macho *macho, const char *symbol)
{
	struct macho_symbol s;

	for (size_t i = 0; macho_symbol(macho, i, &s); i++)
		if (!strcmp(s.name, symbol))
			return s.value;
	ck_abort_msg("no %s", symbol);
	return 0;
}

START_TEST(every_format_of_chained_fixups_is_walked)
{
	unsigned int imports = 1 + _i / ARRAY_LENGTH(pointer_formats),
		     pointers = pointer_formats[_i % ARRAY_LENGTH(pointer_formats)];
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	_macho_fixups_ struct macho_fixups fixups = { 0 };
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	size_t own = 0, weak = 0;

	make(imports, pointers, "", &bytes);
	macho = open_slice(&bytes);
	ck_assert_ok(macho_fixups_read(macho, &fixups));
	ck_assert(!fixups.incomplete);
	ck_assert_uint_eq(count_binds(&fixups, "_near"), 2);
	ck_assert_uint_eq(count_binds(&fixups, "_far"), 1);
	ck_assert_uint_eq(count_binds(&fixups, "__ZN9IOService10gMetaClassE"), 1);
	for (size_t i = 0; i < fixups.count; i++) {
		const struct macho_fixup *f = &fixups.items[i];

		own += !f->symbol && f->target == address_of(macho, "_own");
		weak += f->weak;
		if (f->weak)
			ck_assert_str_eq(f->symbol, "_perhaps");
	}
	ck_assert_uint_eq(own, 1);
	ck_assert_uint_eq(weak, 1);
	/* _far stands behind 9000 bytes: two pages on */
	for (size_t i = 0; i < fixups.count; i++)
		if (fixups.items[i].symbol && !strcmp(fixups.items[i].symbol, "_far"))
			ck_assert_uint_ge(fixups.items[i].address,
					  address_of(macho, "_gap") + 9000);
}
END_TEST

START_TEST(a_chain_to_nowhere_is_incomplete)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	_macho_fixups_ struct macho_fixups fixups = { 0 }, damaged = { 0 };
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	const struct macho_segment *data;
	size_t i = 0;
	uint64_t at;

	make(1, 7, "", &bytes);
	macho = open_slice(&bytes);
	data = macho_find_segment(macho, "__DATA");
	ck_assert_ok(macho_fixups_read(macho, &fixups));
	while (!fixups.items[i].symbol)
		i++;
	/* the number of its import becomes one that there is not */
	at = data->offset + fixups.items[i].address - data->address;
	bytes.data[at] = bytes.data[at + 1] = (char)0xff;
	ck_assert_ok(macho_fixups_read(macho, &damaged));
	ck_assert(damaged.incomplete);
}
END_TEST

static void read_slice(const struct strbuf *bytes, struct arena *arena, struct kpi *kpi,
		       struct kext_slice *ret)
{
	_macho_file_ struct macho_file file = { 0 };

	ck_assert_ok(macho_file_open(
		(struct span){ (const uint8_t *)bytes->data, bytes->length }, &file));
	ck_assert_ok(kext_slice_read(&file.slices[0], arena, kpi, ret));
}

START_TEST(imports_and_exports_survive_without_a_symbol_table)
{
	_cleanup_(kpi_destroy) struct kpi *kpi = NULL;
	struct arena *arena = NULL;
	_strbuf_ struct strbuf whole = STRBUF_INIT, bare = STRBUF_INIT;
	struct kext_slice with, without;

	ck_assert_ok(arena_create(&arena));
	ck_assert_ok(kpi_create(NULL, &kpi));
	make(1, 7, "trie\n", &whole);
	make(1, 7, "trie\nstripped\n", &bare);
	read_slice(&whole, arena, kpi, &with);
	read_slice(&bare, arena, kpi, &without);
	ck_assert_uint_eq(without.symbol_count, 0);
	ck_assert(!without.fixups_incomplete);
	ck_assert_uint_gt(with.export_count, 5);
	ck_assert_uint_eq(with.export_count, without.export_count);
	ck_assert_uint_eq(with.import_count, without.import_count);
	for (size_t i = 0; i < with.export_count; i++)
		ck_assert_str_eq(with.exports[i], without.exports[i]);
	for (size_t i = 0; i < with.import_count; i++)
		ck_assert_str_eq(with.imports[i].name, without.imports[i].name);
	arena_destroy(arena);
}
END_TEST

START_TEST(the_trie_gives_the_addresses_of_the_symbol_table)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	_macho_exports_ struct macho_exports trie = { 0 };
	_strbuf_ struct strbuf bytes = STRBUF_INIT;

	make(2, 6, "trie\n", &bytes);
	macho = open_slice(&bytes);
	ck_assert_ok(macho_exports_read(macho, &trie));
	ck_assert(!trie.incomplete);
	ck_assert_uint_gt(trie.count, 5);
	for (size_t i = 0; i < trie.count; i++)
		ck_assert_uint_eq(trie.items[i].address,
				  address_of(macho, trie.items[i].name));
}
END_TEST

/* @bytes as the export trie of an otherwise empty slice. */
static void read_trie(const void *bytes, size_t size, struct macho_exports *ret)
{
	struct macho macho = { .exports_trie = { bytes, size } };

	ck_assert_ok(macho_exports_read(&macho, ret));
}

START_TEST(a_trie_that_goes_round_or_ends_early_is_incomplete)
{
	static const struct {
		size_t size;
		const char *bytes;
	} tries[] = {
		{ 5, "\0\1a\0\0" },	    /* its child is the root */
		{ 5, "\0\1a\0\x40" },	    /* … or outside */
		{ 4, "\0\1aa" },	    /* a label without end */
		{ 3, "\7\0\0" },	    /* more information than there is */
		{ 9, "\0\2a\0\0b\0\0" },    /* two circles */
		{ 2, "\xff\xff" },	    /* a number without end */
		{ 8, "\0\1a\0\5\1\x80\0" }, /* flags without end */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(tries); i++) {
		_macho_exports_ struct macho_exports exports = { 0 };

		read_trie(tries[i].bytes, tries[i].size, &exports);
		ck_assert_msg(exports.incomplete, "trie %zu", i);
	}
}
END_TEST

START_TEST(names_are_put_together_from_their_parts)
{
	/* _a, _ab, _b; the last is weak */
	static const char trie[] =
		"\0\1_\0\5\0\2a\0\015b\0\024\2\0\020\1b\0\032\2\4\022\0"
		"\0\0\2\0\021\0";
	_macho_exports_ struct macho_exports exports = { 0 };

	read_trie(trie, sizeof(trie) - 1, &exports);
	ck_assert(!exports.incomplete);
	ck_assert_uint_eq(exports.count, 3);
	ck_assert_str_eq(exports.items[0].name, "_a");
	ck_assert_str_eq(exports.items[1].name, "_ab");
	ck_assert_str_eq(exports.items[2].name, "_b");
	ck_assert_uint_eq(exports.items[1].address, 17);
	ck_assert(exports.items[2].weak);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fixups");
	TCase *tcase = tcase_create("fixups");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_format_of_chained_fixups_is_walked, 0,
			    3 * ARRAY_LENGTH(pointer_formats));
	tcase_add_test(tcase, a_chain_to_nowhere_is_incomplete);
	tcase_add_test(tcase, imports_and_exports_survive_without_a_symbol_table);
	tcase_add_test(tcase, the_trie_gives_the_addresses_of_the_symbol_table);
	tcase_add_test(tcase, a_trie_that_goes_round_or_ends_early_is_incomplete);
	tcase_add_test(tcase, names_are_put_together_from_their_parts);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
