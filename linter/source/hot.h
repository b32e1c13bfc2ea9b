/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which functions run where a driver cannot afford to dawdle: what is handed to
 * request_irq, timers, NAPI, tasklets and work queues, and all that these call.
 */
#pragma once

#include "linter/source/model.h"

struct hot_function {
	const struct unit *unit;
	const struct node *function; /* its definition */
	const char *root;	     /* the function that was handed over; NULL: cold */
	const char *how;	     /* "request_irq" */
};

struct hot_paths {
	struct hot_function *items; /* every function that the driver defines */
	size_t count, capacity;
};

struct error *hot_paths_find(const struct source_model *model, struct hot_paths *ret);
void hot_paths_deinit(struct hot_paths *paths);
#define _hot_paths_ __attribute__((cleanup(hot_paths_deinit)))

/* NULL when @function is not hot. */
const struct hot_function *hot_paths_look(const struct hot_paths *paths,
					  const struct node *function);
