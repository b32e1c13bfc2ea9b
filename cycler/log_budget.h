/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel logged in a leg, against what it may. */
#pragma once

#include <stddef.h>

#include "cycler/results.h"
#include "report/report.h"

struct error;

/* LOG002 when a leg's log overran the plan's budget, or the one its kinds have. */
struct error *log_budget_add(const struct results *results, size_t leg,
			     struct report *report);
