/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/strbuf.h"
#include "leakwatch/advice.h"
#include "leakwatch/growth.h"
#include "leakwatch/kernel_symbols.h"
#include "leakwatch/leaks.h"
#include "leakwatch/loaded.h"
#include "leakwatch/verdict.h"
#include "report/report.h"
#include "tests/check_main.h"

#define MODULE(loads, loaded)                                      \
	"{ 'name': 'leaky', 'loads': " loads ", 'loaded': " loaded \
	", 'base': '0xffffffffc0000000',"                          \
	" 'size': 16384, 'sections': { '.text': '0xffffffffc0000000' } }"
#define NO_LOSS "{ 'recursion_misses': 0, 'objects': 0 }"
#define HOOKS	"[ { 'name': 'kmalloc', 'covers': 'kmalloc', 'attached': true } ]"
#define DRIVER                                                            \
	"{ 'address': '0xffffffffc0000150', 'module': 'leaky', 'region':" \
	" 'text', 'offset': 336 }"
#define STACK \
	"[ { 'address': '0xffffffff81000000', 'symbol': 'kmalloc_trace' }, " DRIVER " ]"

/* A document of a hundred passes; quotes are single for legibility. */
static json_t *census(const char *module, const char *hooks, const char *loss,
		      const char *sites)
{
	char text[8192];
	json_error_t why;
	json_t *json;

	snprintf(text, sizeof(text),
		 "{ 'schema': 'bookend-census/1', 'passes': 100, 'tick_ns': 4000000,"
		 " 'modules': [ %s ], 'hooks': %s, 'loss': %s, 'sites': [ %s ] }",
		 module, hooks, loss, sites);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	json = json_loads(text, 0, &why);
	ck_assert_msg(json != NULL, "%s in %s", why.text, text);
	return json;
}

static struct report *judge(json_t *document)
{
	struct leak_options options = { 0 };
	struct report *report = NULL;

	ck_assert_ok(report_create("leakwatch", "leaky", &report));
	ck_assert_ok(leak_judge(document, &options, report));
	json_decref(document);
	return report;
}

static struct report *judge_sites(const char *sites)
{
	return judge(census(MODULE("100", "false"), HOOKS, NO_LOSS, sites));
}

#define EXPECT_ONE(report, id, text)                                               \
	do {                                                                       \
		ck_assert_uint_eq((report)->findings_count, 1);                    \
		ck_assert_str_eq((report)->findings[0].rule, id);                  \
		ck_assert_msg(strstr((report)->findings[0].message, text),         \
			      "%s lacks %s", (report)->findings[0].message, text); \
	} while (0)

START_TEST(a_leak_in_every_pass_is_counted_exactly)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 100, 'freed': 0,"
		" 'alive': 100, 'alive_asked': 19200, 'alive_given': 19200, 'passes': 100,"
		" 'first_pass': 1, 'last_pass': 100, 'stack': " STACK " }");

	EXPECT_ONE(report, "LEAK001", "192 B in each of 100 passes");
	ck_assert_int_eq(report_verdict(report), VERDICT_FINDINGS);
}
END_TEST

START_TEST(a_leak_in_one_pass_of_seven_names_the_passes)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 100, 'freed': 85,"
		" 'alive': 15, 'alive_asked': 1500, 'alive_given': 1920, 'passes': 15,"
		" 'first_pass': 3, 'last_pass': 99, 'first_ordinal': 2,"
		" 'stack': " STACK " }");

	EXPECT_ONE(report, "LEAK001", "100 B in 15 of 100 passes, first in pass 3");
}
END_TEST

START_TEST(what_is_left_once_is_a_warning)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'vmalloc', 'class': 'driver', 'allocated': 100, 'freed': 99,"
		" 'alive': 1, 'alive_asked': 8192, 'alive_given': 8192, 'passes': 1,"
		" 'first_pass': 50, 'last_pass': 50, 'first_ordinal': 49,"
		" 'oldest_ns': 9000000000, 'stack': " STACK " }");

	EXPECT_ONE(report, "LEAK006", "8 192 B in 1 of 100 passes, first in pass 50");
	ck_assert_int_eq(report->findings[0].level, LEVEL_WARNING);
}
END_TEST

/* A leg of a hundred passes, of which 50 are its first half. */
static struct report *judge_halves(const char *loaded, const char *late)
{
	_strbuf_ struct strbuf module = STRBUF_INIT, sites = STRBUF_INIT;
	json_t *document;

	strbuf_addf(&module,
		    "{ 'name': 'leaky', 'loads': 100, 'loaded': %s,"
		    " 'base': '0xffffffffc0000000', 'size': 16384, 'sections': {} }",
		    loaded);
	strbuf_addf(&sites,
		    "{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 100,"
		    " 'freed': 86, 'alive': 14, 'alive_asked': 1400, 'alive_given': 1792,"
		    " 'passes': 14, 'first_pass': 7, 'last_pass': 98,"
		    " 'first_ordinal': 6, 'oldest_ns': 9000000000, 'alive_late': %s,"
		    " 'stack': " STACK " }",
		    late);
	document = census(strbuf_string(&module), HOOKS, NO_LOSS, strbuf_string(&sites));
	json_object_set_new(document, "legs", json_pack("[[i, i, i]]", 1, 50, 100));
	return judge(document);
}

START_TEST(what_is_left_in_both_halves_of_a_leg_grows)
{
	_cleanup_(report_destroy) struct report *report = judge_halves("false", "7");

	EXPECT_ONE(report, "LEAK001", "100 B in 14 of 100 passes, first in pass 7");
}
END_TEST

START_TEST(one_object_of_a_second_half_is_growth)
{
	_cleanup_(report_destroy) struct report *report = judge_halves("true", "1");

	EXPECT_ONE(report, "LEAK001", "100 B in 14 of 100 passes");
}
END_TEST

START_TEST(what_first_halves_alone_left_is_told_as_left_once)
{
	_cleanup_(report_destroy) struct report *report = judge_halves("false", "0");

	EXPECT_ONE(report, "LEAK006", "in 14 of 100 passes");
	ck_assert(strstr(report->findings[0].evidence, "second half"));
}
END_TEST

START_TEST(what_first_halves_alone_left_is_kept_while_the_module_is_there)
{
	_cleanup_(report_destroy) struct report *report = judge_halves("true", "0");

	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(the_youngest_alone_are_outstanding)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'cache', 'cache': 'skbuff_head_cache', 'class': 'driver',"
		" 'allocated': 100, 'freed': 92, 'alive': 8, 'alive_asked': 1856,"
		" 'alive_given': 2048, 'passes': 8, 'first_pass': 93, 'last_pass': 100,"
		" 'first_ordinal': 92, 'oldest_ns': 400000000, 'stack': " STACK " }");

	EXPECT_ONE(report, "LEAK003", "handed on");
	ck_assert_int_eq(report_verdict(report), VERDICT_CLEAN);
}
END_TEST

START_TEST(old_ones_are_a_leak_even_when_nothing_younger_was_freed)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 100, 'freed': 50,"
		" 'alive': 50, 'alive_asked': 5000, 'alive_given': 5000, 'passes': 50,"
		" 'first_pass': 51, 'last_pass': 100, 'first_ordinal': 50,"
		" 'oldest_ns': 30000000000, 'stack': " STACK " }");

	EXPECT_ONE(report, "LEAK001", "in 50 of 100 passes");
}
END_TEST

START_TEST(none_alive_is_clean_with_its_bound)
{
	_cleanup_(report_destroy) struct report *report = judge_sites("");
	const json_t *section = report_section(report, "leaks");

	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_int_eq(report_verdict(report), VERDICT_CLEAN);
	ck_assert_double_eq_tol(json_number_value(json_object_get(section, "bound")),
				0.046, 0.001);
}
END_TEST

START_TEST(a_lost_event_is_never_clean)
{
	_cleanup_(report_destroy) struct report *report = judge(
		census(MODULE("100", "false"), HOOKS, "{ 'recursion_misses': 1 }", ""));

	ck_assert_int_eq(report_verdict(report), VERDICT_INCOMPLETE);
}
END_TEST

START_TEST(a_missing_hook_is_never_clean)
{
	_cleanup_(report_destroy) struct report *report = judge(
		census(MODULE("100", "false"),
		       "[ { 'name': 'vfree', 'covers': 'vmalloc', 'attached': false,"
		       " 'why': 'this kernel has no vfree' } ]",
		       NO_LOSS, ""));

	ck_assert_int_eq(report_verdict(report), VERDICT_INCOMPLETE);
	ck_assert_str_eq(report->not_checked[0].what, "vmalloc");
}
END_TEST

START_TEST(a_census_without_a_load_is_an_error)
{
	struct leak_options options = { 0 };
	_cleanup_(report_destroy) struct report *report = NULL;
	json_t *document = census(MODULE("0", "false"), HOOKS, NO_LOSS, "");

	ck_assert_ok(report_create("leakwatch", "leaky", &report));
	ck_assert_fails(leak_judge(document, &options, report), "saw no load");
	json_decref(document);
}
END_TEST

START_TEST(a_leaked_object_of_a_cache_excuses_the_cache)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'cache', 'cache': 'leaky_objects', 'class': 'driver',"
		" 'allocated': 100, 'freed': 0, 'alive': 100, 'alive_asked': 5600,"
		" 'passes': 100, 'first_pass': 1, 'stack': " STACK " },"
		"{ 'kind': 'cache', 'cache': 'kmem_cache', 'class': 'driver',"
		" 'allocated': 1, 'freed': 0, 'alive': 1, 'alive_asked': 224, 'passes': 1,"
		" 'first_pass': 1, 'stack': [ { 'address': '0xffffffff81000000',"
		" 'symbol': 'kmem_cache_create' }, { 'address': '0xffffffffc0000950',"
		" 'module': 'leaky', 'region': 'text', 'offset': 2384 } ] }");

	EXPECT_ONE(report, "LEAK001", "56 B in each of 100");
}
END_TEST

START_TEST(a_leaked_file_reads_as_a_file)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'cache', 'cache': 'filp', 'class': 'operation',"
		" 'allocated': 200, 'freed': 100, 'alive': 100, 'alive_asked': 25600,"
		" 'passes': 100, 'first_pass': 1, 'oldest_ns': 9000000000, 'stack':"
		" [ { 'address': '0xffffffff81000000', 'symbol': 'alloc_empty_file' } ] }");

	EXPECT_ONE(report, "LEAK004", "struct file");
}
END_TEST

/* Two sites of one place in the driver, which differ in what the kernel did below. */
#define PART(symbol, ranges)                                                        \
	"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 10, 'freed': 0,"      \
	" 'alive': 10, 'alive_asked': 1000, 'passes': 10, 'first_pass': 1,"         \
	" 'pass_ranges': " ranges ", 'stack': [ { 'address': '0xffffffff81000000'," \
	" 'symbol': '" symbol "' }, " DRIVER " ] }"

START_TEST(references_to_a_module_that_stays_are_told)
{
	_cleanup_(report_destroy) struct report *report = judge(census(
		"{ 'name': 'leaky', 'loads': 0, 'loaded': true, 'loaded_before': true,"
		" 'references_before': 1, 'references': 4, 'base': '0xffffffffc0000000',"
		" 'size': 16384, 'sections': {} }",
		HOOKS, NO_LOSS, ""));

	EXPECT_ONE(report, "LEAK002", "3 references to the module more");
}
END_TEST

START_TEST(a_pass_in_which_two_things_were_left_counts_once)
{
	_cleanup_(report_destroy) struct report *report =
		judge_sites(PART("kmalloc_trace", "[ [1, 8], [20, 21] ]") "," PART(
			"kmalloc_node_trace", "[ [5, 12], [20, 21] ]"));

	EXPECT_ONE(report, "LEAK001", "in 14 of 100 passes");
}
END_TEST

START_TEST(a_reference_to_a_process_that_has_ended_is_held)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'cache', 'cache': 'task_struct', 'class': 'process',"
		" 'allocated': 1, 'freed': 0, 'alive': 1, 'alive_asked': 9728,"
		" 'passes': 1, 'first_pass': 1, 'stack': [] }");

	EXPECT_ONE(report, "LEAK004", "still holds a struct task_struct of a process");
}
END_TEST

START_TEST(what_a_function_of_the_kernel_makes_has_its_name)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 100, 'freed': 0,"
		" 'alive': 100, 'alive_asked': 230400, 'passes': 100, 'first_pass': 1,"
		" 'stack': [ { 'address': '0xffffffff81000000', 'symbol':"
		" 'alloc_netdev_mqs' }, " DRIVER " ] }");

	EXPECT_ONE(report, "LEAK004", "leaks a struct net_device: 2 304 B in each");
}
END_TEST

#define OPERATION(cache, objects, passes, first)                                    \
	"{ 'kind': 'cache', 'cache': '" cache "', 'class': 'operation',"            \
	" 'allocated': 100, 'freed': 0, 'alive': " objects ", 'alive_asked': 4000," \
	" 'passes': " passes ", 'first_pass': " first ", 'oldest_ns': 9000000000,"  \
	" 'stack': [ { 'address': '0xffffffff81000000', 'symbol': 'copy_net_ns' } ] }"

START_TEST(a_network_that_is_held_takes_its_sockets_along)
{
	_cleanup_(report_destroy) struct report *report =
		judge_sites(OPERATION("net_namespace", "40", "40", "1") "," OPERATION(
			"sock_inode_cache", "110", "10", "3"));

	EXPECT_ONE(report, "LEAK004", "leaks a struct net: 100 B in 10 of 100 passes");
}
END_TEST

START_TEST(networks_without_sockets_are_on_their_way)
{
	_cleanup_(report_destroy) struct report *report =
		judge_sites(OPERATION("net_namespace", "40", "40", "1"));

	EXPECT_ONE(report, "LEAK003", "handed on");
}
END_TEST

#define FRAME(symbol) "{ 'address': '0xffffffff81000000', 'symbol': '" symbol "' }"
#define SITE(when, offset, allocated, each, most)                                          \
	"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': " #allocated                 \
	", 'freed': " #allocated ", 'alive': 0, 'bytes_asked': " #allocated                \
	"00, 'bytes_given': " #allocated #each ", 'alive_most': " #most                    \
	", 'given_most': " #each ", 'smallest': 100, 'largest': 100,"                      \
	" 'lifetimes': [ 0, 0, " #allocated " ], 'stack': [ " FRAME(                       \
		"kmalloc_trace") ", { 'address': '0xffffffffc0000150', 'module': 'leaky'," \
				 " 'region': 'text', 'offset': " #offset                   \
				 " }, " FRAME(when) " ] }"

/* 100 loads, of which each probes two devices and is opened once. */
START_TEST(the_cost_of_an_instance_is_told_from_what_probe_allocates)
{
	_cleanup_(report_destroy) struct report *report =
		judge_sites(SITE("really_probe", 16, 200, 1000,
				 2) "," SITE("really_probe", 32, 200, 3000,
					     2) "," SITE("chrdev_open", 48, 100, 64, 1));
	const json_t *memory = report_section(report, "memory");
	const json_t *unit = json_array_get(json_object_get(memory, "units"), 0);
	const json_t *first = json_array_get(json_object_get(memory, "moments"), 0);

	ck_assert_str_eq(json_string_value(json_object_get(unit, "what")), "instance");
	ck_assert_int_eq(json_integer_value(json_object_get(unit, "count")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(unit, "bytes")), 2000);
	ck_assert_str_eq(json_string_value(json_object_get(first, "when")), "probe");
	ck_assert_int_eq(json_integer_value(json_object_get(memory, "peak")), 4064);
}
END_TEST

static const char *advice_of(const struct site *site)
{
	_strbuf_ struct strbuf why = STRBUF_INIT;
	const char *advice = advice_for(site, 4000000, &why);

	ck_assert(!advice == !why.length);
	return advice;
}

START_TEST(a_review_gets_advice_where_it_pays)
{
	struct census_frame frames[] = { { .symbol = "kmalloc_trace" },
					 { .module = "leaky" } };
	json_t *at_once = json_pack("[i]", 5000),
	       *late = json_pack("[iiiiiiiiiiii]", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5000, 0);
	const struct site base = { .kind = "kmalloc",
				   .allocated = 5000,
				   .freed = 5000,
				   .bytes_asked = 5000 * 64,
				   .bytes_given = 5000 * 64,
				   .alive_most = 1,
				   .smallest = 64,
				   .largest = 64,
				   .lifetimes = at_once,
				   .frames = frames,
				   .frame_count = 2 };
	struct site site = base;

	ck_assert_pstr_eq(advice_of(&site), "stack");
	site.smallest = 32;
	ck_assert_pstr_eq(advice_of(&site), "pool");
	site = base;
	site.lifetimes = late;
	ck_assert_pstr_eq(advice_of(&site), NULL);
	site.alive_most = 500;
	ck_assert_pstr_eq(advice_of(&site), "cache");
	site.bytes_given = 5000 * 96;
	ck_assert_pstr_eq(advice_of(&site), "size");
	site.kind = "percpu";
	ck_assert_pstr_eq(advice_of(&site), NULL);
	site.kind = "vmalloc";
	ck_assert_pstr_eq(advice_of(&site), "kmalloc");
	site = base;
	site.allocated = 3;
	ck_assert_pstr_eq(advice_of(&site), NULL);
	json_decref(at_once);
	json_decref(late);
}
END_TEST

START_TEST(growth_of_any_length_fits_and_keeps_its_extremes)
{
	struct growth growth = { .count = 0 };
	int64_t most = 0, least = 1000;

	for (uint64_t i = 1; i <= 100000; i++)
		growth_add(&growth, &(struct growth_point){
					    .at_ns = i * 1000,
					    .pass = i,
					    .least = i == 77777 ? -5 : 10,
					    .most = i == 12345 ? 999 : 20,
				    });
	ck_assert_uint_le(growth.count, GROWTH_POINTS);
	ck_assert_uint_ge(growth.count, GROWTH_POINTS / 4);
	for (size_t i = 0; i < growth.count; i++) {
		most = growth.points[i].most > most ? growth.points[i].most : most;
		least = growth.points[i].least < least ? growth.points[i].least : least;
		ck_assert(!i || growth.points[i].at_ns > growth.points[i - 1].at_ns);
	}
	ck_assert_int_eq(most, 999);
	ck_assert_int_eq(least, -5);
	ck_assert_uint_eq(growth.points[growth.count - 1].at_ns, 100000000);
}
END_TEST

START_TEST(what_the_kernel_keeps_for_all_is_no_finding)
{
	_cleanup_(report_destroy) struct report *report = judge_sites(
		"{ 'kind': 'cache', 'cache': 'radix_tree_node', 'class': 'driver',"
		" 'allocated': 2, 'freed': 1, 'alive': 1, 'alive_asked': 576, 'passes': 1,"
		" 'first_pass': 7, 'oldest_ns': 9000000000, 'stack': [ { 'address':"
		" '0xffffffff81000000', 'symbol': 'idr_alloc_cyclic' }, " DRIVER " ] }");

	ck_assert_uint_eq(report->findings_count, 0);
	ck_assert_int_eq(report_verdict(report), VERDICT_CLEAN);
}
END_TEST

START_TEST(a_cache_of_a_module_that_stays_is_no_finding)
{
	_cleanup_(report_destroy) struct report *report = judge(census(
		MODULE("1", "true"), HOOKS, NO_LOSS,
		"{ 'kind': 'kmalloc', 'class': 'driver', 'allocated': 1, 'freed': 0,"
		" 'alive': 1, 'alive_asked': 200, 'passes': 1, 'first_pass': 1,"
		" 'stack': " STACK " }"));

	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

START_TEST(broken_documents_name_the_pointer)
{
	struct leak_options options = { 0 };
	_cleanup_(report_destroy) struct report *report = NULL;
	json_t *document = census(MODULE("1", "false"), HOOKS, NO_LOSS,
				  "{ 'kind': 'kmalloc', 'class': 'driver',"
				  " 'alive': -1, 'stack': [] }");

	ck_assert_ok(report_create("leakwatch", "leaky", &report));
	ck_assert_fails(leak_judge(document, &options, report), "/sites/0/alive");
	json_decref(document);
	document = json_object();
	ck_assert_fails(leak_judge(document, &options, report), "schema");
	json_decref(document);
}
END_TEST

START_TEST(symbols_of_modules_are_left_out)
{
	static const char text[] = "ffffffff81000000 T _text\n"
				   "ffffffff81000100 T kfree\n"
				   "ffffffff81000200 t kmalloc_large\n"
				   "ffffffff81000300 D some_data\n"
				   "ffffffffc0000000 t leaky_open\t[leaky]\n"
				   "not a line\n";
	_cleanup_(kernel_symbols_destroy) struct kernel_symbols *symbols = NULL;
	struct span span = { (const uint8_t *)text, sizeof(text) - 1 };
	uint64_t offset, low, high;

	ck_assert_ok(kernel_symbols_parse(span, &symbols));
	ck_assert_str_eq(kernel_symbols_find(symbols, 0xffffffff81000110, &offset),
			 "kfree");
	ck_assert_uint_eq(offset, 0x10);
	ck_assert(kernel_symbols_range(symbols, "kfree", &low, &high));
	ck_assert_uint_eq(high, 0xffffffff81000200);
	ck_assert(!kernel_symbols_range(symbols, "leaky_open", &low, &high));
	ck_assert_ptr_null(kernel_symbols_find(symbols, 0xffffffffc0000010, &offset));
}
END_TEST

START_TEST(names_of_sixteen_letters_and_more_match_whole)
{
	static const char text[] =
		"snd_soc_intel_skl 16384 0 - Live 0xffffffffc0100000\n"
		"snd_soc_intel_skl_common 32768 1 snd_soc_intel_skl, Live "
		"0xffffffffc0200000 (OE)\n";
	struct span span = { (const uint8_t *)text, sizeof(text) - 1 };
	struct loaded_module module;
	char name[56];

	ck_assert(loaded_name("dir/snd-soc-intel-skl-common.ko.xz", name, sizeof(name)));
	ck_assert(loaded_parse(span, name, &module));
	ck_assert_uint_eq(module.base, 0xffffffffc0200000);
	ck_assert(!loaded_parse(span, "snd_soc_intel", &module));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tests = tcase_create("verdict");

	tcase_add_test(tests, a_leak_in_every_pass_is_counted_exactly);
	tcase_add_test(tests, a_leak_in_one_pass_of_seven_names_the_passes);
	tcase_add_test(tests, what_is_left_once_is_a_warning);
	tcase_add_test(tests, what_is_left_in_both_halves_of_a_leg_grows);
	tcase_add_test(tests, one_object_of_a_second_half_is_growth);
	tcase_add_test(tests, what_first_halves_alone_left_is_told_as_left_once);
	tcase_add_test(tests,
		       what_first_halves_alone_left_is_kept_while_the_module_is_there);
	tcase_add_test(tests, the_youngest_alone_are_outstanding);
	tcase_add_test(tests, old_ones_are_a_leak_even_when_nothing_younger_was_freed);
	tcase_add_test(tests, none_alive_is_clean_with_its_bound);
	tcase_add_test(tests, a_lost_event_is_never_clean);
	tcase_add_test(tests, a_missing_hook_is_never_clean);
	tcase_add_test(tests, a_census_without_a_load_is_an_error);
	tcase_add_test(tests, a_leaked_object_of_a_cache_excuses_the_cache);
	tcase_add_test(tests, a_leaked_file_reads_as_a_file);
	tcase_add_test(tests, references_to_a_module_that_stays_are_told);
	tcase_add_test(tests, a_pass_in_which_two_things_were_left_counts_once);
	tcase_add_test(tests, a_reference_to_a_process_that_has_ended_is_held);
	tcase_add_test(tests, what_a_function_of_the_kernel_makes_has_its_name);
	tcase_add_test(tests, a_network_that_is_held_takes_its_sockets_along);
	tcase_add_test(tests, networks_without_sockets_are_on_their_way);
	tcase_add_test(tests, the_cost_of_an_instance_is_told_from_what_probe_allocates);
	tcase_add_test(tests, a_review_gets_advice_where_it_pays);
	tcase_add_test(tests, growth_of_any_length_fits_and_keeps_its_extremes);
	tcase_add_test(tests, what_the_kernel_keeps_for_all_is_no_finding);
	tcase_add_test(tests, a_cache_of_a_module_that_stays_is_no_finding);
	tcase_add_test(tests, broken_documents_name_the_pointer);
	tcase_add_test(tests, symbols_of_modules_are_left_out);
	tcase_add_test(tests, names_of_sixteen_letters_and_more_match_whole);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
