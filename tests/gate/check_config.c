/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "gate/gate.h"
#include "tests/check_main.h"

static struct error *load(const char *text, struct gate_config *ret)
{
	char path[] = "/tmp/check_config.XXXXXX";
	_close_ int fd = mkstemp(path);
	struct error *error;

	ck_assert_int_ge(fd, 0);
	ck_assert_ok(file_write(path, text, strlen(text), 0600));
	*ret = (struct gate_config){ 0 };
	error = gate_config_load(path, ret);
	unlink(path);
	return error;
}

START_TEST(reads_all_of_it)
{
	struct gate_config config;

	ck_assert_ok(
		load("{\"name\": \"x\", \"builds\": {\"debug\": [\"D=y\"], \"release\": "
		     "[]}, \"load\": [\"x a=1\"], \"needs\": [\"dummy\"], \"devices\": "
		     "[{\"path\": \"/dev/x0\", \"probe\": [\"read:64\"]}], \"passes\": "
		     "{\"module\": 10, \"plain\": 2, \"device\": 30}}",
		     &config));
	ck_assert_str_eq(config.name, "x");
	ck_assert_uint_eq(config.builds_count, 2);
	ck_assert_str_eq(config.builds[0].variables.items[0], "D=y");
	ck_assert_str_eq(config.load.items[0], "x a=1");
	ck_assert_str_eq(config.needs.items[0], "dummy");
	ck_assert_str_eq(config.devices[0].probe.items[0], "read:64");
	ck_assert_uint_eq(config.module_passes, 10);
	ck_assert_uint_eq(config.plain_passes, 2);
	ck_assert_uint_eq(config.device_passes, 30);
	gate_config_deinit(&config);
}
END_TEST

START_TEST(names_the_key_that_is_wrong)
{
	struct gate_config config;

	ck_assert_fails(load("{\"nmae\": 1}", &config), "/nmae: unknown key");
	ck_assert_fails(load("{\"builds\": {\"../x\": []}}", &config), "/builds/../x");
	ck_assert_fails(load("{\"builds\": {\"x\": 3}}", &config), "must be an array");
	ck_assert_fails(load("{\"devices\": [{\"path\": \"x\"}]}", &config),
			"/devices/0/path");
	ck_assert_fails(load("{\"passes\": {\"module\": -1}}", &config),
			"/passes/module");
	ck_assert_fails(load("[]", &config), "must be an object");
}
END_TEST

START_TEST(names_the_line_of_a_syntax_error)
{
	struct gate_config config;

	ck_assert_fails(load("{\n\"name\": \n}", &config), ":3:");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tcase = tcase_create("config");

	tcase_add_test(tcase, reads_all_of_it);
	tcase_add_test(tcase, names_the_key_that_is_wrong);
	tcase_add_test(tcase, names_the_line_of_a_syntax_error);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
