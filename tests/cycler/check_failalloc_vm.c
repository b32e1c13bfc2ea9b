/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every allocation of loading a real module made to fail in a real kernel. */
#include "tests/cycler/probe.h"

START_TEST(every_allocation_of_a_real_module_fails_once)
{
	const struct probe probe = {
		.program = "failalloc_probe",
		.helpers = (const char *[]){ "guest/bookend_failalloc.ko", NULL },
		.modules = (const char *[]){ "dummy", NULL },
		.words = (const char *[]){ "/lib/modules/%r/kernel/drivers/net/dummy.ko",
					   "dummy", NULL },
	};
	_strbuf_ struct strbuf said = STRBUF_INIT;
	struct target_outcome outcome = probe_run(&probe, &said, NULL);
	unsigned long long counted, tried, missed;
	const char *last, *end;

	ck_assert_msg(outcome.end == TARGET_EXITED && !outcome.status, "%s\n%s",
		      outcome.why, strbuf_string(&said));
	probe_expect(&said, "hooks: slab page\n");
	probe_expect(&said, "site 1: clean error, Cannot allocate memory");
	probe_expect(&said, "then Success, in dummy_init_module+");
	/* the stack goes from the hook to the system call */
	probe_expect(&said, "  do_init_module+");
	ck_assert(!strstr(strbuf_string(&said), "broken afterwards"));
	end = strstr(strbuf_string(&said), " counted, ");
	ck_assert_ptr_nonnull(end);
	for (last = end; last > strbuf_string(&said) && last[-1] != '\n'; last--)
		;
	ck_assert_int_eq(sscanf(last, "%llu counted, %llu tried, %llu missed", &counted,
				&tried, &missed),
			 3);
	ck_assert_uint_gt(counted, 20);
	ck_assert_uint_eq(tried, counted);
	ck_assert_uint_eq(missed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failalloc in a VM");
	TCase *t = tcase_create("vm");

	tcase_set_timeout(t, 1800);
	tcase_add_test(t, every_allocation_of_a_real_module_fails_once);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
