/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a run that failed to the shortest schedule that still does: legs, cycles, what is
 * held, inside, or probed is left out one by one, passes are halved, and each candidate
 * is tried in a fresh target. What still shows the same finding is kept.
 */
#pragma once

#include <stdint.h>

#include "cycler/plan.h"
#include "cycler/run.h"
#include "report/report.h"

struct error;

/* Carries out a plan for a look at its report; used by tests in the place of a target. */
struct repro_trial {
	struct error *(*run)(void *context, const struct plan *plan,
			     struct report *report);
	void *context;
};

/*
 * The finding that has to show again: its rule, its symbol where it has one, and of a
 * step that fails the error, too.
 */
struct repro_signature {
	char rule[32], symbol[128], message[256];
};

/* False when @report has nothing that a shorter schedule could be looked for. */
bool repro_signature_of(const struct report *report, struct repro_signature *ret);

/* What came of it. */
struct repro_result {
	json_t *plan; /* new reference: the shortest one that failed */
	uint64_t runs;
	bool exhausted; /* the limit of runs was met: shorter ones may exist */
	bool proven;	/* the last run, of that plan, failed in the same way */
};

/* At most @limit runs, the proof among them. */
struct error *repro_shorten(const struct plan *plan, const struct report *failed,
			    const struct repro_signature *signature, uint64_t limit,
			    const struct repro_trial *trial, struct repro_result *ret);

/*
 * After a run whose report is @report: shortens, writes repro.json into the run folder,
 * and tells in the report what it holds. Nothing when nothing failed.
 */
struct error *repro_run(const struct plan *plan, const struct run_options *options,
			uint64_t limit, struct report *report);
