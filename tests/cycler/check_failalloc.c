/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sweep over a kernel made here: a driver with allocations of several characters. */
#include <errno.h>
#include <string.h>

#include "cycler/failalloc.h"
#include "tests/check_main.h"

/* What a driver does when one of its allocations fails. */
enum character {
	BACKS_OUT,
	GOES_ON,
	SAYS_EIO,
	KEEPS_HALF, /* what it had made stays: the next load finds it and fails */
};

static struct world {
	enum character allocations[8];
	size_t count;
	size_t only_first; /* allocations that only the first pass makes */
	uint64_t nth, made;
	bool counting, failed, open, half_left;
	int opens;
	struct failalloc_site sites[16];
	size_t site_count;
} w;

static struct error *fake_begin(struct failalloc *f, const char *module, uint64_t nth,
				unsigned int flags)
{
	(void)f;
	(void)flags;
	ck_assert_str_eq(module, "refdrv");
	w.nth = nth;
	w.made = 0;
	w.counting = true;
	w.failed = false;
	return NULL;
}

static struct error *fake_end(struct failalloc *f, struct failalloc_result *ret)
{
	(void)f;
	w.counting = false;
	memset(ret, 0, sizeof(*ret));
	ret->counted = w.made;
	ret->kind = w.failed ? FAILALLOC_SLAB : 0;
	return NULL;
}

static const struct failalloc_operations fake = { fake_begin, fake_end };

static int fake_open(void *context)
{
	size_t count = w.count + (w.opens++ ? 0 : w.only_first);

	(void)context;
	if (w.half_left || w.open)
		return -EBUSY;
	for (size_t i = 0; i < count; i++) {
		if (!w.counting || ++w.made != w.nth)
			continue;
		w.failed = true;
		if (w.allocations[i] == BACKS_OUT)
			return -ENOMEM;
		if (w.allocations[i] == SAYS_EIO)
			return -EIO;
		if (w.allocations[i] == KEEPS_HALF) {
			w.half_left = true;
			return -ENOMEM;
		}
	}
	w.open = true;
	return 0;
}

static int fake_close(void *context)
{
	(void)context;
	if (!w.open)
		return -EINVAL;
	w.open = false;
	return 0;
}

static struct error *note_site(void *context, const struct failalloc_site *site)
{
	(void)context;
	w.sites[w.site_count++] = *site;
	return NULL;
}

static const struct failalloc_step step = { NULL, fake_open, fake_close, note_site };

static void start(size_t count, const enum character *allocations)
{
	memset(&w, 0, sizeof(w));
	w.count = count;
	if (count)
		memcpy(w.allocations, allocations, count * sizeof(*allocations));
}

static struct failalloc_sweep sweep(uint64_t first, uint64_t limit)
{
	struct failalloc f = { -1, FAILALLOC_SLAB };
	struct failalloc_sweep result;

	ck_assert_ok(failalloc_sweep_with(&fake, &f, "refdrv", 0, &step, first, limit,
					  &result));
	return result;
}

START_TEST(each_allocation_fails_once_and_is_judged)
{
	struct failalloc_sweep result;

	start(3, (enum character[]){ BACKS_OUT, GOES_ON, SAYS_EIO });
	result = sweep(1, 0);
	ck_assert_uint_eq(result.counted, 3);
	ck_assert_uint_eq(result.tried, 3);
	ck_assert(!result.unsteady);
	ck_assert_uint_eq(w.site_count, 3);
	ck_assert_int_eq(w.sites[0].outcome, FAILALLOC_CLEAN);
	ck_assert_int_eq(w.sites[1].outcome, FAILALLOC_TOLERATED);
	ck_assert_int_eq(w.sites[2].outcome, FAILALLOC_OTHER);
	ck_assert_int_eq(w.sites[2].result, -EIO);
	ck_assert(!w.open);
}
END_TEST

START_TEST(what_stays_behind_is_seen_by_the_next_success_that_fails)
{
	start(2, (enum character[]){ BACKS_OUT, KEEPS_HALF });
	sweep(1, 0);
	ck_assert_int_eq(w.sites[0].outcome, FAILALLOC_CLEAN);
	ck_assert_int_eq(w.sites[1].outcome, FAILALLOC_BROKEN);
	ck_assert_int_eq(w.sites[1].afterwards, -EBUSY);
}
END_TEST

START_TEST(goes_on_at_a_given_site_and_stops_at_a_limit)
{
	struct failalloc_sweep result;

	start(4, (enum character[]){ BACKS_OUT, BACKS_OUT, BACKS_OUT, BACKS_OUT });
	result = sweep(2, 2);
	ck_assert_uint_eq(result.tried, 2);
	ck_assert_uint_eq(w.sites[0].nth, 2);
	ck_assert_uint_eq(w.sites[1].nth, 3);
}
END_TEST

START_TEST(counts_that_differ_are_told)
{
	struct failalloc_sweep result;

	start(1, (enum character[]){ BACKS_OUT });
	w.only_first = 2;
	result = sweep(1, 0);
	ck_assert_uint_eq(result.counted, 1);
	ck_assert(result.unsteady);
}
END_TEST

START_TEST(a_step_that_fails_anyway_is_refused)
{
	struct failalloc f = { -1, FAILALLOC_SLAB };
	struct failalloc_sweep result;

	start(0, NULL);
	w.half_left = true;
	ck_assert_fails(failalloc_sweep_with(&fake, &f, "refdrv", 0, &step, 1, 0,
					     &result),
			"fails by itself");
}
END_TEST

START_TEST(the_drivers_own_frame_is_the_innermost_of_its_module)
{
	struct failalloc_result r = { .frames = 4 };

	strcpy(r.text[0], "__kmalloc+0x12/0x80");
	strcpy(r.text[1], "snd_card_new+0x12/0x80 [snd]");
	strcpy(r.text[2], "my_probe+0x1/0x2 [my_drv]");
	strcpy(r.text[3], "my_init+0x1/0x2 [my_drv]");
	ck_assert_str_eq(failalloc_driver_frame(&r, "my-drv"),
			 "my_probe+0x1/0x2 [my_drv]");
	ck_assert_str_eq(failalloc_driver_frame(&r, "drv"), "");
}
END_TEST

START_TEST(says_that_the_module_is_not_there)
{
	struct failalloc f;

	if (!access("/dev/bookend-failalloc", F_OK))
		return;
	ck_assert_fails(failalloc_open(&f), "bookend_failalloc is not loaded");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failalloc");
	TCase *t = tcase_create("failalloc");

	tcase_add_test(t, each_allocation_fails_once_and_is_judged);
	tcase_add_test(t, what_stays_behind_is_seen_by_the_next_success_that_fails);
	tcase_add_test(t, goes_on_at_a_given_site_and_stops_at_a_limit);
	tcase_add_test(t, counts_that_differ_are_told);
	tcase_add_test(t, a_step_that_fails_anyway_is_refused);
	tcase_add_test(t, the_drivers_own_frame_is_the_innermost_of_its_module);
	tcase_add_test(t, says_that_the_module_is_not_there);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
