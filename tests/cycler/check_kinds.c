/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plans may say to each kind, and the kinds that work on ordinary files. */
#include <errno.h>
#include <string.h>

#include "common/file.h"
#include "cycler/kinds/kind.h"
#include "cycler/plan.h"
#include "tests/check_main.h"

static struct error *create(const char *kind, const char *options, void **state)
{
	const struct cycle_kind *k = cycle_kind_find(kind);
	json_t *json = json_loads(options, 0, NULL);
	struct error *error;

	ck_assert_msg(k != NULL, "no kind %s", kind);
	ck_assert_ptr_nonnull(json);
	error = k->create(json, "/x", state);
	json_decref(json);
	return error;
}

static const struct {
	const char *kind, *options, *why;
} bad[] = {
	{ "netdev", "{\"interface\":\"much-too-long-a-name\"}", "no interface's name" },
	{ "netdev", "{\"interface\":\"a/b\"}", "no interface's name" },
	{ "mount", "{\"type\":\"ext4\"}", "either \"source\"" },
	{ "mount", "{\"type\":\"ext4\",\"source\":\"a\",\"image\":\"b\"}",
	  "either \"source\"" },
	{ "mount", "{\"type\":\"e\",\"source\":\"a\",\"use\":true,\"read_only\":true}",
	  "read_only forbids" },
	{ "hotplug", "{}", "either \"pci\" or \"cpu\"" },
	{ "hotplug", "{\"pci\":\"0:1\",\"cpu\":1}", "either \"pci\" or \"cpu\"" },
	{ "hotplug", "{\"pci\":\"zz:01.0\"}", "no address" },
	{ "hotplug", "{\"pci\":\"00:01.0x\"}", "no address" },
	{ "hotplug", "{\"cpu\":1,\"driver\":\"nvme\"}", "goes with \"pci\"" },
	{ "power", "{\"state\":\"mem\",\"wake\":\"10ms\"}", "a second at least" },
	{ "power", "{\"state\":\"mem\",\"wake\":\"soon\"}", "/x/wake" },
	{ "power", "{\"state\":\"mem\",\"rtc\":\"../rtc0\"}", "no clock" },
	{ "bind", "{\"bus\":\"platform\",\"driver\":\"a/b\",\"device\":\"c\"}",
	  "names below /sys/bus" },
};

START_TEST(refuses_options_that_cannot_be)
{
	void *state;

	ck_assert_fails(create(bad[_i].kind, bad[_i].options, &state), bad[_i].why);
}
END_TEST

static const struct {
	const char *kind, *options, *steps, *subject;
} good[] = {
	{ "netdev", "{\"interface\":\"dummy0\"}", "up | down", "dummy0" },
	{ "netdev", "{\"interface\":\"d0\",\"link\":\"dummy\"}", "add up | down remove",
	  "d0" },
	{ "mount", "{\"type\":\"tmpfs\",\"source\":\"none\"}", "mount | unmount",
	  "none" },
	{ "mount", "{\"type\":\"tmpfs\",\"source\":\"none\",\"use\":true}",
	  "mount use | unmount", "none" },
	{ "mount", "{\"type\":\"ext4\",\"image\":\"i\"}", "attach mount | unmount detach",
	  "i" },
	{ "mount", "{\"type\":\"ext4\",\"image\":\"i\",\"use\":true}",
	  "attach mount use | unmount detach", "i" },
	{ "hotplug", "{\"pci\":\"00:1f.2\"}", "remove | rescan", "0000:00:1f.2" },
	{ "hotplug", "{\"cpu\":3}", "offline | online", "cpu3" },
	{ "power", "{\"state\":\"mem\"}", "suspend | disarm", "mem" },
	{ "bind", "{\"bus\":\"platform\",\"driver\":\"refdrv\",\"device\":\"refdrv.0\"}",
	  "unbind | bind", "refdrv.0" },
	{ "sysfs", "{\"file\":\"/sys/x\",\"value\":\"1\"}", "write | restore", "/sys/x" },
	{ "exec", "{\"command\":[\"/bin/a\"],\"undo\":[\"/bin/b\"]}", "command | undo",
	  "/bin/a" },
};

START_TEST(halves_are_what_the_options_ask_for)
{
	const struct cycle_kind *k = cycle_kind_find(good[_i].kind);
	char text[256] = "";
	void *state;
	size_t opening, closing;

	ck_assert_ok(create(good[_i].kind, good[_i].options, &state));
	opening = k->opening(state);
	closing = k->closing(state);
	for (size_t i = 0; i < opening + closing; i++) {
		if (i)
			strcat(text, i == opening ? " | " : " ");
		strcat(text, k->step_name(state, i));
	}
	ck_assert_str_eq(text, good[_i].steps);
	ck_assert_str_eq(k->subject(state), good[_i].subject);
	k->destroy(state);
}
END_TEST

START_TEST(sysfs_restores_the_value_that_was_chosen)
{
	const struct cycle_kind *k = cycle_kind_find("sysfs");
	char path[] = "/tmp/check-kinds-XXXXXX", options[128];
	_free_ char *text = NULL, *after = NULL;
	int fd = mkstemp(path);
	void *state;

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_ok(file_write(path, "none [mq] bfq\n", 14, 0600));
	snprintf(options, sizeof(options), "{\"file\":\"%s\",\"value\":\"bfq\"}", path);
	ck_assert_ok(create("sysfs", options, &state));
	ck_assert_ok(k->prepare(state));
	ck_assert_ok(file_write(path, "", 0, 0600));
	ck_assert_int_eq(k->step(state, 0), 0);
	ck_assert_ok(file_read_text(path, 100, &text));
	ck_assert_str_eq(text, "bfq");
	ck_assert_ok(file_write(path, "", 0, 0600));
	ck_assert_int_eq(k->step(state, 1), 0);
	ck_assert_ok(file_read_text(path, 100, &after));
	ck_assert_str_eq(after, "mq");
	unlink(path);
	ck_assert_int_eq(k->step(state, 0), -ENOENT);
	k->destroy(state);
}
END_TEST

START_TEST(commands_tell_how_they_ended)
{
	const struct cycle_kind *k = cycle_kind_find("exec");
	void *state;

	ck_assert_ok(create("exec",
			    "{\"command\":[\"/bin/sh\",\"-c\",\"exit 0\"],"
			    "\"undo\":[\"/bin/sh\",\"-c\",\"exit 3\"]}",
			    &state));
	ck_assert_int_eq(k->step(state, 0), 0);
	ck_assert_int_eq(k->step(state, 1), -EREMOTEIO);
	k->destroy(state);
	ck_assert_ok(create("exec",
			    "{\"command\":[\"/nonexistent/x\"],"
			    "\"undo\":[\"/bin/sh\",\"-c\",\"kill -9 $$\"]}",
			    &state));
	ck_assert_int_eq(k->step(state, 0), -ENOENT);
	ck_assert_int_eq(k->step(state, 1), -EINTR);
	k->destroy(state);
}
END_TEST

START_TEST(closing_after_nothing_was_opened_is_safe)
{
	const struct cycle_kind *k = cycle_kind_find("mount");
	void *state;

	ck_assert_ok(create("mount", "{\"type\":\"ext4\",\"image\":\"i\"}", &state));
	ck_assert_int_eq(k->step(state, 2), 0);
	ck_assert_int_eq(k->step(state, 3), 0);
	k->destroy(state);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinds");
	TCase *t = tcase_create("kinds");

	tcase_add_loop_test(t, refuses_options_that_cannot_be, 0,
			    sizeof(bad) / sizeof(*bad));
	tcase_add_loop_test(t, halves_are_what_the_options_ask_for, 0,
			    sizeof(good) / sizeof(*good));
	tcase_add_test(t, sysfs_restores_the_value_that_was_chosen);
	tcase_add_test(t, commands_tell_how_they_ended);
	tcase_add_test(t, closing_after_nothing_was_opened_is_safe);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
