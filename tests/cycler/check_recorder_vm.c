/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that dies names the step it died in. */
#include "tests/cycler/probe.h"

START_TEST(a_panic_names_the_step_that_had_begun)
{
	const struct probe probe = {
		.program = "recorder_probe",
		.helpers = (const char *[]){ "guest/bookend_recorder.ko", NULL },
	};
	_strbuf_ struct strbuf said = STRBUF_INIT;
	_free_ char *console = NULL;
	struct target_outcome outcome = probe_run(&probe, &said, &console);
	const char *last, *before, *end;

	ck_assert_msg(outcome.end == TARGET_PANICKED, "%s\n%s", outcome.why,
		      strbuf_string(&said));
	ck_assert_msg(strstr(console, "the last 16 of 20001 records of steps:"),
		      "%.1500s", console);
	before = strstr(console, "pass 5000, worker 0: open /dev/refdrv0 ended with -19");
	ck_assert_ptr_nonnull(before);
	last = strstr(console, "pass 5001, worker 0: open /dev/refdrv0 begins");
	ck_assert_ptr_nonnull(last);
	ck_assert(before < last);
	/* once, though an oops and a panic both asked */
	ck_assert_ptr_null(strstr(last + 1, "pass 5001, worker 0"));
	end = strstr(console, "end Kernel panic");
	ck_assert(!end || last < end);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder in a VM");
	TCase *t = tcase_create("vm");

	tcase_set_timeout(t, 900);
	tcase_add_test(t, a_panic_names_the_step_that_had_begun);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
