/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was seen to what it means: findings, runs and measurements. */
#pragma once

#include "cycler/carry.h"
#include "cycler/journal.h"
#include "cycler/results.h"
#include "cycler/run.h"
#include "report/report.h"

struct error;

/*
 * A target died: what its console (kept as @console in the run folder) tells, and why.
 * Then, at the end of all targets, verdict_add().
 */
struct error *verdict_death(struct results *results, const struct journal *journal,
			    struct target *target, const struct carried_list *modules,
			    const struct run_options *options, const char *console,
			    struct report *report);

struct error *verdict_add(struct results *results, const struct journal *journal,
			  struct target *target, const struct carried_list *modules,
			  const struct run_options *options, struct report *report);

/*
 * The last step of each worker that began and did not end, for people: "pass 18 204 of
 * module refdrv.ko, in step ioctl"; "" when none. Owned.
 */
struct error *verdict_last_step(const struct results *results,
				const struct journal *journal, char **ret);
