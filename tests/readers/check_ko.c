/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/file.h"
#include "readers/ko.h"
#include "tests/check_main.h"

/* Assembled by the build, beside this program, from fixtures/module.S. */
static struct mapping load(void)
{
	_free_ char *own = NULL, *path = NULL;
	struct mapping mapping = { 0 };

	ck_assert_ok(file_own_folder(&own));
	ck_assert_ok(file_join(own, "module.ko", &path));
	ck_assert_ok(file_map(path, &mapping));
	return mapping;
}

START_TEST(reads_imports_exports_and_versions)
{
	_mapping_ struct mapping mapping = load();
	_cleanup_(ko_destroy) struct ko *ko = NULL;
	const struct ko_import *import;

	ck_assert_ok(ko_create("module.ko", mapping.bytes, &ko));
	ck_assert_str_eq(ko_info(ko, "license"), "GPL");
	import = ko_find_import(ko, "printk");
	ck_assert(import && import->has_crc && import->crc == 0x22222222);
	import = ko_find_import(ko, "module_layout");
	ck_assert(import && import->crc == 0x11111111);
	ck_assert_uint_eq(ko->export_count, 1);
	ck_assert_str_eq(ko->exports[0].name, "refdrv_call");
	ck_assert_str_eq(ko->exports[0].space, "REFDRV");
	ck_assert(ko->exports[0].gpl && ko->exports[0].crc == 0x33333333);
	ck_assert_int_eq(ko->signature.state, KO_UNSIGNED);
}
END_TEST

START_TEST(survives_every_truncation)
{
	_mapping_ struct mapping mapping = load();

	for (size_t n = 0; n < mapping.bytes.size; n++) {
		_free_ uint8_t *copy = malloc(n ? n : 1);
		_cleanup_(ko_destroy) struct ko *ko = NULL;
		_error_ struct error *error = NULL;

		memcpy(copy, mapping.bytes.data, n);
		error = ko_create("module.ko", (struct span){ copy, n }, &ko);
		ck_assert_msg(error != NULL, "%zu of %zu bytes pass for a module", n,
			      mapping.bytes.size);
	}
}
END_TEST

START_TEST(survives_every_changed_byte)
{
	static const uint8_t values[] = { 0x00, 0xff, 0x7f, 0x80 };
	_mapping_ struct mapping mapping = load();
	_free_ uint8_t *copy = malloc(mapping.bytes.size);

	memcpy(copy, mapping.bytes.data, mapping.bytes.size);
	for (size_t i = 0; i < mapping.bytes.size; i++)
		for (size_t k = 0; k < sizeof(values); k++) {
			_cleanup_(ko_destroy) struct ko *ko = NULL;
			_error_ struct error *error = NULL;

			copy[i] = values[k];
			error = ko_create("module.ko",
					  (struct span){ copy, mapping.bytes.size }, &ko);
			copy[i] = mapping.bytes.data[i];
		}
}
END_TEST

START_TEST(tells_what_is_no_module)
{
	static const char script[] = "#!/bin/sh\n";
	struct ko *ko;

	ck_assert_fails(ko_create("x.ko", (struct span){ (const uint8_t *)script, 10 },
				  &ko),
			"x.ko is not an ELF file");
}
END_TEST

START_TEST(reads_a_signature_and_its_place)
{
	static const char tail[] =
		"\0\0\2\0\0\0\0\0\0\0\0\2~Module signature appended~\n";
	_mapping_ struct mapping mapping = load();
	size_t n = mapping.bytes.size;
	_free_ uint8_t *copy = malloc(n + 64);
	_cleanup_(ko_destroy) struct ko *ko = NULL;

	memcpy(copy, mapping.bytes.data, n);
	memcpy(copy + n, "\x30\0", 2);
	memcpy(copy + n + 2, tail, sizeof(tail) - 1);
	ck_assert_ok(
		ko_create("x.ko", (struct span){ copy, n + 2 + sizeof(tail) - 1 }, &ko));
	ck_assert_int_eq(ko->signature.state, KO_SIGNED);
	ck_assert_uint_eq(ko->body.size, n);
	ko_destroy(take(ko));
	copy[n + 2 + sizeof(tail) - 1] = '\n';
	ck_assert_ok(ko_create("x.ko", (struct span){ copy, n + 2 + sizeof(tail) }, &ko));
	ck_assert_int_eq(ko->signature.state, KO_SIGNATURE_NOT_LAST);
	ko_destroy(take(ko));
	copy[n + 2 + 8] = 0x7f;
	ck_assert_ok(
		ko_create("x.ko", (struct span){ copy, n + 2 + sizeof(tail) - 1 }, &ko));
	ck_assert_int_eq(ko->signature.state, KO_SIGNATURE_BROKEN);
}
END_TEST

START_TEST(names_a_module_as_the_kernel_does)
{
	_free_ char *a = ko_name_of_path("x.deb!lib/modules/refdrv-net.ko.xz");
	_free_ char *b = ko_name_of_path("refdrv.ko");

	ck_assert_str_eq(a, "refdrv_net");
	ck_assert_str_eq(b, "refdrv");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ko");
	TCase *tcase = tcase_create("ko");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, reads_imports_exports_and_versions);
	tcase_add_test(tcase, survives_every_truncation);
	tcase_add_test(tcase, survives_every_changed_byte);
	tcase_add_test(tcase, tells_what_is_no_module);
	tcase_add_test(tcase, reads_a_signature_and_its_place);
	tcase_add_test(tcase, names_a_module_as_the_kernel_does);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
