/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expectation files of reference-driver/defects: each fits its patch, and names
 * places that are there.
 */
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/process.h"
#include "report/json.h"
#include "tests/check_main.h"

#define DRIVER	"reference-driver"
#define DEFECTS DRIVER "/defects"

static const char *const tools[] = { "leakwatch", "cycler", "symbolizer", "linter" };
static const char *const steps[] = { "load", "open", "ioctl", "close", "unload", "any" };

static glob_t files;

static bool find_defects(void)
{
	return glob(DEFECTS "/*.json", 0, NULL, &files) == 0;
}

static bool one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (word && strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static void read_text(const char *path, char **ret)
{
	ck_assert_ok(file_read_text(path, 1 << 20, ret));
}

/* "reference-driver/defects/NAME.json" to "…/NAME.patch". */
static void patch_of(const char *json, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s.patch", (int)(strlen(json) - strlen(".json")), json);
}

static const char *string_at(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

START_TEST(every_expectation_is_complete)
{
	json_auto_t *defect = NULL;
	const char *path = files.gl_pathv[_i];
	json_t *expect, *pending;
	const char *name;

	ck_assert_ok(json_load_path(path, &defect));
	name = string_at(defect, "name");
	ck_assert_msg(name && strncmp(path + strlen(DEFECTS "/"), name, strlen(name)) ==
				      0,
		      "%s: name is not the file's", path);
	ck_assert_msg(string_at(defect, "summary") != NULL, "%s: no summary", path);
	ck_assert_msg(one_of(string_at(defect, "tool"), tools, 4), "%s: no such tool",
		      path);
	pending = json_object_get(defect, "pending");
	ck_assert_msg(json_is_false(pending) || json_is_string(pending),
		      "%s: pending is neither false nor a reason", path);
	ck_assert_msg(json_is_object(json_object_get(defect, "drive")), "%s: no drive",
		      path);

	expect = json_object_get(defect, "expect");
	if (json_is_null(expect))
		return;
	ck_assert_msg(string_at(expect, "rule") != NULL, "%s: no rule", path);
	if (strcmp(string_at(defect, "tool"), "linter") != 0)
		ck_assert_msg(one_of(string_at(expect, "step"), steps, 6),
			      "%s: no such step", path);
}
END_TEST

START_TEST(every_patch_has_its_expectation_and_is_built)
{
	_free_ char *ninja = NULL;
	const char *json = files.gl_pathv[_i];
	char path[256], edge[300];
	struct stat st;

	patch_of(json, path, sizeof(path));
	ck_assert_msg(stat(path, &st) == 0, "%s is missing", path);
	read_text(DEFECTS "/defects.ninja", &ninja);
	snprintf(edge, sizeof(edge), "$d/defects/%s", path + strlen(DEFECTS "/"));
	ck_assert_msg(strstr(ninja, edge) != NULL, "defects.ninja does not build %s",
		      path);
}
END_TEST

START_TEST(no_patch_is_without_expectation)
{
	glob_t patches;

	ck_assert_int_eq(glob(DEFECTS "/*.patch", 0, NULL, &patches), 0);
	ck_assert_uint_eq(patches.gl_pathc, files.gl_pathc);
	globfree(&patches);
}
END_TEST

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

/* Copies the driver to @folder and plants the defect; no fuzz is allowed. */
static void plant(const char *patch, const char *folder)
{
	static const char script[] =
		"cp -R " DRIVER "/Kbuild " DRIVER "/VERSION " DRIVER "/*.[ch] " DRIVER
		"/packaging \"$1\" && patch -s -p1 -F0 -d \"$1\" <\"$0\"";
	const char *const argv[] = { "sh", "-c", script, patch, folder, NULL };
	struct process_options options = { .keep_stderr = true };
	struct process_result result = { 0 };

	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_msg(result.status == 0, "%s does not apply: %s", patch,
		      strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}

START_TEST(every_line_looked_for_is_there_once)
{
	json_auto_t *defect = NULL;
	_free_ char *text = NULL;
	char patch[256], path[512], folder[] = "/tmp/check_defects.XXXXXX";
	const char *file, *line;
	json_t *expect;

	patch_of(files.gl_pathv[_i], patch, sizeof(patch));
	ck_assert_ok(json_load_path(files.gl_pathv[_i], &defect));
	expect = json_object_get(defect, "expect");
	file = string_at(expect, "file");
	line = string_at(expect, "line_of");

	ck_assert_ptr_nonnull(mkdtemp(folder));
	plant(patch, folder);
	if (file && line) {
		snprintf(path, sizeof(path), "%s/%s", folder, file);
		read_text(path, &text);
		ck_assert_msg(occurrences(text, line) == 1, "%s: '%s' is in %s %zu times",
			      patch, line, file, occurrences(text, line));
	}
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("defects");
	TCase *tc = tcase_create("expectations");
	int count;

	if (!find_defects()) {
		puts("no defects in " DEFECTS ": run from the source folder");
		return EXIT_FAILURE;
	}
	count = (int)files.gl_pathc;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_expectation_is_complete, 0, count);
	tcase_add_loop_test(tc, every_patch_has_its_expectation_and_is_built, 0, count);
	tcase_add_test(tc, no_patch_is_without_expectation);
	tcase_add_loop_test(tc, every_line_looked_for_is_there_once, 0, count);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
