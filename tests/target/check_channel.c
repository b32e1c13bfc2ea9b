/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "target/channel.h"
#include "tests/check_main.h"

static uint8_t payload[CHANNEL_FRAME_LIMIT + 1];

static void *area(struct channel *channel)
{
	void *memory = calloc(1, CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE);

	ck_assert_ptr_nonnull(memory);
	channel_format(memory);
	ck_assert(channel_open(memory, CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE, channel));
	return memory;
}

START_TEST(frames_come_out_as_they_went_in_around_the_rings_end)
{
	struct channel c;
	void *memory = area(&c);
	struct channel_frame frame;
	uint8_t data[5000];

	for (uint32_t i = 0; i < 3000; i++) {
		size_t size = (i * 37) % sizeof(data);

		memset(data, (int)i, size);
		ck_assert(channel_send(&c.results, CHANNEL_OUTPUT, i, data, size));
		ck_assert_int_eq(channel_receive(&c.results, &frame, payload), 1);
		ck_assert_uint_eq(frame.id, i);
		ck_assert_uint_eq(frame.size, size);
		ck_assert(!memcmp(payload, data, size));
	}
	ck_assert_int_eq(channel_receive(&c.results, &frame, payload), 0);
	free(memory);
}
END_TEST

START_TEST(a_full_ring_takes_nothing_and_loses_nothing)
{
	struct channel c;
	void *memory = area(&c);
	struct channel_frame frame;
	static uint8_t data[CHANNEL_FRAME_LIMIT];
	size_t sent = 0, got = 0;

	while (channel_send(&c.commands, CHANNEL_RUN, (uint32_t)sent, data, sizeof(data)))
		sent++;
	ck_assert_uint_gt(sent, 10);
	ck_assert_uint_lt(channel_room(&c.commands), sizeof(data));
	while (channel_receive(&c.commands, &frame, payload) == 1)
		ck_assert_uint_eq(frame.id, got++);
	ck_assert_uint_eq(sent, got);
	free(memory);
}
END_TEST

START_TEST(a_corrupt_ring_is_told_and_not_followed)
{
	struct channel c;
	void *memory = area(&c);
	struct channel_frame frame;
	struct channel_frame *first = (struct channel_frame *)c.results.data;

	ck_assert(channel_send(&c.results, CHANNEL_OUTPUT, 1, "abc", 3));
	first->size = 0x7fffffff;
	ck_assert_int_eq(channel_receive(&c.results, &frame, payload), -1);
	first->size = 3;
	c.header->results.head = UINT64_MAX;
	ck_assert_int_eq(channel_receive(&c.results, &frame, payload), -1);
	free(memory);
}
END_TEST

START_TEST(foreign_memory_is_refused)
{
	struct channel c;
	void *memory = area(&c);

	ck_assert(!channel_open(memory, 4096, &c));
	c.header->version = 99;
	ck_assert(!channel_open(memory, CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE, &c));
	free(memory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tc = tcase_create("channel");

	tcase_add_test(tc, frames_come_out_as_they_went_in_around_the_rings_end);
	tcase_add_test(tc, a_full_ring_takes_nothing_and_loses_nothing);
	tcase_add_test(tc, a_corrupt_ring_is_told_and_not_followed);
	tcase_add_test(tc, foreign_memory_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
