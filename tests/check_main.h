/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of every libcheck program here. */
#pragma once

#include <check.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/error.h"

/* Fails with the error's own message. */
#define ck_assert_ok(expression)                                     \
	do {                                                         \
		_error_ struct error *error_ = (expression);         \
		ck_assert_msg(!error_, "%s", error_message(error_)); \
	} while (0)

/* Expects an error whose message holds @text. */
#define ck_assert_fails(expression, text)                                             \
	do {                                                                          \
		_error_ struct error *error_ = (expression);                          \
		ck_assert_msg(error_ != NULL, "no error from " #expression);          \
		ck_assert_msg(strstr(error_message(error_), text), "'%s' lacks '%s'", \
			      error_message(error_), text);                           \
	} while (0)

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
