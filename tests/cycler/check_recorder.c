/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder's memory, as the module lays it out. */
#include <string.h>

#include "cycler/recorder.h"
#include "tests/check_main.h"

static _Alignas(64) uint8_t area[RECORDER_SIZE];

static struct recorder_header *header(void)
{
	return (struct recorder_header *)area;
}

static const struct recorder_step *step_at(size_t place)
{
	return (const struct recorder_step *)(area + RECORDER_STEPS_OFFSET) + place;
}

static struct recorder attached(void)
{
	struct recorder r;

	memset(area, 0xa5, sizeof(area));
	*header() = (struct recorder_header){ .magic = RECORDER_MAGIC,
					      .version = RECORDER_VERSION };
	ck_assert_ok(recorder_attach(area, &r));
	return r;
}

START_TEST(steps_go_round_the_ring_with_their_numbers)
{
	struct recorder r = attached();

	for (uint32_t i = 0; i < RECORDER_STEPS + 3; i++)
		recorder_add(&r, &(struct journal_record){ .pass = i,
							   .kind = JOURNAL_END,
							   .result = -19,
							   .worker = 7 });
	ck_assert_uint_eq(header()->head, RECORDER_STEPS + 3);
	ck_assert_uint_eq(step_at(2)->pass, RECORDER_STEPS + 2);
	ck_assert_uint_eq(step_at(2)->sequence, RECORDER_STEPS + 3);
	ck_assert_uint_eq(step_at(3)->sequence, 4);
	ck_assert_int_eq(step_at(3)->result, -19);
	ck_assert_uint_eq(step_at(3)->worker, 7);
}
END_TEST

START_TEST(names_are_cut_and_end_at_the_tables_end)
{
	struct recorder r = attached();
	const struct recorder_name *names = (void *)(area + RECORDER_NAMES_OFFSET);
	char text[200];

	memset(text, 'x', sizeof(text));
	text[199] = 0;
	for (unsigned int i = 0; i < RECORDER_NAMES; i++)
		ck_assert_ok(recorder_name(&r, i / 256, 1, i % 256, text));
	ck_assert_fails(recorder_name(&r, 3, 1, 1, "one more"), "512 steps at most");
	ck_assert_uint_eq(strlen(names[511].text), RECORDER_TEXT - 1);
	ck_assert_uint_eq(names[511].step, 255);
}
END_TEST

START_TEST(another_layout_is_refused)
{
	struct recorder r;

	attached();
	header()->version = 9;
	ck_assert_fails(recorder_attach(area, &r), "version 9");
	header()->magic = 0;
	ck_assert_fails(recorder_attach(area, &r), "not bookend's recorder");
}
END_TEST

START_TEST(without_a_recorder_adding_does_nothing)
{
	struct recorder none = { NULL, 0 };

	recorder_add(&none, &(struct journal_record){ .pass = 1 });
	recorder_set_rate(&none, 1);
	ck_assert_ok(recorder_name(&none, 0, 0, 0, "open"));
	recorder_close(&none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder");
	TCase *t = tcase_create("recorder");

	tcase_add_test(t, steps_go_round_the_ring_with_their_numbers);
	tcase_add_test(t, names_are_cut_and_end_at_the_tables_end);
	tcase_add_test(t, another_layout_is_refused);
	tcase_add_test(t, without_a_recorder_adding_does_nothing);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
