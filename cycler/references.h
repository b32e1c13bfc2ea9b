/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reference counts of modules that a leg holds, before its first pass and after its last.
 */
#pragma once

#include <jansson.h>

#include "cycler/results.h"
#include "report/report.h"

struct error;

/* @event: the agent's "references"; LEAK002 when more are held after than before. */
struct error *references_add(const struct results *results, const json_t *event,
			     struct report *report);
