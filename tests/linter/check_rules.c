/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every rule: catalogue, check and fixtures belong together, and the fixtures work. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "linter/linter.h"
#include "readers/bundle.h"
#include "tests/check_main.h"
#include "tests/linter/fixture.h"

enum { MAXIMUM = 400 };

static const char *ids[MAXIMUM];
static size_t id_count;

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void gather_ids(void)
{
	size_t kept = 0;

	registry_for_each(check, it)
	{
		if (id_count < MAXIMUM)
			ids[id_count++] = (*it)->id;
	}
	qsort(ids, id_count, sizeof(*ids), compare_ids);
	/* a rule can have a check for each kind of subject */
	for (size_t i = 0; i < id_count; i++)
		if (!kept || strcmp(ids[kept - 1], ids[i]))
			ids[kept++] = ids[i];
	id_count = kept;
}

static bool is_registered(const char *id)
{
	return bsearch(&id, ids, id_count, sizeof(id), compare_ids);
}

/* Whether rules of that family (the letters of the id) are linked into this program. */
static bool family_is_here(const char *id)
{
	for (size_t i = 0; i < id_count; i++)
		if (!strncmp(ids[i], id, 3))
			return true;
	return false;
}

START_TEST(every_builtin_rule_of_the_catalogue_has_a_check)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;

	ck_assert_ok(catalogue_create(NULL, &catalogue));
	for (size_t i = 0; i < catalogue_count(catalogue); i++) {
		const struct rule *rule = catalogue_at(catalogue, i);
		const char *kind = json_string_value(rule->check);

		if (kind && !strcmp(kind, "builtin") && family_is_here(rule->id))
			ck_assert_msg(is_registered(rule->id), "%s has no check",
				      rule->id);
	}
}
END_TEST

START_TEST(every_check_has_its_catalogue_file)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;

	ck_assert_ok(catalogue_create(NULL, &catalogue));
	for (size_t i = 0; i < id_count; i++) {
		const struct rule *rule = catalogue_find(catalogue, ids[i]);

		ck_assert_msg(rule, "%s has no rules/%s.json", ids[i], ids[i]);
		ck_assert_msg(rule->bad && rule->good, "%s lacks an example", ids[i]);
		ck_assert_msg(rule->references && rule->references[0],
			      "%s lacks references", ids[i]);
	}
}
END_TEST

START_TEST(no_kind_of_subject_has_a_rule_twice)
{
	registry_for_each(check, a)
	{
		registry_for_each(check, b)
		{
			ck_assert_msg(a == b || (*a)->kind != (*b)->kind ||
					      strcmp((*a)->id, (*b)->id),
				      "%s is there twice", (*a)->id);
		}
	}
}
END_TEST

START_TEST(every_fixture_belongs_to_a_rule)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	_free_ char *folder = NULL;
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;

	ck_assert_ok(catalogue_create(NULL, &catalogue));
	ck_assert_ok(file_data_folder("tests/linter/fixtures", &folder));
	dir = opendir(folder);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			ck_assert_msg(catalogue_find(catalogue, entry->d_name),
				      "fixtures/%s belongs to no rule", entry->d_name);
}
END_TEST

/* tests/linter/headers/NAME, owned by the caller. */
static const char *include_folder(const char *name)
{
	_free_ char *headers = NULL;
	char *path = NULL;

	ck_assert_ok(file_data_folder("tests/linter/headers", &headers));
	ck_assert_ok(file_join(headers, name, &path));
	return path;
}

static void read_options(const json_t *json, struct linter_options *options)
{
	const json_t *o = json_object_get(json, "options"), *targets, *list;
	const char *profile = json_string_value(json_object_get(o, "profile"));

	options->profile = PROFILE_RELEASE;
	for (int i = 0; profile && profile_names[i]; i++)
		if (!strcmp(profile_names[i], profile))
			options->profile = i;
	targets = json_object_get(o, "targets");
	for (size_t i = 0; i < json_array_size(targets); i++)
		ck_assert_ok(
			string_list_add(&options->targets,
					json_string_value(json_array_get(targets, i))));
	list = json_object_get(o, "includes");
	for (size_t i = 0; i < json_array_size(list); i++)
		ck_assert_ok(string_list_add(
			&options->includes,
			include_folder(json_string_value(json_array_get(list, i)))));
	if (json_object_get(o, "sdk"))
		options->sdk =
			include_folder(json_string_value(json_object_get(o, "sdk")));
	options->manifest = json_string_value(json_object_get(o, "manifest"));
	options->stablelist = json_string_value(json_object_get(o, "stablelist"));
	options->signer = json_string_value(json_object_get(o, "signer"));
	options->trust = json_string_value(json_object_get(o, "trust"));
	options->slow = json_is_true(json_object_get(o, "slow"));
	options->external = json_is_true(json_object_get(o, "external"));
	options->page_size =
		json_object_get(o, "page_size")
			? (uint64_t)json_integer_value(json_object_get(o, "page_size"))
			: 4096;
}

static void lint(const json_t *json, const char *id, struct report *report)
{
	struct linter_options options = { 0 };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	const json_t *paths = json_object_get(json, "lint");

	read_options(json, &options);
	ck_assert_ok(string_list_add(&options.only, id));
	ck_assert_ok(linter_create(&options, report, &linter));
	if (!paths)
		ck_assert_ok(linter_path(linter, "."));
	for (size_t i = 0; i < json_array_size(paths); i++)
		ck_assert_ok(
			linter_path(linter, json_string_value(json_array_get(paths, i))));
	ck_assert_ok(linter_finish(linter));
	string_list_deinit(&options.targets);
	for (size_t k = 0; k < options.includes.count; k++)
		free((char *)options.includes.items[k]);
	string_list_deinit(&options.includes);
	free((char *)options.sdk);
	string_list_deinit(&options.only);
}

static void run_fixture(const char *id, const char *which)
{
	char scratch[] = "/tmp/bookend-fixture-XXXXXX";
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *folder = NULL, *source = NULL, *home = getcwd(NULL, 0);
	size_t count = 0;
	json_t *json;

	ck_assert_ok(file_data_folder("tests/linter/fixtures", &folder));
	ck_assert_int_gt(asprintf(&source, "%s/%s/%s", folder, id, which), 0);
	ck_assert_msg(!access(source, F_OK), "fixtures/%s/%s is missing", id, which);
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	ck_assert_ok(fixture_make(source, scratch, &json));
	ck_assert_ok(report_create("lint", id, &report));
	ck_assert_int_eq(chdir(scratch), 0);
	lint(json, id, report);
	ck_assert_int_eq(chdir(home), 0);
	for (size_t i = 0; i < report->findings_count; i++)
		count += !strcmp(report->findings[i].rule, id);
	for (size_t i = 0; i < report->not_checked_count; i++)
		ck_assert_msg(strncmp(report->not_checked[i].what, id, strlen(id)),
			      "%s/%s was not checked: %s", id, which,
			      report->not_checked[i].why);
	if (!strcmp(which, "bad"))
		ck_assert_msg(count > 0, "%s does not fire on its bad fixture", id);
	else
		ck_assert_msg(!count, "%s fires on its good fixture: %s", id,
			      report->findings_count ? report->findings[0].message : "");
	ck_assert_ok(file_remove_tree(scratch));
	json_decref(json);
}

START_TEST(fires_on_the_bad_fixture)
{
	run_fixture(ids[_i], "bad");
}
END_TEST

START_TEST(keeps_quiet_on_the_good_fixture)
{
	run_fixture(ids[_i], "good");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *sets = tcase_create("sets"), *fixtures = tcase_create("fixtures");

	gather_ids();
	tcase_add_test(sets, every_builtin_rule_of_the_catalogue_has_a_check);
	tcase_add_test(sets, every_check_has_its_catalogue_file);
	tcase_add_test(sets, no_kind_of_subject_has_a_rule_twice);
	tcase_add_test(sets, every_fixture_belongs_to_a_rule);
	tcase_set_timeout(fixtures, 300);
	tcase_add_loop_test(fixtures, fires_on_the_bad_fixture, 0, id_count);
	tcase_add_loop_test(fixtures, keeps_quiet_on_the_good_fixture, 0, id_count);
	suite_add_tcase(suite, sets);
	suite_add_tcase(suite, fixtures);
	return run_suite(suite);
}
