/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of what a leg left behind, each with the passes that it came from. */
#pragma once

#include <jansson.h>

#include "cycler/results.h"
#include "report/report.h"

struct error;

/* @event: the agent's "residue". Nothing when nothing appeared. */
struct error *residue_report_add(const struct results *results, const json_t *event,
				 struct report *report);

/* Measurements of how often was looked, over all legs. */
struct error *residue_report_measure(const struct results *results,
				     struct report *report);
