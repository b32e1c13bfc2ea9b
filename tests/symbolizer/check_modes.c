/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bookend symbolize does besides reporting: annotated copies, buckets, following. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "report/report.h"
#include "symbolizer/modes.h"
#include "symbolizer/object.h"
#include "symbolizer/symbolizer.h"
#include "symbolizer/tail.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/check_modes-XXXXXX";

static void make_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static char *write_file(const char *name, const void *data, size_t size)
{
	char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(file_write(path, data, size, 0600));
	return path;
}

/* The annotated copy; owned by the caller. */
static void annotate(const char *path, struct symbolizer *s, char **ret, size_t *size)
{
	FILE *out = open_memstream(ret, size);

	ck_assert_ptr_nonnull(out);
	ck_assert_ok(mode_annotate(path, s, false, out));
	fclose(out);
}

static struct symbolizer *make_symbolizer(void)
{
	struct symbolizer *s = NULL;

	ck_assert_ok(symbolizer_create(&s));
	symbolizer_set_cache(s, false);
	return s;
}

/* Lines that begin with the mark are what was added: without them @text is @log. */
static void is_the_log(const char *text, size_t size, const char *log, size_t log_size)
{
	static const char mark[] = "    ^ ";
	_strbuf_ struct strbuf rest = STRBUF_INIT;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - (text + at)) + 1 : size - at;

		if (length < strlen(mark) || memcmp(text + at, mark, strlen(mark)))
			strbuf_add(&rest, text + at, length);
		at += length;
	}
	ck_assert_uint_eq(rest.length, log_size);
	ck_assert(!log_size || !memcmp(rest.data, log, log_size));
}

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A log of pieces that matter, with what a console adds and what breaks readers. */
static void make_log(uint32_t seed, const char *place, struct strbuf *out)
{
	static const char *const pieces[] = {
		"[   12.345678] ",
		"BUG: kernel NULL pointer dereference, address: 0000000000000008",
		"Call Trace:",
		"\r",
		"\n",
		"\n",
		"\n",
		"\033[1;31m",
		" ? f+0x1/0x2 [m]",
		"panic(cpu 0 caller 0xffffff80199876a2): x",
		"0xffffff8012340000 : 0xffffff8019987600",
		"PC is at ",
		"(f) from (g+0x10/0x20)",
	};
	uint32_t state = seed;

	for (int i = 0; i < 200; i++) {
		uint32_t next = random_next(&state);

		if (next % 16 == 15)
			strbuf_adds(out, place);
		else if (next % 64 == 14)
			for (int j = 0; j < 6000; j++)
				strbuf_addc(out, 'x');
		else if (next % 16 == 13)
			strbuf_add(out, "\0", 1);
		else
			strbuf_adds(out,
				    pieces[next % (sizeof(pieces) / sizeof(*pieces))]);
	}
}

/* A place of this very program, as the kernel would print it. */
static void own_place(char *ret, size_t size)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	struct index_symbol_hit hit;
	bool found;

	ck_assert_ok(object_create("/proc/self/exe", NULL, false, &object));
	ck_assert_ok(object_find_symbol(object, "main", 0, &hit, &found));
	ck_assert(found);
	snprintf(ret, size, " main+0x%x/0x%llx [check]", 8, (unsigned long long)hit.size);
}

START_TEST(an_annotated_log_without_its_marks_is_the_log)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = make_symbolizer();
	char exe[4096] = "", place[128];
	_free_ char *debug = NULL;
	size_t marks = 0;

	make_folder();
	own_place(place, sizeof(place));
	ck_assert_int_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	ck_assert_ok(file_join(folder, "check.ko.debug", &debug));
	ck_assert_int_eq(symlink(exe, debug), 0);
	ck_assert_ok(symbolizer_add_path(s, folder));
	for (uint32_t seed = 1; seed <= 60; seed++) {
		_strbuf_ struct strbuf log = STRBUF_INIT;
		_free_ char *path = NULL, *text = NULL;
		size_t size;

		make_log(seed * 2654435761u, place, &log);
		path = write_file("log", log.data, log.length);
		annotate(path, s, &text, &size);
		is_the_log(text, size, log.data, log.length);
		marks += size > log.length;
	}
	/* Otherwise the property says nothing. */
	ck_assert_uint_gt(marks, 20);
	remove_folder();
}
END_TEST

START_TEST(a_place_gets_its_file_and_line_below_it)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = make_symbolizer();
	char exe[4096] = "", place[128], log[256];
	_free_ char *debug = NULL, *path = NULL, *text = NULL;
	const char *mark;
	size_t size;

	make_folder();
	own_place(place, sizeof(place));
	ck_assert_int_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	ck_assert_ok(file_join(folder, "check.ko.debug", &debug));
	ck_assert_int_eq(symlink(exe, debug), 0);
	ck_assert_ok(symbolizer_add_path(s, folder));
	snprintf(log, sizeof(log), "before\n[    1.5] %s\r\nafter\n", place);
	path = write_file("log", log, strlen(log));
	annotate(path, s, &text, &size);
	mark = strstr(text, "\r\n    ^ main at ");
	ck_assert_msg(mark != NULL, "%s", text);
	ck_assert_ptr_nonnull(strstr(mark, "check_modes.c:"));
	ck_assert_ptr_nonnull(strstr(mark, "\nafter\n"));
	remove_folder();
}
END_TEST

START_TEST(a_folder_becomes_buckets_with_counts_times_and_releases)
{
	static const char first[] =
		"BUG: KASAN: use-after-free in my_read+0x10/0x20 [m]\n"
		"Read of size 8 at addr ffff888012345678\n"
		"CPU: 0 PID: 1 Comm: a Tainted: G O 6.1.0-1 #1\n"
		"Call Trace:\n my_read+0x10/0x20 [m]\n";
	static const char second[] =
		"BUG: KASAN: use-after-free in my_read+0x18/0x28 [m]\n"
		"Read of size 8 at addr ffff8880abcdef00\n"
		"CPU: 3 PID: 77 Comm: b Tainted: G O 6.1.0-2 #1\n"
		"Call Trace:\n my_read+0x18/0x28 [m]\n";
	static const char other[] = "WARNING: CPU: 0 PID: 1 at x.c:1 other+0x1/0x2 [m]\n";
	const struct timespec old[2] = { { .tv_sec = 86400 }, { .tv_sec = 86400 } };
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *below = NULL;
	const json_t *buckets, *bucket;

	make_folder();
	ck_assert_ok(file_join(folder, "below", &below));
	ck_assert_int_eq(mkdir(below, 0700), 0);
	a = write_file("a.log", first, strlen(first));
	b = write_file("below/b.log", second, strlen(second));
	c = write_file("c.log", other, strlen(other));
	d = write_file("memory.bin", "\0panic(cpu 0 caller 0x1): x\n", 28);
	ck_assert_int_eq(utimensat(AT_FDCWD, a, old, 0), 0);
	ck_assert_ok(report_create("symbolize", folder, &report));
	ck_assert_ok(mode_dedup(folder, report));
	buckets = report_section(report, "buckets");
	ck_assert_uint_eq(json_array_size(buckets), 2);
	bucket = json_array_get(buckets, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(bucket, "count")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(bucket, "title")),
			 "KASAN: use-after-free Read in my_read");
	ck_assert_str_eq(json_string_value(json_object_get(bucket, "first")),
			 "1970-01-02T00:00:00Z");
	ck_assert_str_ne(json_string_value(json_object_get(bucket, "last")),
			 "1970-01-02T00:00:00Z");
	ck_assert_uint_eq(json_array_size(json_object_get(bucket, "releases")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(bucket, "example")), "a.log");
	remove_folder();
}
END_TEST

START_TEST(what_comes_through_a_pipe_is_told_report_by_report)
{
	static const char log[] = "INFO: task a:1 blocked for more than 120 seconds.\n"
				  "Call Trace:\n schedule+0x1/0x20\n one+0x1/0x20\n"
				  "INFO: task b:2 blocked for more than 120 seconds.\n"
				  "Call Trace:\n schedule+0x1/0x20\n two+0x1/0x20\n";
	_cleanup_(symbolizer_destroy) struct symbolizer *s = make_symbolizer();
	_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct follow_request request = {
		.path = "-", .symbolizer = s, .format = "oneline", .out = out
	};
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], log, strlen(log)), strlen(log));
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	ck_assert_ok(mode_follow(&request));
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "-:1: INFO: task hung in one"));
	ck_assert_ptr_nonnull(strstr(text, "-:5: INFO: task hung in two"));
}
END_TEST

/* All that comes until the file is idle. */
static void read_idle(struct tail *tail, struct strbuf *out)
{
	enum tail_state state = TAIL_DATA;
	char block[256];
	size_t length;

	while (state == TAIL_DATA) {
		ck_assert_ok(tail_read(tail, block, sizeof(block), &length, &state));
		strbuf_add(out, block, length);
	}
	ck_assert_int_eq(state, TAIL_IDLE);
}

START_TEST(a_file_that_is_cut_or_replaced_is_followed)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	_free_ char *path = NULL, *next = NULL;
	_tail_ struct tail tail = { 0 };

	make_folder();
	path = write_file("log", "first line\n", 11);
	ck_assert_ok(tail_open(path, true, &tail));
	read_idle(&tail, &text);
	ck_assert_int_eq(truncate(path, 0), 0);
	free(write_file("log", "2\n", 2));
	read_idle(&tail, &text);
	read_idle(&tail, &text);
	next = write_file("next", "third\n", 6);
	ck_assert_int_eq(rename(next, path), 0);
	read_idle(&tail, &text);
	read_idle(&tail, &text);
	ck_assert_str_eq(strbuf_string(&text), "first line\n2\nthird\n");
	remove_folder();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modes");
	TCase *tests = tcase_create("modes");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_annotated_log_without_its_marks_is_the_log);
	tcase_add_test(tests, a_place_gets_its_file_and_line_below_it);
	tcase_add_test(tests, a_folder_becomes_buckets_with_counts_times_and_releases);
	tcase_add_test(tests, what_comes_through_a_pipe_is_told_report_by_report);
	tcase_add_test(tests, a_file_that_is_cut_or_replaced_is_followed);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
