/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "cycler/archive.h"
#include "cycler/journal.h"
#include "tests/check_main.h"

enum { SIZE = 8 << 20 };

static struct journal_record record_of(uint32_t pass, uint8_t kind)
{
	return (struct journal_record){ .stamp = 1000 + pass,
					.pass = pass,
					.kind = kind };
}

static void *shared(struct journal *journal)
{
	void *area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	ck_assert_ptr_ne(area, MAP_FAILED);
	ck_assert(journal_format(area, SIZE, journal));
	return area;
}

static uint64_t count(struct span bytes, uint64_t *skipped)
{
	struct journal_reader reader;
	struct journal_record record;
	const char *why;
	uint64_t sequence, n = 0;

	ck_assert(journal_reader_init(&reader, bytes, &why));
	while (journal_reader_next(&reader, &record, &sequence))
		n++;
	*skipped = reader.skipped;
	return n;
}

START_TEST(a_ring_keeps_the_last_records)
{
	struct journal journal;
	void *area = shared(&journal);
	uint64_t skipped, capacity = journal.header->capacity;

	for (uint32_t i = 0; i < 3 * capacity / 2; i++) {
		struct journal_record r = record_of(i, JOURNAL_BEGIN);

		journal_add(&journal, &r);
	}
	ck_assert_uint_eq(count((struct span){ area, SIZE }, &skipped), capacity);
	ck_assert_uint_eq(skipped, 0);
	munmap(area, SIZE);
}
END_TEST

START_TEST(a_writer_killed_at_any_moment_leaves_only_whole_records)
{
	for (int round = 0; round < 40; round++) {
		struct journal journal;
		void *area = shared(&journal);
		uint64_t skipped, n;
		pid_t pid = fork();

		for (uint32_t i = 0; !pid; i++) {
			struct journal_record r = record_of(i, JOURNAL_BEGIN);

			journal_add(&journal, &r);
		}
		usleep((useconds_t)(1000 + round * 97));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		n = count((struct span){ area, SIZE }, &skipped);
		ck_assert_uint_le(skipped, 1);
		ck_assert_uint_ge(n + 1, journal.header->head < journal.header->capacity
						 ? journal.header->head
						 : journal.header->capacity);
		munmap(area, SIZE);
	}
}
END_TEST

START_TEST(several_writers_lose_nothing_to_an_archive)
{
	char folder[] = "/tmp/check-journal-XXXXXX", path[64];
	_cleanup_(archive_destroy) struct archive *archive = NULL;
	struct journal journal;
	void *area = shared(&journal);
	_mapping_ struct mapping map = { 0 };
	uint64_t skipped, running = 4;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(archive_create(folder, "{\"legs\": []}", &archive));
	archive_attach(archive, &journal);
	for (int w = 0; w < 4; w++) {
		pid_t pid = fork();

		for (uint32_t i = 0; !pid && i < 200000; i++) {
			struct journal_record r = record_of(i, JOURNAL_END);

			r.worker = (uint16_t)w;
			journal_add(&journal, &r);
		}
		if (!pid)
			_exit(0);
	}
	while (running) {
		ck_assert_ok(archive_drain(archive, false));
		while (running && waitpid(-1, NULL, WNOHANG) > 0)
			running--;
	}
	ck_assert_ok(archive_drain(archive, true));
	ck_assert_uint_eq(archive_count(archive), 800000);
	snprintf(path, sizeof(path), "%s/journal.bin", folder);
	ck_assert_ok(file_map(path, &map));
	ck_assert_uint_eq(count(map.bytes, &skipped), 800000);
	ck_assert_uint_eq(skipped, 0);
	ck_assert_ok(file_remove_tree(folder));
	munmap(area, SIZE);
}
END_TEST

START_TEST(a_file_cut_at_any_byte_gives_the_records_before_it)
{
	char folder[] = "/tmp/check-journal-XXXXXX", path[64];
	_cleanup_(archive_destroy) struct archive *archive = NULL;
	struct journal journal;
	void *area = shared(&journal);
	_mapping_ struct mapping map = { 0 };
	size_t begin;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(archive_create(folder, "{}", &archive));
	archive_attach(archive, &journal);
	for (uint32_t i = 0; i < 20; i++) {
		struct journal_record r = record_of(i, JOURNAL_BEGIN);

		journal_add(&journal, &r);
	}
	ck_assert_ok(archive_drain(archive, true));
	snprintf(path, sizeof(path), "%s/journal.bin", folder);
	ck_assert_ok(file_map(path, &map));
	begin = map.bytes.size - 20 * sizeof(struct journal_record);
	for (size_t size = 0; size <= map.bytes.size; size += size < begin ? 997 : 1) {
		struct journal_reader reader;
		struct journal_record record;
		const char *why = NULL;
		uint64_t sequence, n = 0;

		if (!journal_reader_init(&reader, (struct span){ map.bytes.data, size },
					 &why)) {
			ck_assert_ptr_nonnull(why);
			continue;
		}
		while (journal_reader_next(&reader, &record, &sequence))
			n++;
		if (size >= begin)
			ck_assert_uint_eq(n, (size - begin) / sizeof(record));
	}
	ck_assert_ok(file_remove_tree(folder));
	munmap(area, SIZE);
}
END_TEST

START_TEST(quantiles_are_within_three_percent)
{
	static struct histogram h, other;

	for (uint64_t i = 1; i <= 100000; i++)
		histogram_add(&h, i * 10);
	ck_assert_uint_eq(h.minimum, 10);
	ck_assert_uint_eq(h.maximum, 1000000);
	ck_assert_int_lt(labs((long)histogram_quantile(&h, 0.5) - 500000), 16000);
	ck_assert_int_lt(labs((long)histogram_quantile(&h, 0.99) - 990000), 31000);
	ck_assert_uint_eq(histogram_quantile(&h, 1), 1000000);
	histogram_merge(&other, &h);
	histogram_add(&other, 5);
	ck_assert_uint_eq(other.minimum, 5);
	ck_assert_uint_eq(other.count, 100001);
	histogram_add(&other, UINT64_MAX);
	ck_assert_uint_eq(other.maximum, UINT64_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tc = tcase_create("journal");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_ring_keeps_the_last_records);
	tcase_add_test(tc, a_writer_killed_at_any_moment_leaves_only_whole_records);
	tcase_add_test(tc, several_writers_lose_nothing_to_an_archive);
	tcase_add_test(tc, a_file_cut_at_any_byte_gives_the_records_before_it);
	tcase_add_test(tc, quantiles_are_within_three_percent);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
