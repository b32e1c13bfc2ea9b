/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a real module brings, and leaves, in a real kernel. */
#include "tests/cycler/probe.h"

START_TEST(a_real_module_is_seen_to_come_and_go)
{
	static const char *const lines[] = {
		"loaded: module|dummy|+1|0\n",
		"loaded: netdev|dummy0|+1|0\n",
		"loaded: sysfs|/sys/devices/virtual/net/dummy0|+1|",
		"loaded: sysfs|/sys/module/dummy|+1|",
		"loaded: sysctl|/proc/sys/net/ipv4/conf/dummy0|+1|",
		"loaded: pulse differs, fingerprint differs\n",
		"entries, 0 differences",
		"unloaded: pulse same, fingerprint same\n",
	};
	const struct probe probe = {
		.program = "residue_probe",
		.modules = (const char *[]){ "dummy", NULL },
		.words = (const char *[]){ "/lib/modules/%r/kernel/drivers/net/dummy.ko",
					   "dummy", NULL },
	};
	_strbuf_ struct strbuf said = STRBUF_INIT;
	struct target_outcome outcome = probe_run(&probe, &said, NULL);

	ck_assert_int_eq(outcome.end, TARGET_EXITED);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		probe_expect(&said, lines[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("residue in a VM");
	TCase *t = tcase_create("vm");

	tcase_set_timeout(t, 900);
	tcase_add_test(t, a_real_module_is_seen_to_come_and_go);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
