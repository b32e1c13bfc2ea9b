/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a real module brings, and leaves, in a real kernel. */
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "target/target.h"
#include "tests/check_main.h"

static struct error *gather(void *context, bool diagnostic, const void *data, size_t size)
{
	(void)diagnostic;
	strbuf_add(context, data, size);
	return strbuf_error(context);
}

static void run_probe(struct strbuf *said)
{
	char folder[] = "/tmp/check-residue-XXXXXX";
	struct target_options options = { .folder = folder };
	_cleanup_(target_destroy) struct target *t = NULL;
	_free_ char *own = NULL, *probe = NULL, *module = NULL;
	struct target_outcome outcome;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_own_folder(&own));
	ck_assert_ok(file_join(own, "residue_probe", &probe));
	ck_assert_ok(target_create("vm", &options, &t));
	ck_assert_ok(target_add_program(t, probe, "/probe"));
	ck_assert_ok(target_add_module(t, "dummy", false, NULL));
	ck_assert_ok(target_start(t));
	ck_assert(asprintf(&module, "/lib/modules/%s/kernel/drivers/net/dummy.ko",
			   t->release) > 0);
	ck_assert_ok(target_run(
		t,
		&(struct target_program){
			.argv = (const char *[]){ "/probe", module, "dummy", NULL },
			.context = said,
			.output = gather },
		&outcome));
	target_destroy(take(t));
	ck_assert_ok(file_remove_tree(folder));
	ck_assert_msg(outcome.end == TARGET_EXITED && !outcome.status, "%s\n%s",
		      outcome.why, strbuf_string(said));
}

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
	_strbuf_ struct strbuf said = STRBUF_INIT;

	run_probe(&said);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_msg(strstr(strbuf_string(&said), lines[i]), "no '%s' in:\n%s",
			      lines[i], strbuf_string(&said));
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
