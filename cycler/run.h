/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries a plan out in a target and judges what came of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/options.h"
#include "cycler/plan.h"
#include "report/report.h"
#include "target/target.h"

struct error;

struct run_options {
	const char *target; /* "vm", "ssh:HOST", "local" */
	struct target_options machine;
	struct string_list symbols; /* where debug files are looked for */
	struct string_list sources; /* where source files are */
	bool dump;		    /* memory of a dead target into the run folder */
	bool quiet;
	uint64_t restarts;    /* how many targets may die and be replaced */
	unsigned int stop_on; /* enum stop_on, or 0: what the plan says */
	bool hold;	      /* a failed machine stays until interrupted */
	bool no_census;
	bool counted_elsewhere; /* without a census, but another run of the plan has one
				 */
	bool recorder;		/* bookend_recorder is loaded before the first pass */
	uint64_t journal_max;	/* bytes of journal.bin; 0: what the plan says */
	uint64_t commit_ns;	/* how often a real machine's journal goes to its disk */
	volatile int *stop;	/* set by a signal: end after the running pass */
	volatile int *status;	/* set by SIGUSR1: say how it stands */
};

/*
 * Everything that was seen goes into @report; the run folder (machine.folder) holds
 * journal.bin, kernel.log, console.log, shared.bin and plan.json. An error means that
 * the plan could not be carried out at all.
 */
struct error *run_plan(const struct plan *plan, const struct run_options *options,
		       struct report *report);
