/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/archive.h"
#include "cycler/thin.h"
#include "tests/check_main.h"

enum {
	SIZE = 12 << 20,
	CAP = 1 << 20,
	PER_SECOND = 1000000, /* stamps */
	STEP = 40,	      /* stamps that a step takes */
};

struct fixture {
	char folder[32], path[64];
	void *area;
	struct journal journal;
	struct archive *archive;
	uint64_t stamp;
};

/* What a journal file says, summaries and records taken together. */
struct told {
	uint64_t steps[2], passes, errors, missed, eventful, marks, summaries, skipped;
	double last_seconds;
	uint64_t p50;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .folder = "/tmp/check-thin-XXXXXX" };
	f->area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	ck_assert_ptr_ne(f->area, MAP_FAILED);
	ck_assert(journal_format(f->area, SIZE, &f->journal));
	ck_assert_ptr_nonnull(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/" ARCHIVE_FILE, f->folder);
	ck_assert_ok(archive_create(f->folder, "{}", &f->archive));
	archive_limit(f->archive, CAP, NULL);
	archive_attach(f->archive, &f->journal);
	f->journal.header->stamps_per_second = PER_SECOND;
	f->journal.header->realtime_ns = 1000000000;
}

static void end(struct fixture *f)
{
	archive_destroy(f->archive);
	ck_assert_ok(file_remove_tree(f->folder));
	munmap(f->area, SIZE);
}

static void add(struct fixture *f, uint8_t kind, uint32_t pass, uint8_t step, int result,
		uint16_t worker)
{
	struct journal_record r = { .kind = kind,
				    .pass = pass,
				    .step = step,
				    .result = result,
				    .worker = worker,
				    .stamp = f->stamp };

	journal_add(&f->journal, &r);
}

/* One pass of two steps; @result is that of its second. */
static void pass(struct fixture *f, uint32_t number, int result, uint16_t worker)
{
	for (uint8_t step = 0; step < 2; step++) {
		add(f, JOURNAL_BEGIN, number, step, 0, worker);
		f->stamp += STEP;
		add(f, JOURNAL_END, number, step, step ? result : 0, worker);
	}
	if (number % 256 == 0)
		ck_assert_ok(archive_drain(f->archive, false));
}

static void told_add(struct told *t, const struct journal_record *r)
{
	if (r->kind == JOURNAL_SUMMARY && r->worker == THIN_STEPS) {
		t->summaries++;
		if (r->step == THIN_WHOLE_PASS)
			t->passes += (uint32_t)r->result;
		else
			t->steps[r->step & 1] += (uint32_t)r->result;
	} else if (r->kind == JOURNAL_SUMMARY && r->worker == THIN_ERRORS) {
		t->errors += (uint32_t)r->result;
	} else if (r->kind == JOURNAL_SUMMARY) {
		t->missed += (uint32_t)r->result;
	} else if (r->kind == JOURNAL_END) {
		t->steps[r->step & 1]++;
		t->passes += r->step == 1;
		t->eventful += r->result != 0;
	} else if (r->kind == JOURNAL_MARK) {
		t->marks++;
	}
}

static struct told read_back(const struct fixture *f)
{
	_mapping_ struct mapping map = { 0 };
	struct journal_reader reader;
	struct journal_record record;
	struct thin_counts counts = { 0 };
	struct told t = { 0 };
	uint64_t sequence;
	const char *why;

	ck_assert_ok(file_map(f->path, &map));
	ck_assert(journal_reader_init(&reader, map.bytes, &why));
	while (journal_reader_next(&reader, &record, &sequence)) {
		thin_take(&counts, &record);
		told_add(&t, &record);
		t.last_seconds = journal_reader_seconds(&reader, record.stamp);
	}
	t.skipped = reader.skipped;
	t.p50 = thin_quantile(&counts, 0.5);
	return t;
}

START_TEST(what_is_thinned_is_counted_to_the_last_step)
{
	struct fixture f;
	struct told t;

	begin(&f);
	for (uint32_t i = 0; i < 200000; i++)
		pass(&f, i, 0, 0);
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.steps[0], 200000);
	ck_assert_uint_eq(t.steps[1], 200000);
	ck_assert_uint_eq(t.passes, 200000);
	ck_assert_uint_gt(t.summaries, 10);
	ck_assert_uint_eq(t.skipped, 0);
	ck_assert_uint_le(archive_size(f.archive), CAP + (1 << 16));
	ck_assert_uint_eq(archive_count(f.archive), 800000);
	/* half are steps of 40 stamps, which the quarter from 40 to 47 holds */
	ck_assert_uint_ge(t.p50, STEP);
	ck_assert_uint_le(t.p50, STEP + STEP / 4);
	end(&f);
}
END_TEST

START_TEST(every_eventful_pass_stays_whole)
{
	struct fixture f;
	struct told t;

	begin(&f);
	for (uint32_t i = 0; i < 100000; i++) {
		pass(&f, i, i % 997 == 0 ? -5 : 0, (uint16_t)(i & 1));
		if (i == 5000) /* a complaint beside a pass that is running */
			add(&f, JOURNAL_MARK, 0, JOURNAL_MARK_LOG, 7, JOURNAL_WORKERS);
	}
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.eventful, 101);
	ck_assert_uint_eq(t.marks, 1);
	ck_assert_uint_eq(t.passes, 100000);
	end(&f);
}
END_TEST

START_TEST(a_step_that_never_ended_stays)
{
	_mapping_ struct mapping map = { 0 };
	struct journal_reader reader;
	struct journal_record record;
	uint64_t sequence, found = 0;
	struct fixture f;
	const char *why;

	begin(&f);
	pass(&f, 0, 0, 0);
	add(&f, JOURNAL_BEGIN, 77777777, 0, 0, 3);
	for (uint32_t i = 1; i < 60000; i++)
		pass(&f, i, 0, 0);
	/* the worker's next pass comes after it: the old one is closed by that */
	pass(&f, 77777778, 0, 3);
	for (uint32_t i = 60000; i < 120000; i++)
		pass(&f, i, 0, 0);
	ck_assert_ok(archive_drain(f.archive, true));
	ck_assert_ok(file_map(f.path, &map));
	ck_assert(journal_reader_init(&reader, map.bytes, &why));
	while (journal_reader_next(&reader, &record, &sequence))
		found += record.kind == JOURNAL_BEGIN && record.pass == 77777777;
	ck_assert_uint_eq(found, 1);
	end(&f);
}
END_TEST

START_TEST(missed_slots_are_added_up)
{
	struct fixture f;
	struct told t;

	begin(&f);
	for (uint32_t i = 0; i < 100000; i++) {
		if (i < 1000)
			add(&f, JOURNAL_MARK, i, JOURNAL_MARK_MISSED, 3, 0);
		pass(&f, i, 0, 0);
	}
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.missed, 3000);
	ck_assert_uint_eq(t.passes, 100000);
	end(&f);
}
END_TEST

START_TEST(intervals_grow_when_seconds_are_too_many)
{
	struct fixture f;
	struct told t;

	begin(&f);
	for (uint32_t i = 0; i < 100000; i++) {
		f.stamp += PER_SECOND; /* a pass a second: a day and more */
		pass(&f, i, 0, 0);
	}
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.passes, 100000);
	ck_assert_uint_gt(archive_width(f.archive), 1);
	ck_assert_uint_le(archive_size(f.archive), CAP + (1 << 16));
	ck_assert_double_ge(t.last_seconds, 99990);
	end(&f);
}
END_TEST

START_TEST(a_restarted_target_keeps_its_own_clock)
{
	struct fixture f;
	struct told t;

	begin(&f);
	f.stamp = 5000 * (uint64_t)PER_SECOND;
	f.journal.header->stamp = f.stamp;
	for (uint32_t i = 0; i < 50000; i++)
		pass(&f, i, 0, 0);
	ck_assert_ok(archive_drain(f.archive, true));
	/* another machine: its counter begins anew and runs twice as fast */
	ck_assert(journal_format(f.area, SIZE, &f.journal));
	archive_attach(f.archive, &f.journal);
	f.journal.header->stamps_per_second = 2 * PER_SECOND;
	f.journal.header->realtime_ns = 101 * UINT64_C(1000000000);
	f.journal.header->stamp = f.stamp = 10;
	for (uint32_t i = 0; i < 50000; i++)
		pass(&f, i, 0, 0);
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.passes, 100000);
	ck_assert_uint_eq(t.marks, 1); /* the restart */
	/* 100 s later, and 50 000 passes of 80 stamps at 2 MHz */
	ck_assert_double_eq_tol(t.last_seconds, 102, 0.01);
	end(&f);
}
END_TEST

static void check_cut(const struct fixture *f, const uint8_t *bytes, size_t size,
		      size_t first)
{
	struct journal_reader reader;
	struct journal_record record;
	uint64_t sequence, n = 0, clocks = 0;
	const char *why;

	if (!journal_reader_init(&reader, (struct span){ bytes, size }, &why)) {
		ck_assert_uint_lt(size, first);
		return;
	}
	(void)f;
	while (journal_reader_next(&reader, &record, &sequence))
		n++;
	ck_assert_uint_eq(reader.skipped, 0);
	if (size >= first)
		clocks = (size - first) / sizeof(record) - n;
	ck_assert_uint_le(clocks, 2);
}

START_TEST(a_thinned_file_cut_at_any_byte_gives_the_records_before_it)
{
	_mapping_ struct mapping map = { 0 };
	struct fixture f;
	size_t first = JOURNAL_LEGEND_OFFSET + JOURNAL_LEGEND_SIZE;

	begin(&f);
	for (uint32_t i = 0; i < 50000; i++)
		pass(&f, i, 0, 0);
	ck_assert_ok(archive_drain(f.archive, true));
	ck_assert_ok(file_map(f.path, &map));
	for (size_t size = 0; size < first; size++)
		check_cut(&f, map.bytes.data, size, first);
	for (size_t size = first; size < first + 40 * 32; size++)
		check_cut(&f, map.bytes.data, size, first);
	for (size_t size = map.bytes.size - 64; size <= map.bytes.size; size++)
		check_cut(&f, map.bytes.data, size, first);
	end(&f);
}
END_TEST

START_TEST(a_full_disk_loses_nothing_that_was_recorded)
{
	struct rlimit limit = { 300000, 300000 }, before;
	struct error *error = NULL;
	struct fixture f;
	struct told t;

	begin(&f);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		for (uint8_t step = 0; step < 2; step++) {
			add(&f, JOURNAL_BEGIN, i, step, 0, 0);
			f.stamp += STEP;
			add(&f, JOURNAL_END, i, step, 0, 0);
		}
		if (i % 256 == 0 && !error)
			error = archive_drain(f.archive, false);
	}
	ck_assert_ptr_nonnull(error);
	ck_assert_ptr_nonnull(strstr(error_message(error), ARCHIVE_FILE));
	error_destroy(error);
	t = read_back(&f);
	ck_assert_uint_eq(t.skipped, 0);
	ck_assert_uint_gt(t.passes, 0);
	/* there is room again: what was in the ring is still there to be taken */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_ok(archive_drain(f.archive, true));
	t = read_back(&f);
	ck_assert_uint_eq(t.passes, 20000);
	end(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("thin");
	TCase *tc = tcase_create("thin");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, what_is_thinned_is_counted_to_the_last_step);
	tcase_add_test(tc, every_eventful_pass_stays_whole);
	tcase_add_test(tc, a_step_that_never_ended_stays);
	tcase_add_test(tc, missed_slots_are_added_up);
	tcase_add_test(tc, intervals_grow_when_seconds_are_too_many);
	tcase_add_test(tc, a_restarted_target_keeps_its_own_clock);
	tcase_add_test(tc, a_thinned_file_cut_at_any_byte_gives_the_records_before_it);
	tcase_add_test(tc, a_full_disk_loses_nothing_that_was_recorded);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
