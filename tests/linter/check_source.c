/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixtures of the source rules, line by line: a finding stands exactly where the
 * fixture's text says "finding", and every unit was read.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "linter/linter.h"
#include "linter/source/source.h"
#include "readers/bundle.h"
#include "report/json.h"
#include "tests/check_main.h"

enum { MAXIMUM = 100, LINES = 400 };

static const char *ids[MAXIMUM];
static size_t id_count;

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void gather_ids(void)
{
	registry_for_each(check, it)
	{
		/* the others' fixtures are shared with rules of other subjects */
		if ((*it)->kind == &kind_source && !strncmp((*it)->id, "SRC", 3))
			ids[id_count++] = (*it)->id;
	}
	qsort(ids, id_count, sizeof(*ids), compare_ids);
}

static const char *copy_of(const json_t *string, const char *folder)
{
	const char *text = json_string_value(string);
	char *path = NULL;

	ck_assert_ok(file_join(folder, text, &path));
	return path;
}

static void lint(const char *source, const char *id, struct report *report)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *headers = NULL, *path = NULL;
	json_t *json = NULL, *one;
	const json_t *o;
	const char *subject;
	size_t i;

	ck_assert_ok(file_data_folder("tests/linter/headers", &headers));
	ck_assert_ok(file_join(source, "fixture.json", &path));
	ck_assert_ok(json_load_path(path, &json));
	o = json_object_get(json, "options");
	json_array_foreach(json_object_get(o, "includes"), i, one)
	{
		ck_assert_ok(string_list_add(&options.includes, copy_of(one, headers)));
	}
	json_array_foreach(json_object_get(o, "targets"), i, one)
	{
		ck_assert_ok(string_list_add(&options.targets, copy_of(one, source)));
	}
	options.slow = json_is_true(json_object_get(o, "slow"));
	subject = json_object_get(json, "lint")
			  ? copy_of(json_array_get(json_object_get(json, "lint"), 0),
				    source)
			  : source;
	ck_assert_ok(string_list_add(&options.only, id));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, subject));
	ck_assert_ok(linter_finish(linter));
	for (size_t k = 0; k < options.includes.count; k++)
		free((char *)options.includes.items[k]);
	string_list_deinit(&options.includes);
	for (size_t k = 0; k < options.targets.count; k++)
		free((char *)options.targets.items[k]);
	string_list_deinit(&options.targets);
	string_list_deinit(&options.only);
	if (subject != source)
		free((char *)subject);
	json_decref(json);
}

/* Sets marks[line] for every line of the file that says "finding". */
static void read_marks(const char *path, bool *marks)
{
	_free_ char *text = NULL;
	unsigned int line = 1;
	const char *at;

	ck_assert_ok(file_read_text(path, 1 << 20, &text));
	for (at = text; *at; line++) {
		size_t length = strcspn(at, "\n");

		ck_assert_uint_lt(line, LINES);
		marks[line] = memmem(at, length, "finding", 7);
		at += length + (at[length] == '\n');
	}
}

static void check_file(const struct report *report, const struct member *member)
{
	bool marks[LINES] = { false }, found[LINES] = { false };

	read_marks(member->disk, marks);
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		if (!path_ends_with(f->path, path_base(member->path)))
			continue;
		ck_assert_uint_lt(f->line, LINES);
		found[f->line] = true;
		ck_assert_msg(marks[f->line], "%s:%u: %s, where nothing is wrong",
			      f->path, f->line, f->message);
	}
	for (unsigned int line = 0; line < LINES; line++)
		ck_assert_msg(!marks[line] || found[line], "%s:%u: no finding",
			      member->disk, line);
}

static void run_fixture(const char *id, const char *which)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	_free_ char *folder = NULL, *source = NULL;

	ck_assert_ok(file_data_folder("tests/linter/fixtures", &folder));
	ck_assert_int_gt(asprintf(&source, "%s/%s/%s", folder, id, which), 0);
	ck_assert_ok(report_create("lint", id, &report));
	lint(source, id, report);
	for (size_t i = 0; i < report->not_checked_count; i++)
		ck_abort_msg("%s/%s: %s: %s", id, which, report->not_checked[i].what,
			     report->not_checked[i].why);
	ck_assert_msg(!strcmp(which, "good") || report->findings_count,
		      "%s/%s: no finding at all", id, which);
	ck_assert_ok(bundle_open(source, NULL, &bundle));
	for (size_t i = 0; i < bundle->count; i++) {
		const struct member *member = &bundle->members[i];

		if (member->kind == MEMBER_FILE &&
		    (path_ends_with(member->path, ".c") ||
		     path_ends_with(member->path, ".cpp") ||
		     !strcmp(path_base(member->path), "Kbuild")))
			check_file(report, member);
	}
}

START_TEST(finds_what_the_bad_fixture_marks)
{
	run_fixture(ids[_i], "bad");
}
END_TEST

START_TEST(finds_nothing_in_the_good_fixture)
{
	run_fixture(ids[_i], "good");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("fixtures");

	gather_ids();
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, finds_what_the_bad_fixture_marks, 0, (int)id_count);
	tcase_add_loop_test(tcase, finds_nothing_in_the_good_fixture, 0, (int)id_count);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
