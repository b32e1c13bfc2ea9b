/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a machine, leaks in every way, and expects each count, function and line. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/process.h"
#include "leakwatch/verdict.h"
#include "report/frame.h"
#include "report/report.h"
#include "tests/check_main.h"

static const char source[] = "tests/leakwatch/leaky/leaky.c";

enum { PASSES = 50, LEAKS = 8 }; /* passes 1, 8, 15 … 50 leak */

/* What one leak of a kind is; @text stands in the line that allocates. */
static const struct expected {
	const char *name, *function, *text;
	unsigned int leaks, objects, bytes;
	bool kernels_size;
} expected[] = {
	{ "kmalloc:7", "leaky_kmalloc", "kmalloc(100", LEAKS, 1, 100 },
	{ "large:7", "leaky_large", "kmalloc(40000", LEAKS, 1, 40000 },
	{ "kasprintf:7", "leaky_kasprintf", "kasprintf(", LEAKS, 1, 21 },
	{ "vmalloc:7", "leaky_vmalloc", "vmalloc(8192", LEAKS, 1, 8192 },
	{ "percpu:7", "leaky_percpu", "__alloc_percpu(64", LEAKS, 1, 64 },
	{ "page:7", "leaky_page", "alloc_pages(", LEAKS, 1, 8192 },
	{ "skb:7", "leaky_skb", "alloc_skb(500", LEAKS, 2, 1256, true },
	{ "dma:7", "leaky_dma", "dma_alloc_coherent(", LEAKS, 1, 8192 },
	{ "work:7", "leaky_worker", "kmalloc(300", LEAKS, 1, 300 },
	{ "rcu:7", "leaky_rcu", "kmalloc(sizeof(*object)", LEAKS, 1, 152 },
	{ "kvmalloc:7", "leaky_kvmalloc", "kvmalloc(100000", LEAKS, 1, 100000 },
	{ "file:7", "leaky_file", "filp_open(", LEAKS, 2, 280, true },
	{ "kmalloc:1", "leaky_kmalloc", "kmalloc(100", PASSES, 1, 100 },
	{ "vmalloc:once", "leaky_vmalloc", "vmalloc(8192", 1, 1, 8192 },
	{ "load:init", "leaky_from_init", "kzalloc(72", PASSES, 1, 72 },
	{ "kmalloc:never" },
	{ "rcu:never" },
	{ "cached:1" },
	{ "handed:1" },
	/* the second half adds nothing */
	{ "few:1", "leaky_few", "kmalloc(144", 4, 1, 144 },
	{ "load:none" },
	{ "cache:7", "leaky_from_cache", "kmem_cache_alloc(", LEAKS, 1, 56 },
	{ "bulk:7", "leaky_bulk", "kmem_cache_alloc_bulk(", LEAKS, 4, 224 },
	{ "netdev:7", "leaky_netdev", "alloc_etherdev(", LEAKS, 5, 3147, true },
	{ "kobject:7", "leaky_kobject", "kobject_create_and_add(", LEAKS, 2, 77, true },
	{ "device:7", "leaky_referenced_device", "register_simple(\"leaky_other", LEAKS,
	  3, 1064, true },
	{ "device:never" },
	/* references to who calls: what is left is the one object that they keep */
	{ "task:7", "task_struct", NULL, 1, 1, 9728, true },
	{ "pid:1", "pid", NULL, 1, 1, 96, true },
	{ "task:never" },
};

enum { CASES = sizeof(expected) / sizeof(expected[0]) };

static json_t *results[CASES];

static void run_machine(const char *kernel, const char *ko)
{
	char matrix[PATH_MAX], module[PATH_MAX + 32], passes[16];
	const char *argv[16 + CASES] = { "build/bin/bookend-vm",
					 "run",
					 "--kernel",
					 kernel,
					 "--file",
					 module,
					 "--",
					 matrix,
					 "/leaky.ko",
					 passes };
	struct process_options options = { .timeout_ns = 900000000000,
					   .output_limit = 64 << 20 };
	struct process_result result = { 0 };
	char *rest, *line;

	ck_assert_ptr_nonnull(realpath("build/tests/leakwatch/matrix", matrix));
	snprintf(module, sizeof(module), "%s:/leaky.ko", ko);
	snprintf(passes, sizeof(passes), "%d", PASSES);
	for (size_t i = 0; i < CASES; i++)
		argv[10 + i] = expected[i].name;
	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_int_eq(result.status, 0);
	rest = result.output.data;
	while ((line = strsep(&rest, "\n"))) {
		json_t *json = json_loads(line, 0, NULL);
		const char *name = json_string_value(json_object_get(json, "case"));

		for (size_t i = 0; name && i < CASES; i++)
			if (!strcmp(expected[i].name, name))
				results[i] = json_incref(json);
		json_decref(json);
	}
	strbuf_deinit(&result.output);
}

static void expect_line(unsigned int number, const char *text)
{
	_free_ char *all = NULL;
	char *rest, *line = NULL;

	ck_assert_ok(file_read_text(source, 1 << 20, &all));
	rest = all;
	for (unsigned int i = 0; i < number; i++)
		line = strsep(&rest, "\n");
	ck_assert_msg(line && strstr(line, text), "line %u is '%s', not %s", number,
		      line ? line : "", text);
}

static const char *rule_of(const struct expected *e)
{
	static const char *const references[] = {
		"leaky_file",  "leaky_netdev", "leaky_kobject", "leaky_referenced_device",
		"task_struct", "pid"
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (!strcmp(references[i], e->function))
			return "LEAK004";
	return e->leaks == 1 || !strcmp(e->name, "few:1") ? "LEAK006" : "LEAK001";
}

/* Sizes of the kernel's own objects are known of 6.1. */
static void expect_leak(const struct expected *e, const struct report *report,
			bool known_sizes)
{
	const struct finding *finding = &report->findings[0];
	const json_t *alive = json_array_get(
		json_object_get(report_section(report, "leaks"), "alive"), 0);

	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(finding->symbol, e->function);
	if (e->text)
		expect_line(finding->line, e->text);
	if (known_sizes || !e->kernels_size) {
		ck_assert_int_eq(json_integer_value(json_object_get(alive, "objects")),
				 e->leaks * e->objects);
		ck_assert_int_eq(json_integer_value(json_object_get(alive, "bytes")),
				 e->leaks * e->bytes);
	}
	ck_assert_int_eq(json_integer_value(json_object_get(alive, "passes")), e->leaks);
	ck_assert_str_eq(finding->rule, rule_of(e));
}

static void expect_all(const char *kernel, const char *ko, bool known_sizes)
{
	struct leak_module modules[] = { { .name = "leaky", .path = ko } };
	struct leak_options options = { .modules = modules, .module_count = 1 };

	run_machine(kernel, ko);
	for (size_t i = 0; i < CASES; i++) {
		const struct expected *e = &expected[i];
		_cleanup_(report_destroy) struct report *report = NULL;

		printf("%s: %s\n", kernel, e->name);
		ck_assert_msg(results[i] != NULL, "%s gave no result", e->name);
		ck_assert_ok(report_create("leakwatch", "leaky", &report));
		ck_assert_ok(leak_judge(json_object_get(results[i], "census"), &options,
					report));
		ck_assert_msg(report_verdict(report) != VERDICT_INCOMPLETE &&
				      !report->not_checked_count,
			      "%s: %s", e->name,
			      report->not_checked_count ? report->not_checked[0].why
							: "incomplete");
		if (e->function)
			expect_leak(e, report, known_sizes);
		else
			ck_assert_uint_eq(report->findings_count, 0);
	}
}

START_TEST(every_kind_is_counted_exactly_and_named_by_function_and_line)
{
	expect_all("default", "build/tests/leakwatch/leaky/leaky.ko", true);
}
END_TEST

/* Kernels that ./setup --also fetched. */
enum { OTHERS = 8 };
static char others[OTHERS][128];

static size_t find_others(void)
{
	char default_release[128] = "";
	_closedir_ DIR *folder = opendir("build/kernels");
	size_t count = 0;

	if (readlink("build/kernels/default", default_release,
		     sizeof(default_release) - 1) < 0)
		return 0;
	for (struct dirent *entry; folder && count < OTHERS && (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "default") &&
		    strcmp(entry->d_name, default_release))
			snprintf(others[count++], sizeof(others[0]), "%.127s",
				 entry->d_name);
	return count;
}

START_TEST(the_same_program_counts_as_exactly_on_another_kernel)
{
	_free_ char *headers = NULL, *folder = NULL, *ko = NULL;
	const char *build[] = { "tests/leakwatch/build-leaky", NULL, NULL, NULL };
	struct process_options options = { .timeout_ns = 300000000000 };
	struct process_result result = { 0 };

	ck_assert_int_gt(asprintf(&headers, "build/kernels/%s/headers", others[_i]), 0);
	ck_assert_int_gt(asprintf(&folder, "build/tests/leakwatch/leaky-%s", others[_i]),
			 0);
	ck_assert_int_gt(asprintf(&ko, "%s/leaky.ko", folder), 0);
	build[1] = headers;
	build[2] = folder;
	ck_assert_ok(process_run(build, &options, &result));
	ck_assert_int_eq(result.status, 0);
	expect_all(others[_i], ko, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *tests = tcase_create("matrix");

	if (access("build/kernels/default/vmlinuz", R_OK)) {
		printf("skipped: no kernel below build/kernels: ./setup fetches one\n");
		return 77;
	}
	tcase_set_timeout(tests, 1000);
	tcase_add_test(tests,
		       every_kind_is_counted_exactly_and_named_by_function_and_line);
	tcase_add_loop_test(tests, the_same_program_counts_as_exactly_on_another_kernel,
			    0, find_others());
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
