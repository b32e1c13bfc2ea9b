/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.json: where modules lay last, also when only the shared memory knows it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/carry.h"
#include "cycler/journal.h"
#include "cycler/layouts.h"
#include "cycler/results.h"
#include "symbolizer/layout.h"
#include "symbolizer/symbolizer.h"
#include "tests/check_main.h"

static char folder[64];
static struct journal_worker workers[JOURNAL_WORKERS];
static const struct journal journal = { .workers = workers };
static struct results results;
static char seen[400];

static void begin(void)
{
	strcpy(folder, "/tmp/check-layouts-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	memset(workers, 0, sizeof(workers));
	results = (struct results){ .layouts = json_object() };
	*seen = 0;
}

static void end(void)
{
	json_decref(results.layouts);
	ck_assert_ok(file_remove_tree(folder));
}

static void told(const char *name, const char *text, int worker, int place)
{
	json_object_set_new(results.layouts, name,
			    json_pack("{s:s, s:s, s:i, s:i, s:{s:s, s:s}}", "event",
				      "layout", "name", name, "worker", worker, "place",
				      place, "sections", ".text", text, ".data",
				      "0xffffffffc0900000"));
}

static struct error *see(void *context, const struct module_layout *layout)
{
	(void)context;
	for (size_t i = 0; i < layout->section_count; i++)
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s %s %llx\n",
			 layout->name, layout->sections[i].name,
			 (unsigned long long)layout->sections[i].address);
	return NULL;
}

static void write_and_read(void)
{
	struct carried module = { "refdrv", "/x/refdrv.ko", "" };
	const struct carried_list modules = { &module, 1, 1 };
	_free_ char *path = NULL;

	ck_assert_ok(layouts_write(&results, &journal, &modules, folder));
	ck_assert_ok(file_join(folder, "modules.json", &path));
	if (!access(path, F_OK))
		ck_assert_ok(layout_read(path, see, NULL));
}

START_TEST(what_was_told_of_the_last_load_is_kept_whole)
{
	begin();
	told("refdrv", "0xffffffffc0400000", 3, 1);
	workers[3].text[1] = 0xffffffffc0400000;
	write_and_read();
	ck_assert_ptr_nonnull(strstr(seen, "refdrv .text ffffffffc0400000\n"));
	ck_assert_ptr_nonnull(strstr(seen, "refdrv .data ffffffffc0900000\n"));
	end();
}
END_TEST

START_TEST(of_a_later_load_only_what_is_known_is_kept)
{
	begin();
	told("refdrv", "0xffffffffc0400000", 3, 1);
	workers[3].text[1] = 0xffffffffc0580000;
	write_and_read();
	ck_assert_str_eq(seen, "refdrv .text ffffffffc0580000\n");
	end();
}
END_TEST

START_TEST(an_event_of_a_mad_target_is_not_believed)
{
	begin();
	told("refdrv", "0xffffffffc0400000", 4000000, -7);
	told("other", "0xffffffffc0500000", -1, 99);
	json_object_set_new(results.layouts, "none", json_object());
	ck_assert_ok(
		layouts_write(&results, &journal, &(struct carried_list){ 0 }, folder));
	end();
}
END_TEST

START_TEST(an_earlier_runs_file_does_not_stay)
{
	begin();
	told("refdrv", "0xffffffffc0400000", 0, 0);
	write_and_read();
	ck_assert_int_gt(strlen(seen), 0);
	*seen = 0;
	json_object_clear(results.layouts);
	write_and_read();
	ck_assert_str_eq(seen, "");
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layouts");
	TCase *tc = tcase_create("layouts");

	tcase_add_test(tc, what_was_told_of_the_last_load_is_kept_whole);
	tcase_add_test(tc, of_a_later_load_only_what_is_known_is_kept);
	tcase_add_test(tc, an_event_of_a_mad_target_is_not_believed);
	tcase_add_test(tc, an_earlier_runs_file_does_not_stay);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
