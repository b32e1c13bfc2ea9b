/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says that is no panic report, yet no good sign. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "report/report.h"

struct error;

/* The kind of complaint in a line of the log, or NULL when there is none. */
const char *complaint_of(const char *line);

/*
 * @lines: the agent's log events. One finding (LOG001) a kind of complaint, but for lines
 * that are in @told: findings with a stack have told those already.
 */
struct error *complaints_add(const json_t *lines, const char *told,
			     struct report *report);

/*
 * Taint flags that came while cycling and are no mere property of the module: told only
 * when nothing else explains them.
 */
struct error *complaints_add_taint(uint64_t before, uint64_t after,
				   struct report *report);
