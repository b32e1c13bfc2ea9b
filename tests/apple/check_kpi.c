/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packed tables against the lists they were made from, read here by other means;
 * and what the tables say of a few symbols that came and went.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/file.h"
#include "common/strbuf.h"

#include "linter/apple/kext_version.h"
#include "linter/apple/kpi.h"
#include "tests/check_main.h"

static struct kpi *tables;

static void setup(void)
{
	ck_assert_ok(kpi_create(NULL, &tables));
}

static void teardown(void)
{
	kpi_destroy(tables);
}

static kpi_releases exports(const char *library, const char *symbol, enum kpi_arch arch)
{
	int index = kpi_library(tables, library);
	struct kpi_availability availability;

	ck_assert_int_ge(index, 0);
	kpi_find(tables, symbol, &availability);
	return availability.by[index][arch];
}

START_TEST(knows_every_release_from_10_3_to_15)
{
	ck_assert_uint_eq(tables->release_count, 18);
	ck_assert_uint_eq(kpi_release_named(tables, "10.3")->darwin, 7);
	ck_assert_uint_eq(kpi_release_named(tables, "15")->darwin, 24);
	ck_assert_uint_eq(kpi_release_named(tables, "10.16")->darwin, 20);
	ck_assert_ptr_null(kpi_release_named(tables, "10.2"));
	for (size_t i = 0; i < tables->release_count; i++)
		ck_assert_ptr_nonnull(kpi_last_version(tables->releases[i].darwin));
}
END_TEST

START_TEST(a_prefix_stands_for_all_its_symbols)
{
	ck_assert_uint_ne(
		exports("com.apple.kpi.private", "_hv_get_anything", KPI_X86_64), 0);
	ck_assert_uint_eq(exports("com.apple.kpi.private", "_hv_ge", KPI_X86_64), 0);
}
END_TEST

START_TEST(refuses_a_damaged_table)
{
	_free_ char *folder = NULL, *path = NULL, *text = NULL;
	char damaged[] = "/tmp/bookend-kpi-XXXXXX";
	struct kpi *kpi = NULL;
	struct stat st;
	int fd = mkstemp(damaged);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_ok(file_data_folder("rules", &folder));
	ck_assert_ok(file_join(folder, "kpi.tab", &path));
	ck_assert_ok(file_read_text(path, 4 << 20, &text));
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t size = 0; size < st.st_size; size += 1 + st.st_size / 64) {
		ck_assert_ok(file_write(damaged, text, size, 0600));
		error_destroy(kpi_create(damaged, &kpi));
		kpi_destroy(take(kpi));
	}
	ck_assert_ok(file_write(damaged, "set 99/x86_64:1\n", 16, 0600));
	ck_assert_fails(kpi_create(damaged, &kpi), "line 1");
	ck_assert_ok(file_write(damaged, "symbols\n!_a\t7\n", 14, 0600));
	ck_assert_fails(kpi_create(damaged, &kpi), "no set 7");
	unlink(damaged);
}
END_TEST

START_TEST(orders_versions_as_the_loader_does)
{
	static const char *const ascending[] = {
		"0.1",	  "1.0d1",  "1.0d2", "1.0a1", "1.0b1",	"1.0b12",
		"1.0f1",  "1.0",    "1.0.1", "1.1",   "8.0.0b1", "8.0.0b2",
		"8.0",	  "10.0.0", "19.6",  "100",
	}, *const bad[] = { "", "x", "1.0.0.0", "1.0x3", "1.0d", "1.0d256", "1.0.0.",
			    "1.0 beta", "12345", "1.0fc0", "-1", "1.0.0d1x" };
	uint64_t before = 0, version;

	for (size_t i = 0; i < ARRAY_LENGTH(ascending); i++) {
		ck_assert_msg(kext_version_parse(ascending[i], &version), "%s",
			      ascending[i]);
		ck_assert_msg(version > before, "%s", ascending[i]);
		before = version;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		ck_assert_msg(!kext_version_parse(bad[i], &version), "'%s'", bad[i]);
}
END_TEST

/* From here: a reader of the lists that shares nothing with kpi-pack and kpi.c. */
static char *lists;

static FILE *open_list(const char *name)
{
	_free_ char *path = NULL;
	FILE *file;

	ck_assert_ok(file_join(lists, name, &path));
	file = fopen(path, "re");
	ck_assert_msg(file, "%s", path);
	return file;
}

static bool listed(const char *where, const char *arch, unsigned int darwin)
{
	size_t length = strlen(arch);
	const char *p = where;

	while ((p = strstr(p, arch))) {
		bool whole = (p == where || p[-1] == ';') && p[length] == ':';

		p += length;
		if (!whole)
			continue;
		do {
			char *end;
			unsigned long first = strtoul(p + 1, &end, 10), last = first;

			if (*end == '-')
				last = strtoul(end + 1, &end, 10);
			if (darwin >= first && darwin <= last)
				return true;
			p = end;
		} while (*p == ',');
	}
	return false;
}

START_TEST(agrees_with_every_line_of_the_symbol_list)
{
	_fclose_ FILE *file = open_list("kpi-symbols.tsv");
	static char line[1024], library[64], symbol[768], where[256];
	size_t lines = 0, cells = 0, set = 0, packed = 0;

	while (fgets(line, sizeof(line), file)) {
		if (*line == '#')
			continue;
		ck_assert_int_eq(sscanf(line, "%63s %767s %255s", library, symbol, where),
				 3);
		lines++;
		for (unsigned int arch = 0; arch < KPI_ARCH_COUNT; arch++) {
			kpi_releases got = exports(library, symbol, arch);

			for (unsigned int darwin = 7; darwin <= 24; darwin++, cells++) {
				bool want = listed(where, kpi_arch_names[arch], darwin);

				set += want;
				ck_assert_msg(want == (got >> darwin & 1),
					      "%s %s %s Darwin %u: list says %d", library,
					      symbol, kpi_arch_names[arch], darwin, want);
			}
		}
	}
	/* and nothing that the lists do not have */
	for (size_t i = 0; i < tables->symbol_count; i++)
		for (size_t l = 0; l < tables->library_count; l++)
			for (size_t a = 0; a < KPI_ARCH_COUNT; a++)
				packed += __builtin_popcount(
					tables->sets[tables->symbols[i].set].by[l][a]);
	ck_assert_uint_eq(packed, set);
	printf("compared %zu lines, %zu cells, %zu of them set\n", lines, cells, set);
}
END_TEST

START_TEST(agrees_with_every_line_of_the_library_list)
{
	_fclose_ FILE *file = open_list("kpi-libraries.tsv");
	char line[512], macos[16], library[64], compatible[32];
	unsigned int darwin, present = 0, lines = 0;

	while (fgets(line, sizeof(line), file)) {
		int index;

		if (*line == '#')
			continue;
		ck_assert_int_eq(sscanf(line, "%u %15s %63s %31s", &darwin, macos,
					library, compatible),
				 4);
		index = kpi_library(tables, library);
		ck_assert_int_ge(index, 0);
		ck_assert_str_eq(tables->libraries[index].text[darwin], compatible);
		ck_assert_uint_eq(kpi_release_named(tables, macos)->darwin, darwin);
		lines++;
	}
	for (size_t i = 0; i < tables->library_count; i++)
		present += __builtin_popcount(tables->libraries[i].present);
	ck_assert_uint_eq(present, lines);
}
END_TEST

static bool find_lists(void)
{
	_free_ char *probe = NULL;
	const char *folder = getenv("BOOKEND_KPI_DATA");

	lists = strdup(folder ? folder : "../shared/data");
	if (asprintf(&probe, "%s/kpi-symbols.tsv", lists) < 0)
		return false;
	return access(probe, R_OK) == 0;
}

int main(void)
{
	Suite *suite = suite_create("kpi");
	TCase *tcase = tcase_create("kpi");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, knows_every_release_from_10_3_to_15);
	tcase_add_test(tcase, a_prefix_stands_for_all_its_symbols);
	tcase_add_test(tcase, refuses_a_damaged_table);
	tcase_add_test(tcase, orders_versions_as_the_loader_does);
	if (find_lists()) {
		tcase_add_test(tcase, agrees_with_every_line_of_the_symbol_list);
		tcase_add_test(tcase, agrees_with_every_line_of_the_library_list);
	} else {
		printf("skipped: comparison with the export lists "
		       "(BOOKEND_KPI_DATA names no folder that has them)\n");
	}
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
