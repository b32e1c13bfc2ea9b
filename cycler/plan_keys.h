/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every object of a plan is held against: its keys, and their types. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct error;
struct plan_key;

bool plan_all_strings(const json_t *array);

/* Fails on a key that is neither in @names (NULL at the end) nor in @more (or NULL). */
struct error *plan_check_keys(const json_t *object, const char *where,
			      const char *const *names, const struct plan_key *more);

/* The value of @key: there when it has to be, and of its type. */
struct error *plan_check_key(const json_t *object, const char *where,
			     const struct plan_key *key);
