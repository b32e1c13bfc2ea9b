/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "cycler/screen.h"
#include "tests/check_main.h"

#define SECOND UINT64_C(1000000000)

static const char plan_text[] =
	"{ \"schema\": \"bookend-plan/1\", \"name\": \"p\", \"legs\": ["
	"{ \"name\": \"one\", \"cycles\": ["
	"  {\"kind\":\"exec\",\"command\":[\"/bin/true\"],\"undo\":[\"/bin/true\"],"
	"   \"rate\":\"10/s\",\"passes\":1000} ] },"
	"{ \"name\": \"two\", \"cycles\": ["
	"  {\"kind\":\"exec\",\"command\":[\"/bin/true\"],\"undo\":[\"/bin/true\"],"
	"   \"for\":\"30s\"} ] } ] }";

static struct plan *plan;
static struct results results;
static struct journal journal;
static struct archive *archive;
static struct screen screen;
static struct screen_view view;
static char folder[32];
static void *area;

enum { AREA = 8 << 20 };

static void setup(void)
{
	json_t *json = json_loads(plan_text, 0, NULL);
	struct journal_worker *w;

	strcpy(folder, "/tmp/check-screen-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(plan_create(json, &plan));
	json_decref(json);
	ck_assert_ok(results_init(&results, plan, folder));
	area = calloc(1, AREA);
	ck_assert(journal_format(area, AREA, &journal));
	ck_assert_ok(archive_create(folder, "{}", &archive));
	journal.header->stamps_per_second = 1000000000; /* stamps are ns */
	w = journal.workers;
	w->pid = 1;
	w->passes = 400;
	w->failed = 3;
	w->missed = 7;
	for (int i = 0; i < 1000; i++) {
		histogram_add(&journal.histograms[plan_histogram(plan, 0, 0, 0, 2)],
			      2000000);
		histogram_add(&journal.histograms[plan_histogram(plan, 0, 0, 0, 3)],
			      50000);
	}
	screen = (struct screen){ .fd = -1, .begun_ns = SECOND, .leg_ns = SECOND };
	view = (struct screen_view){ plan, &results, &journal, archive, "a machine" };
}

static void teardown(void)
{
	results_deinit(&results);
	archive_destroy(archive);
	plan_destroy(plan);
	free(area);
	ck_assert_ok(file_remove_tree(folder));
}

static char *drawn(void)
{
	struct strbuf out = STRBUF_INIT;
	char *text = NULL;

	/* 40 s later: 400 passes at 10/s, 600 to go, then a leg of 30 s */
	screen_draw(&screen, &view, &style_plain, 41 * SECOND, &out);
	ck_assert_ok(strbuf_steal(&out, &text));
	return text;
}

START_TEST(passes_rates_latencies_and_time_left_are_shown)
{
	_free_ char *text = NULL;

	journal.header->wired_at_start = 50 << 20;
	journal.header->wired = 51 << 20;
	text = drawn();
	ck_assert_ptr_nonnull(strstr(text, "leg 1 of 2: one  0:40, 1:30 left"));
	ck_assert_ptr_nonnull(strstr(text, "400       3       10/s"));
	ck_assert_ptr_nonnull(strstr(text, "2 ms"));
	ck_assert_ptr_nonnull(strstr(text, "7 slots missed"));
	ck_assert_ptr_nonnull(strstr(text, "50 µs"));
	ck_assert_ptr_nonnull(strstr(text, "51 MiB, +1 MiB since the start"));
	ck_assert_ptr_nonnull(strstr(text, "no complaint"));
	ck_assert_ptr_nonnull(strstr(text, "a machine"));
}
END_TEST

START_TEST(the_last_complaint_of_the_kernel_is_shown)
{
	_free_ char *text = NULL;

	json_array_append_new(results.complaints,
			      json_pack("{s:s}", "text",
					"WARNING: CPU: 1 PID: 2 at x.c:3"));
	json_array_append_new(results.complaints,
			      json_pack("{s:s}", "text", "a harmless line"));
	text = drawn();
	ck_assert_ptr_nonnull(strstr(text, "WARNING: CPU: 1 PID: 2 at x.c:3"));
	ck_assert_ptr_null(strstr(text, "harmless"));
}
END_TEST

START_TEST(a_plain_line_has_no_escape_and_tells_the_same)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	screen_line(&screen, &view, 41 * SECOND, &out);
	ck_assert_ptr_null(strchr(strbuf_string(&out), '\033'));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&out),
				     "one  400 of 1 000 passes  10/s  3 failed  "
				     "1:30 left"));
}
END_TEST

START_TEST(the_verdict_so_far_has_the_legs_that_are_through)
{
	char text[4096] = "";
	int pipes[2];

	/* leg 1 ended with two failures; leg 2 runs */
	json_array_append_new(results.events,
			      json_pack("{s:s, s:i, s:[{s:i, s:i, s:i}]}", "event",
					"leg done", "leg", 0, "workers", "cycle", 0,
					"passes", 1000, "failed", 2));
	results.leg = 1;
	journal.workers[0].leg = 1;
	journal.workers[0].failed = 0;
	ck_assert_int_eq(pipe(pipes), 0);
	screen.fd = pipes[1];
	screen_status(&screen, &view);
	ck_assert_int_gt(read(pipes[0], text, sizeof(text) - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, ": failures so far\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "one: exec /bin/true  1 000 passes, 2 failed"));
	ck_assert_ptr_nonnull(strstr(text, "two: exec /bin/true  400 passes, 0 failed"));
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("screen");
	TCase *tc = tcase_create("screen");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, passes_rates_latencies_and_time_left_are_shown);
	tcase_add_test(tc, the_last_complaint_of_the_kernel_is_shown);
	tcase_add_test(tc, a_plain_line_has_no_escape_and_tells_the_same);
	tcase_add_test(tc, the_verdict_so_far_has_the_legs_that_are_through);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
