/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference driver's build, done twice with the real kbuild: where it is, and from a
 * copy elsewhere into another folder. /usr/src is hidden from the first.
 */
#include <glob.h>
#include <string.h>

#include "common/file.h"
#include "common/process.h"
#include "tests/check_main.h"

#define KERNEL "build/kernels/default"

static char folder[] = "/tmp/check_build.XXXXXX";
static int hidden_status, elsewhere_status, packages_status;

/* $0 is the folder. Status 77 says that this machine lets nobody hide a folder. */
static const char hide[] =
	"unshare -rm true 2>/dev/null || exit 77\n"
	"exec unshare -rm sh -c '[ ! -d /usr/src ] || mount -t tmpfs none /usr/src &&"
	" reference-driver/packaging/build-module reference-driver " KERNEL "/headers"
	" \"$0/a\" release' \"$0\"";
static const char elsewhere[] =
	"mkdir \"$0/b\" && cp -R reference-driver \"$0/b/copy\" &&"
	" \"$0/b/copy/packaging/build-module\" \"$0/b/copy\" " KERNEL "/headers"
	" \"$0/b/deeper/out\" release";
static const char packages[] =
	"for p in p q; do reference-driver/packaging/build-packages reference-driver"
	" \"$0/b/deeper/out/refdrv.ko\" \"$0/$p\" || exit 1; done";

static int run(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, folder, NULL };
	struct process_options options = { .keep_stderr = true };
	struct process_result result = { 0 };

	_error_ struct error *error = process_run(argv, &options, &result);

	if (error) {
		printf("%s\n", error_message(error));
		return EXIT_FAILURE;
	}
	if (result.status && result.status != 77)
		printf("%s\n", strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return result.status;
}

static void map(const char *name, struct mapping *ret)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_ok(file_map(path, ret));
}

static bool holds(const struct mapping *file, const char *text)
{
	return memmem(file->bytes.data, file->bytes.size, text, strlen(text)) != NULL;
}

static void same_bytes(const char *one, const char *other)
{
	_mapping_ struct mapping a = { 0 };
	_mapping_ struct mapping b = { 0 };

	map(one, &a);
	map(other, &b);
	ck_assert_uint_eq(a.bytes.size, b.bytes.size);
	ck_assert_msg(memcmp(a.bytes.data, b.bytes.data, a.bytes.size) == 0,
		      "%s and %s differ", one, other);
}

START_TEST(builds_with_usr_src_hidden)
{
	if (hidden_status != 77)
		ck_assert_int_eq(hidden_status, 0);
}
END_TEST

START_TEST(builds_elsewhere)
{
	ck_assert_int_eq(elsewhere_status, 0);
}
END_TEST

START_TEST(gives_the_same_bytes_in_every_folder)
{
	if (hidden_status == 77)
		return;
	same_bytes("a/refdrv.ko", "b/deeper/out/refdrv.ko");
	same_bytes("a/refdrv.ko.debug", "b/deeper/out/refdrv.ko.debug");
}
END_TEST

START_TEST(names_no_folder_of_the_build)
{
	static const char *const files[] = { "b/deeper/out/refdrv.ko",
					     "b/deeper/out/refdrv.ko.debug" };
	_free_ char *here = realpath(".", NULL);

	for (size_t i = 0; i < 2; i++) {
		_mapping_ struct mapping file = { 0 };

		map(files[i], &file);
		ck_assert(!holds(&file, folder));
		ck_assert(!holds(&file, here));
	}
}
END_TEST

START_TEST(release_leaves_debug_information_to_its_file)
{
	_mapping_ struct mapping module = { 0 };
	_mapping_ struct mapping debug = { 0 };

	map("b/deeper/out/refdrv.ko", &module);
	map("b/deeper/out/refdrv.ko.debug", &debug);
	ck_assert(!holds(&module, ".debug_info"));
	ck_assert(holds(&module, ".gnu_debuglink"));
	ck_assert(holds(&module, ".symtab"));
	ck_assert(holds(&debug, ".debug_info"));
}
END_TEST

START_TEST(debug_file_is_found_by_build_id)
{
	char pattern[256];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/b/deeper/out/.build-id/*/*.debug", folder);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 1);
	ck_assert_int_eq(access(found.gl_pathv[0], R_OK), 0);
	globfree(&found);
}
END_TEST

START_TEST(release_has_no_words_of_debug_builds)
{
	_mapping_ struct mapping module = { 0 };

	map("b/deeper/out/refdrv.ko", &module);
	ck_assert(!holds(&module, "opened by"));
}
END_TEST

START_TEST(packages_are_the_same_every_time)
{
	char pattern[256];
	glob_t found;

	ck_assert_int_eq(packages_status, 0);
	snprintf(pattern, sizeof(pattern), "%s/p/refdrv*", folder);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 4);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *one = found.gl_pathv[i] + strlen(folder) + 1;
		char other[256];

		snprintf(other, sizeof(other), "q%s", one + 1);
		same_bytes(one, other);
	}
	globfree(&found);
}
END_TEST

START_TEST(one_version_feeds_module_and_packages)
{
	_free_ char *version = NULL;
	_mapping_ struct mapping module = { 0 };
	_mapping_ struct mapping manifest = { 0 };
	char text[128];

	ck_assert_ok(file_read_text("reference-driver/VERSION", 64, &version));
	version[strcspn(version, "\n")] = 0;
	map("b/deeper/out/refdrv.ko", &module);
	snprintf(text, sizeof(text), "version=%s", version);
	ck_assert(holds(&module, text));
	snprintf(text, sizeof(text), "p/refdrv-%s.manifest.json", version);
	map(text, &manifest);
	snprintf(text, sizeof(text), "\"version\": \"%s\"", version);
	ck_assert(holds(&manifest, text));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("build of the reference driver");
	TCase *tc = tcase_create("build");
	_error_ struct error *error = NULL;
	int status;

	if (access(KERNEL "/headers/Makefile", R_OK)) {
		puts("skipped: no kernel files in " KERNEL
		     ", ./setup build fetches them");
		return 77;
	}
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	hidden_status = run(hide);
	if (hidden_status == 77)
		puts("skipped: /usr/src cannot be hidden here (no user namespaces)");
	elsewhere_status = run(elsewhere);
	packages_status = run(packages);

	tcase_add_test(tc, builds_with_usr_src_hidden);
	tcase_add_test(tc, builds_elsewhere);
	tcase_add_test(tc, gives_the_same_bytes_in_every_folder);
	tcase_add_test(tc, names_no_folder_of_the_build);
	tcase_add_test(tc, release_leaves_debug_information_to_its_file);
	tcase_add_test(tc, debug_file_is_found_by_build_id);
	tcase_add_test(tc, release_has_no_words_of_debug_builds);
	tcase_add_test(tc, packages_are_the_same_every_time);
	tcase_add_test(tc, one_version_feeds_module_and_packages);
	suite_add_tcase(suite, tc);
	status = run_suite(suite);
	error = file_remove_tree(folder);
	return status;
}
