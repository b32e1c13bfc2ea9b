/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many of the corpus's logs get the right type and function. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "symbolizer/panic.h"
#include "tests/check_main.h"
#include "tests/symbolizer/corpus.h"

struct score {
	int logs, right, silent, told, alarms;
};

static bool type_agrees(const struct corpus_log *log, const struct panic *panic)
{
	return !log->type || !strcmp(log->type, panic->type);
}

static void judge(const char *name, const struct corpus_log *log,
		  const struct panic_log *found, struct score *score)
{
	const struct panic *p = found->count ? &found->panics[0] : NULL;
	bool right;

	if (!log->title_count) {
		score->silent++;
		score->alarms += p != NULL;
		if (p)
			printf("%s: nothing is to be found, got '%s'\n", name, p->title);
		return;
	}
	score->logs++;
	right = p && type_agrees(log, p) && corpus_names(log, p->function);
	/* Of a garbled log it is right to say so. */
	if (!right && log->corrupted && p && p->corrupted)
		right = true;
	score->right += right;
	if (!right)
		printf("%s: wanted '%s' (%s), got '%s' (%s)%s\n", name, log->titles[0],
		       log->type ? log->type : "-", p ? p->title : "nothing",
		       p ? p->type : "-", log->corrupted ? " [garbled]" : "");
}

static void score_file(const char *folder, const char *name, struct score *score)
{
	_cleanup_(panic_log_destroy) struct panic_log *found = NULL;
	struct corpus_log log;
	_free_ char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(corpus_read(path, &log));
	ck_assert_ok(panic_parse(log.log, log.size, &found));
	judge(name, &log, found, score);
	corpus_log_deinit(&log);
}

START_TEST(titles_of_95_percent_of_the_corpus_are_right)
{
	_free_ char *folder = corpus_folder("linux-titled");
	struct score score = { 0 };
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, versionsort);

	for (int i = 0; i < count; i++) {
		if (strstr(entries[i]->d_name, ".log"))
			score_file(folder, entries[i]->d_name, &score);
		free(entries[i]);
	}
	free(entries);
	printf("type and function right: %d of %d (%.1f %%); of %d silent logs %d gave an "
	       "alarm\n",
	       score.right, score.logs, 100.0 * score.right / score.logs, score.silent,
	       score.alarms);
	fflush(stdout);
	ck_assert_int_gt(score.logs, 0);
	ck_assert_int_ge(score.right * 100, score.logs * 95);
}
END_TEST

int main(void)
{
	_free_ char *folder = corpus_folder("linux-titled");
	Suite *suite;
	TCase *tests;

	if (!folder) {
		printf("skipped: no panic corpus\n");
		return 77;
	}
	suite = suite_create("corpus");
	tests = tcase_create("corpus");
	tcase_set_timeout(tests, 600);
	tcase_add_test(tests, titles_of_95_percent_of_the_corpus_are_right);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
