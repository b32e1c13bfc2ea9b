/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of indexes: stale, damaged, full. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "symbolizer/index_cache.h"
#include "symbolizer/object.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/check_cache-XXXXXX";

static void make_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("XDG_CACHE_HOME", folder, 1);
}

static void copy_self(char path[4200])
{
	_mapping_ struct mapping mapping = { 0 };

	snprintf(path, 4200, "%s/program.debug", folder);
	ck_assert_ok(file_map("/proc/self/exe", &mapping));
	ck_assert_ok(file_write(path, mapping.bytes.data, mapping.bytes.size, 0600));
}

/* Makes the index and gives its path. */
static char *make_index(const char *path, char build_id[64])
{
	_cleanup_(object_destroy) struct object *object = NULL;
	char *name = NULL;

	ck_assert_ok(object_create(path, NULL, true, &object));
	ck_assert_ok(object_index(object));
	strcpy(build_id, object_build_id(object));
	ck_assert_ok(index_cache_path(path, build_id, &name));
	ck_assert_int_eq(access(name, R_OK), 0);
	return name;
}

START_TEST(an_index_of_a_file_that_has_changed_is_not_used)
{
	_cleanup_(index_close) struct index *before = NULL, *after = NULL;
	_free_ char *name = NULL;
	char path[4200], build_id[64];
	FILE *file;

	make_folder();
	copy_self(path);
	name = make_index(path, build_id);
	ck_assert_ok(index_cache_open(path, build_id, &before));
	ck_assert_ptr_nonnull(before);
	file = fopen(path, "a");
	ck_assert_ptr_nonnull(file);
	fputc('x', file);
	fclose(file);
	ck_assert_ok(index_cache_open(path, build_id, &after));
	ck_assert_ptr_null(after);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(a_damaged_index_is_made_anew)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	_cleanup_(index_close) struct index *again = NULL;
	_free_ char *name = NULL;
	char path[4200], build_id[64], noise[64];
	struct index_symbol_hit hit;
	struct stat status;
	bool found;
	int fd;

	make_folder();
	copy_self(path);
	name = make_index(path, build_id);
	memset(noise, 0x5a, sizeof(noise));
	fd = open(name, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	for (off_t at = 1 << 14; at + 64 < status.st_size; at += 1 << 13)
		ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
	close(fd);
	ck_assert_ok(object_create(path, NULL, true, &object));
	/* Once the damage was met, the next question repairs it. */
	for (int i = 0; i < 2; i++)
		ck_assert_ok(object_find_symbol(object, "main", 0, &hit, &found));
	ck_assert(found);
	ck_assert_ok(index_cache_open(path, build_id, &again));
	ck_assert_ptr_nonnull(again);
	ck_assert(index_find_symbol(again, "main", 0, &hit));
	ck_assert(!index_damaged(again));
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(the_least_lately_used_leave_when_the_cache_is_full)
{
	static const uint8_t bytes[30000];
	char name[64];
	_free_ char *first = NULL, *last = NULL;
	size_t left = 0;
	char below[4300];
	struct dirent *entry;
	DIR *dir;

	make_folder();
	setenv("BOOKEND_INDEX_LIMIT", "64K", 1);
	for (int i = 0; i < 6; i++) {
		const struct timespec used[2] = { { .tv_sec = 1000000 + i },
						  { .tv_sec = 1000000 + i } };
		_free_ char *path = NULL;

		snprintf(name, sizeof(name), "%02x%02x%02x%02x", i, i, i, i);
		ck_assert_ok(index_cache_store("x", name, bytes, sizeof(bytes)));
		ck_assert_ok(index_cache_path("x", name, &path));
		ck_assert_int_eq(utimensat(AT_FDCWD, path, used, 0), 0);
	}
	ck_assert_ok(index_cache_path("x", "00000000", &first));
	ck_assert_ok(index_cache_path("x", "05050505", &last));
	ck_assert_int_ne(access(first, F_OK), 0);
	ck_assert_int_eq(access(last, F_OK), 0);
	snprintf(below, sizeof(below), "%s/bookend/index", folder);
	dir = opendir(below);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		left += *entry->d_name != '.';
	closedir(dir);
	ck_assert_uint_eq(left, 2);
	unsetenv("BOOKEND_INDEX_LIMIT");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(what_is_used_counts_as_used_where_nobody_notes_it)
{
	const struct timespec old[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };
	_cleanup_(index_close) struct index *index = NULL;
	_free_ char *name = NULL;
	char path[4200], build_id[64];
	struct stat status;

	make_folder();
	copy_self(path);
	name = make_index(path, build_id);
	ck_assert_int_eq(utimensat(AT_FDCWD, name, old, 0), 0);
	ck_assert_ok(index_cache_open(path, build_id, &index));
	ck_assert_ptr_nonnull(index);
	ck_assert_int_eq(stat(name, &status), 0);
	ck_assert_int_gt(status.st_atim.tv_sec, 1000000);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *tests = tcase_create("cache");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_index_of_a_file_that_has_changed_is_not_used);
	tcase_add_test(tests, a_damaged_index_is_made_anew);
	tcase_add_test(tests, the_least_lately_used_leave_when_the_cache_is_full);
	tcase_add_test(tests, what_is_used_counts_as_used_where_nobody_notes_it);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
