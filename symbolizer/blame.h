/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is guilty: helpers that only notice, wait or copy are passed over. */
#pragma once

#include <stdbool.h>

#include "report/frame.h"

struct event;

/* Without ".isra.0", ".constprop.0", ".part.0", ".cold" and the like. */
void blame_normalize(const char *function, char *ret, size_t size);

/* Whether a function is of the machinery that notices errors, or a mere helper. */
bool blame_is_helper(const char *function);

/* Chooses context, function and module of the event's panic. */
struct error *blame_choose(struct event *event);
