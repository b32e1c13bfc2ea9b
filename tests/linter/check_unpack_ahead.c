/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "common/file.h"
#include "linter/unpack_ahead.h"
#include "tests/check_main.h"

enum { MODULES = 300, BROKEN = 77 };

static char folder[] = "/tmp/bookend-ahead-XXXXXX";
static struct bundle *bundle;
static const struct member *members[MODULES];

/* 000.ko.zst to 299.ko.zst hold their number; one of them is broken. */
static void setup(void)
{
	strcpy(folder, "/tmp/bookend-ahead-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int i = 0; i < MODULES; i++) {
		char text[64], path[64], packed[256];
		size_t n = (size_t)snprintf(text, sizeof(text), "module %d", i);

		n = ZSTD_compress(packed, sizeof(packed), text, n, 3);
		ck_assert(!ZSTD_isError(n));
		snprintf(path, sizeof(path), "%s/%03d.ko.zst", folder, i);
		ck_assert_ok(file_write(path, packed, i == BROKEN ? n / 2 : n, 0644));
	}
	ck_assert_ok(bundle_open(folder, NULL, &bundle));
	ck_assert_uint_eq(bundle->count, MODULES);
	for (size_t i = 0; i < MODULES; i++)
		members[i] = &bundle->members[i];
}

static void teardown(void)
{
	bundle_destroy(bundle);
	ck_assert_ok(file_remove_tree(folder));
}

START_TEST(members_come_in_order_with_their_errors)
{
	_cleanup_(unpack_ahead_destroy) struct unpack_ahead *ahead = NULL;

	ck_assert_ok(
		unpack_ahead_create(bundle, members, MODULES, (unsigned int)_i, &ahead));
	for (int i = 0; i < MODULES; i++) {
		_content_ struct content content = { 0 };
		_error_ struct error *error = unpack_ahead_take(ahead, &content);
		char text[64];
		int n = snprintf(text, sizeof(text), "module %d", i);

		ck_assert_int_eq(error != NULL, i == BROKEN);
		if (error)
			continue;
		ck_assert_int_eq((int)content.bytes.size, n);
		ck_assert_mem_eq(content.bytes.data, text, (size_t)n);
	}
}
END_TEST

START_TEST(what_nobody_took_is_freed)
{
	_cleanup_(unpack_ahead_destroy) struct unpack_ahead *ahead = NULL;
	_content_ struct content content = { 0 };

	ck_assert_ok(unpack_ahead_create(bundle, members, MODULES, 3, &ahead));
	ck_assert_ok(unpack_ahead_take(ahead, &content));
}
END_TEST

START_TEST(threads_are_for_what_unpacks_slowly)
{
	ck_assert_uint_eq(unpack_ahead_threads(members, MODULES), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unpack_ahead");
	TCase *tcase = tcase_create("unpack_ahead");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, members_come_in_order_with_their_errors, 0, 4);
	tcase_add_test(tcase, what_nobody_took_is_freed);
	tcase_add_test(tcase, threads_are_for_what_unpacks_slowly);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
