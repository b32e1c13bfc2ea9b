/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where debug files are found. split/ (made by ninja) holds this very program as a
 * release ships it: stripped, its debug file beside it and named by .gnu_debuglink.
 */
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/debuglink.h"
#include "symbolizer/finder.h"
#include "tests/check_main.h"

static char *own_folder;

static char *in_split(const char *name)
{
	char *path;

	ck_assert_int_gt(asprintf(&path, "%s/split/%s", own_folder, name), 0);
	return path;
}

static char *find(const char *file, const char *build_id, json_t **searched)
{
	_cleanup_(finder_destroy) struct finder *finder = NULL;
	struct wanted wanted = { .name = "driver", .build_id = build_id };
	char *found = NULL;

	ck_assert_ok(finder_create(&finder));
	ck_assert_ok(finder_add_path(finder, file));
	ck_assert_ok(finder_find(finder, &wanted, &found));
	if (searched)
		*searched = json_incref(finder_searched(finder));
	return found;
}

static void copy(const char *from, const char *to)
{
	_free_ char *command = NULL;

	ck_assert_int_gt(asprintf(&command, "cp '%s' '%s'", from, to), 0);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(a_stripped_file_leads_to_the_debug_file_it_names)
{
	_free_ char *stripped = in_split("driver.ko"),
		    *debug = in_split("driver.ko.debug");
	_free_ char *found = NULL;
	char id[64];
	bool lines;

	ck_assert_ok(debugfile_glance(stripped, NULL, id, &lines));
	ck_assert(!lines);
	found = find(stripped, id, NULL);
	ck_assert_str_eq(found, debug);
}
END_TEST

START_TEST(the_folder_dot_debug_is_looked_into)
{
	char folder[] = "/tmp/check-finder-XXXXXX", command[256];
	_free_ char *stripped = in_split("driver.ko"),
		    *debug = in_split("driver.ko.debug");
	_free_ char *here = NULL, *there = NULL, *found = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_gt(asprintf(&here, "%s/driver.ko", folder), 0);
	ck_assert_int_gt(asprintf(&there, "%s/.debug/driver.ko.debug", folder), 0);
	snprintf(command, sizeof(command), "mkdir %s/.debug", folder);
	ck_assert_int_eq(system(command), 0);
	copy(stripped, here);
	copy(debug, there);
	found = find(here, NULL, NULL);
	ck_assert_str_eq(found, there);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_named_file_of_another_build_is_not_used)
{
	char folder[] = "/tmp/check-finder-XXXXXX", command[256];
	_free_ char *stripped = in_split("driver.ko"), *other = in_split("other.debug");
	_free_ char *here = NULL, *there = NULL, *found = NULL;
	json_t *searched = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_gt(asprintf(&here, "%s/driver.ko", folder), 0);
	ck_assert_int_gt(asprintf(&there, "%s/driver.ko.debug", folder), 0);
	copy(stripped, here);
	copy(other, there);
	found = find(here, NULL, &searched);
	ck_assert_str_eq(found, here);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(searched, 0), "why")),
		"only files with another build-id");
	json_decref(searched);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(what_is_no_elf_file_names_nothing)
{
	char *places[DEBUGLINK_PLACES];

	ck_assert_ok(debuglink_places("/proc/self/cmdline", places));
	for (int i = 0; i < DEBUGLINK_PLACES; i++)
		ck_assert_ptr_null(places[i]);
	ck_assert_fails(debuglink_places("/nowhere", places), "/nowhere");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("finder");
	TCase *tcase = tcase_create("finder");

	if (file_own_folder(&own_folder))
		return EXIT_FAILURE;
	tcase_add_test(tcase, a_stripped_file_leads_to_the_debug_file_it_names);
	tcase_add_test(tcase, the_folder_dot_debug_is_looked_into);
	tcase_add_test(tcase, a_named_file_of_another_build_is_not_used);
	tcase_add_test(tcase, what_is_no_elf_file_names_nothing);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
