/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

#include "target/image.h"
#include "target/libraries.h"
#include "tests/check_main.h"

static bool has(const struct libraries *libraries, const char *part)
{
	for (size_t i = 0; i < libraries->count; i++)
		if (strstr(libraries->items[i].path, part))
			return true;
	return false;
}

START_TEST(a_program_brings_its_interpreter_and_libraries)
{
	_libraries_ struct libraries libraries = { 0 };

	ck_assert_ok(libraries_add(&libraries, "/proc/self/exe"));
	ck_assert(has(&libraries, "libc.so.6"));
	ck_assert(has(&libraries, "ld-linux"));
}
END_TEST

START_TEST(a_program_of_another_machine_is_refused)
{
	_libraries_ struct libraries libraries = { 0 };
	char path[] = "/tmp/check-image-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "\177ELF\1\1\1\0\0\0", 10), 10);
	close(fd);
	ck_assert_fails(libraries_add(&libraries, path), "no 64-bit little endian ELF");
	unlink(path);
}
END_TEST

START_TEST(members_have_their_folders_and_come_once)
{
	_cleanup_(image_destroy) struct image *image = NULL;
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char seen[256] = "";
	int fd;

	ck_assert_ok(image_create(&image));
	ck_assert_ok(image_add_bytes(image, "x", 1, "/a/b/file", 0644));
	ck_assert_ok(image_add_bytes(image, "y", 1, "/a/b/file", 0644));
	ck_assert_ok(image_add_link(image, "/a/link", "b/file"));
	ck_assert_ok(image_finish(image, &fd));
	lseek(fd, 0, SEEK_SET);
	archive_read_support_format_cpio(archive);
	ck_assert_int_eq(archive_read_open_fd(archive, fd, 4096), ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		strcat(seen, archive_entry_pathname(entry));
		strcat(seen, " ");
	}
	archive_read_free(archive);
	ck_assert_str_eq(seen, "a a/b a/b/file a/link ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = tcase_create("image");

	tcase_add_test(tc, a_program_brings_its_interpreter_and_libraries);
	tcase_add_test(tc, a_program_of_another_machine_is_refused);
	tcase_add_test(tc, members_have_their_folders_and_come_once);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
