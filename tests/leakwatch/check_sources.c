/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "leakwatch/source.h"
#include "tests/check_main.h"

/* A recorded /proc and /sys; lines as the kernels write them. */
static const char recorded[] = "tests/leakwatch/recorded";
static const char *const modules[] = { "leaky", NULL };

static void expect(const char *source, const char *place, uint64_t bytes,
		   uint64_t objects)
{
	const struct memory_source *s = source_find(source);
	_sample_ struct source_sample sample = { 0 };
	const struct source_value *value;

	ck_assert_ptr_nonnull(s);
	ck_assert_ok(s->available(recorded));
	ck_assert_ok(s->read(recorded, modules, &sample));
	value = source_sample_find(&sample, place);
	ck_assert_msg(value != NULL, "%s: no %s", source, place);
	ck_assert_uint_eq(value->bytes, bytes);
	ck_assert_uint_eq(value->objects, objects);
}

static size_t places(const char *source)
{
	_sample_ struct source_sample sample = { 0 };

	ck_assert_ok(source_find(source)->read(recorded, modules, &sample));
	return sample.count;
}

START_TEST(allocinfo_gives_lines_of_the_module_alone)
{
	expect("allocinfo", "tests/leaky.c:46 leaky_kmalloc [leaky]", 12800, 100);
	ck_assert_uint_eq(places("allocinfo"), 2);
}
END_TEST

START_TEST(kmemleak_counts_by_the_innermost_frame_of_the_module)
{
	expect("kmemleak", "leaky_kmalloc [leaky]", 256, 2);
	expect("kmemleak", "leaky_kasprintf [leaky]", 32, 1);
	ck_assert_uint_eq(places("kmemleak"), 2);
}
END_TEST

START_TEST(vmallocinfo_leaves_the_guard_page_out)
{
	expect("vmallocinfo", "leaky_vmalloc [leaky]", 16384, 2);
	ck_assert_uint_eq(places("vmallocinfo"), 1);
}
END_TEST

START_TEST(slub_traces_multiply_by_the_object_size)
{
	expect("slub_traces", "leaky_kmalloc [leaky]", 199 * 128, 199);
	ck_assert_uint_eq(places("slub_traces"), 1);
}
END_TEST

START_TEST(slabs_count_objects)
{
	expect("slabs", "kmalloc-128", 2112 * 128, 2112);
}
END_TEST

START_TEST(slabinfo_counts_active_objects)
{
	expect("slabinfo", "kmalloc-128", 1984 * 128, 1984);
	ck_assert_uint_eq(places("slabinfo"), 3);
}
END_TEST

START_TEST(meminfo_takes_wired_counters_alone)
{
	expect("meminfo", "SUnreclaim", 12344 * 1024, 0);
	ck_assert_uint_eq(places("meminfo"), 6);
}
END_TEST

START_TEST(an_absent_source_says_what_is_lacking)
{
	ck_assert_fails(source_find("allocinfo")->available("tests/leakwatch/leaky"),
			"6.10");
	ck_assert_fails(source_find("kmemleak")->available("tests/leakwatch/leaky"),
			"DEBUG_KMEMLEAK");
	ck_assert_fails(source_find("slub_traces")->available("tests/leakwatch/leaky"),
			"slub_debug=U");
	ck_assert_fails(source_find("census")->available("tests/leakwatch/leaky"), "BTF");
}
END_TEST

START_TEST(the_census_is_the_best_source)
{
	const struct memory_source *sources[32];
	size_t count = source_list(sources, 32);

	ck_assert_uint_eq(count, 8);
	ck_assert_str_eq(sources[0]->name, "census");
	for (size_t i = 1; i < count; i++)
		ck_assert_uint_ge(sources[i]->tier, sources[i - 1]->tier);
}
END_TEST

START_TEST(a_name_that_begins_alike_is_another_module)
{
	static const char *const begins[] = { "leak", NULL };

	ck_assert(source_names_module("foo+0x1/0x2 [leaky]", modules));
	ck_assert(source_names_module("foo+0x1/0x2 [leaky 1234abcd]", modules));
	ck_assert(!source_names_module("foo+0x1/0x2 [leaky]", begins));
	ck_assert(!source_names_module("foo+0x1/0x2 [leaky2]", modules));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sources");
	TCase *tests = tcase_create("sources");

	tcase_add_test(tests, allocinfo_gives_lines_of_the_module_alone);
	tcase_add_test(tests, kmemleak_counts_by_the_innermost_frame_of_the_module);
	tcase_add_test(tests, vmallocinfo_leaves_the_guard_page_out);
	tcase_add_test(tests, slub_traces_multiply_by_the_object_size);
	tcase_add_test(tests, slabs_count_objects);
	tcase_add_test(tests, slabinfo_counts_active_objects);
	tcase_add_test(tests, meminfo_takes_wired_counters_alone);
	tcase_add_test(tests, an_absent_source_says_what_is_lacking);
	tcase_add_test(tests, the_census_is_the_best_source);
	tcase_add_test(tests, a_name_that_begins_alike_is_another_module);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
