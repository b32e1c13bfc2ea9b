/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is guilty: helpers that only notice, wait or copy are passed over. */
#pragma once

#include <stdbool.h>

#include "report/frame.h"

struct event;
struct panic;
struct panic_context;

/* Without ".isra.0", ".constprop.0", ".part.0", ".cold" and the like. */
void blame_normalize(const char *function, char *ret, size_t size);

/* Whether a function is of the machinery that notices errors, or a mere helper. */
bool blame_is_helper(const char *function);

/* Chooses context, function and module of the event's panic. */
struct error *blame_choose(struct event *event);

/*
 * Chooses function and module of a stack whose names were found out, from frame @from on;
 * of the module that is guilty already where there is one. Sets nothing when all are
 * helpers.
 */
struct error *blame_resolved(struct panic *panic, const struct panic_context *context,
			     size_t from);
