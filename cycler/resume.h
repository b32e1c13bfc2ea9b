/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where to go on after a target died. */
#pragma once

#include <jansson.h>

#include "cycler/results.h"

struct error;

/*
 * What is left of the plan: passes that are done, and the one that killed the target,
 * are taken off the leg that was running. @first_leg is where to begin, the number of
 * legs when nothing is left. @plan (as placed in the target) is changed.
 */
struct error *resume_plan(json_t *plan, const struct results *results, size_t *first_leg);
