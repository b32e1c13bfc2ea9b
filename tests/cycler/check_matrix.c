/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "cycler/matrix.h"
#include "tests/check_main.h"

static const char plan_text[] =
	"{ \"schema\": \"bookend-plan/1\", \"name\": \"p\", \"legs\": ["
	"{ \"cycles\": [ {\"kind\":\"module\",\"module\":\"out/{kernel}/x-{kernel}.ko\","
	"   \"passes\":3} ] } ] }";

static char folder[32];
static unsigned int runs;

static struct plan *make_plan(void)
{
	json_t *json = json_loads(plan_text, 0, NULL);
	struct plan *plan = NULL;

	ck_assert_ok(plan_create(json, &plan));
	json_decref(json);
	return plan;
}

/* What kernel_find() takes for a kernel. */
static void make_kernel(const char *release)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s/modules-of/%s", folder, release, release);
	ck_assert_ok(file_make_folder(path, 0755));
	snprintf(path, sizeof(path), "%s/%s/vmlinuz", folder, release);
	ck_assert_ok(file_write(path, "x", 1, 0644));
	snprintf(path, sizeof(path), "%s/%s/modules", folder, release);
	{
		char to[64];

		snprintf(to, sizeof(to), "modules-of/%s", release);
		ck_assert_int_eq(symlink(to, path), 0);
	}
}

static struct error *count_run(void *context, const struct plan *plan,
			       const struct run_options *options, struct report *report)
{
	(void)context;
	(void)plan;
	(void)options;
	(void)report;
	runs++;
	return NULL;
}

static void setup(void)
{
	strcpy(folder, "/tmp/check-matrix-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("BOOKEND_KERNELS", folder, 1);
	runs = 0;
	make_kernel("6.1-one");
	make_kernel("6.2-two");
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static struct error *run_matrix(const char *a, const char *b)
{
	_cleanup_(plan_destroy) struct plan *plan = make_plan();
	_cleanup_(report_destroy) struct report *report = NULL;
	volatile int stop = 0;
	const struct run_options options = { .target = "vm",
					     .machine = { .folder = folder },
					     .stop = &stop };
	struct string_list kernels = { 0 };
	const struct matrix matrix = { &kernels, count_run, NULL };
	struct error *error;

	ck_assert_ok(report_create("cycle", "p", &report));
	ck_assert_ok(string_list_add(&kernels, a));
	if (b)
		ck_assert_ok(string_list_add(&kernels, b));
	error = matrix_run(&matrix, plan, &options, report);
	string_list_deinit(&kernels);
	return error;
}

START_TEST(a_kernels_place_in_a_plan_is_its_release)
{
	_cleanup_(plan_destroy) struct plan *plan = make_plan(), *made = NULL,
					    *none = NULL;
	_free_ char *text = NULL;

	ck_assert_ok(matrix_plan(plan, "6.1-one", &made));
	ck_assert_ptr_nonnull(made);
	text = json_dumps(made->json, 0);
	ck_assert_ptr_nonnull(strstr(text, "out/6.1-one/x-6.1-one.ko"));
	ck_assert_ok(matrix_plan(made, "6.2-two", &none));
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(nothing_runs_when_a_kernel_or_its_module_is_not_there)
{
	ck_assert_fails(run_matrix("6.1-one", "6.9-none"), "no target kernel");
	ck_assert_fails(run_matrix("6.1-one", "6.1-one"), "is named twice");
	ck_assert_fails(run_matrix("6.1-one", "6.2-two"),
			"cannot read module out/6.1-one/x-6.1-one.ko");
	ck_assert_uint_eq(runs, 0);
}
END_TEST

START_TEST(one_kernel_is_no_matrix)
{
	ck_assert_ok(run_matrix("6.1-one", NULL));
	ck_assert_uint_eq(runs, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *tc = tcase_create("matrix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_kernels_place_in_a_plan_is_its_release);
	tcase_add_test(tc, nothing_runs_when_a_kernel_or_its_module_is_not_there);
	tcase_add_test(tc, one_kernel_is_no_matrix);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
