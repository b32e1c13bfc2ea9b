/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "report/history.h"
#include "report/report.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/history-XXXXXX", path[64];

static void set_up(void)
{
	strcpy(folder, "/tmp/history-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/runs.db", folder);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(folder);
}

static struct error *record(const char *subject, double value, int64_t at)
{
	_cleanup_(history_close) struct history *history = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;
	const struct latency latency = { .step = "load", .count = 9, .p99 = 4000 };
	const struct run run = { .cycle = "module refdrv.ko",
				 .passes = 9,
				 .rate_kept = 25,
				 .latency = &latency,
				 .latency_count = 1 };
	struct error *error = history_open(path, true, &history);

	if (!error)
		error = report_create("cycle", subject, &report);
	if (!error)
		error = report_measure(report, "leaks.bytes", value, "B");
	if (!error)
		error = report_add_run(report, &run);
	for (int i = 0; !error && i < (int)value; i++) {
		char message[32];

		snprintf(message, sizeof(message), "number %d", i);
		error = report_add_finding(report, &(struct finding){
							   .rule = "LEAK001",
							   .level = LEVEL_ERROR,
							   .message = message,
						   });
	}
	return error ? error : history_add(history, report, "1.0", at);
}

static json_t *read_all(const struct history_query *query)
{
	_cleanup_(history_close) struct history *history = NULL;
	json_t *json = NULL;

	ck_assert_ok(history_open(path, false, &history));
	ck_assert_ok(history_read(history, query, &json));
	return json;
}

/* "0 2 -" of the row that is called @name. */
static void expect_row(const json_t *subject, const char *rows, const char *key,
		       const char *name, const char *values)
{
	char text[128] = "";
	json_t *row, *value;
	size_t i, k;

	json_array_foreach(json_object_get(subject, rows), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, key)), name))
			continue;
		json_array_foreach(json_object_get(row, "values"), k, value)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 json_is_null(value) ? "%s-" : "%s%g", k ? " " : "",
				 json_number_value(value));
	}
	ck_assert_str_eq(text, values);
}

START_TEST(runs_are_read_in_the_order_of_their_time)
{
	json_t *json;
	const json_t *subject;

	ck_assert_ok(record("refdrv", 2, 2000));
	ck_assert_ok(record("refdrv", 0, 1000));
	ck_assert_ok(record("other", 1, 1500));
	json = read_all(&(struct history_query){ .subject = "refdrv" });
	ck_assert_uint_eq(json_array_size(json), 1);
	subject = json_array_get(json, 0);
	ck_assert_str_eq(
		json_string_value(json_object_get(
			json_array_get(json_object_get(subject, "runs"), 0), "at")),
		"1970-01-01T00:16:40Z");
	expect_row(subject, "measurements", "name", "leaks.bytes", "0 2");
	expect_row(subject, "measurements", "name", "module refdrv.ko: rate", "25 25");
	expect_row(subject, "measurements", "name", "module refdrv.ko: load p99",
		   "4000 4000");
	expect_row(subject, "rules", "rule", "LEAK001", "- 2");
	json_decref(json);
}
END_TEST

START_TEST(the_last_runs_of_many_are_read)
{
	json_t *json;

	for (int i = 0; i < 6; i++)
		ck_assert_ok(record("refdrv", i % 2, i));
	json = read_all(&(struct history_query){ .last = 3 });
	expect_row(json_array_get(json, 0), "measurements", "name", "leaks.bytes",
		   "1 0 1");
	json_decref(json);
}
END_TEST

enum { WRITERS = 6, EACH = 4 };

START_TEST(many_record_at_once_and_none_is_lost)
{
	json_t *json;

	for (int i = 0; i < WRITERS; i++) {
		if (fork())
			continue;
		for (int k = 0; k < EACH; k++)
			if (record("refdrv", 1, i * EACH + k))
				_exit(EXIT_FAILURE);
		_exit(EXIT_SUCCESS);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = 0;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	json = read_all(&(struct history_query){ .last = 100 });
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_array_get(json, 0), "runs")),
		WRITERS * EACH);
	json_decref(json);
}
END_TEST

START_TEST(what_is_no_history_is_said_so)
{
	static const char garbage[] = "this is a text and no database, and quite long";
	struct history *history;
	char command[128];

	ck_assert_fails(history_open(path, false, &history), "there is no history");
	ck_assert_ok(file_write(path, garbage, sizeof(garbage), 0644));
	ck_assert_fails(history_open(path, false, &history), "no database");
	ck_assert_fails(history_open(path, true, &history), "no database");
	snprintf(command, sizeof(command), "%s/none/runs.db", folder);
	ck_assert_fails(history_open(command, true, &history), "cannot open it");
}
END_TEST

/* Bytes 60 to 63 of an SQLite file are the user's version, 68 to 71 the application. */
static void patch(long offset, const char bytes[4])
{
	FILE *file = fopen(path, "r+b");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, offset, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(bytes, 1, 4, file), 4);
	fclose(file);
}

START_TEST(a_newer_schema_and_another_program_are_refused)
{
	struct history *history;

	ck_assert_ok(record("refdrv", 1, 1));
	patch(60, "\0\0\0\7");
	ck_assert_fails(history_open(path, true, &history), "newer bookend (schema 7");
	patch(60, "\0\0\0\1");
	patch(68, "abcd");
	ck_assert_fails(history_open(path, true, &history), "of something else");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tests = tcase_create("history");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, runs_are_read_in_the_order_of_their_time);
	tcase_add_test(tests, the_last_runs_of_many_are_read);
	tcase_add_test(tests, many_record_at_once_and_none_is_lost);
	tcase_add_test(tests, what_is_no_history_is_said_so);
	tcase_add_test(tests, a_newer_schema_and_another_program_are_refused);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
