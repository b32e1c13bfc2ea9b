/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ends a run before its plan is through. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "cycler/carry.h"
#include "cycler/journal.h"
#include "cycler/policy.h"
#include "cycler/results.h"

struct error;
struct run_options;

/* How many targets may die when no option says so. */
#define STOP_ON_NEVER_RESTARTS 1000

/* Looks at events from *@judged on (and moves it); NULL, or why to stop. */
const char *stop_on_check(unsigned int what, const struct results *results,
			  const struct journal *journal,
			  const struct carried_list *modules,
			  const struct run_options *options, size_t *judged);
