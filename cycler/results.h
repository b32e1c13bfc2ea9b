/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came back from a target: the agent's events, the kernel's log, the counters. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/strbuf.h"
#include "cycler/journal.h"
#include "cycler/plan.h"
#include "target/target.h"

struct error;

/* One cycle's account, over all its workers (and restarts). */
struct account {
	uint64_t passes, failed, missed, expected_errors;
	double seconds, seconds_before; /* of that, with earlier targets */
	uint64_t first_pass;
	unsigned int first_step;
	int first_result; /* 0: nothing failed */
};

/* How much the kernel logged in a leg. */
struct leg_log {
	uint64_t lines, bytes;
	uint64_t peak_lines, peak_bytes; /* in its busiest second */
};

struct results {
	const struct plan *plan;
	json_t *events;	    /* all but log lines */
	json_t *layouts;    /* by module: the last event about where it lies */
	json_t *complaints; /* log lines of level warning and worse, as the agent told */
	FILE *log;	    /* kernel.log */
	uint64_t log_count; /* lines in it */
	struct leg_log *logs; /* by leg */
	uint64_t lines_seen, bytes_seen;
	json_t *samples;	      /* [leg]: the first lines it logged */
	struct strbuf partial;	      /* of a line of output */
	struct strbuf noise;	      /* what the agent said on standard error */
	struct account **accounts;    /* [leg][cycle number] */
	struct histogram *histograms; /* of all targets so far, by plan_histogram() */
	size_t salvaged;	      /* events that are in the accounts already */
	uint64_t restarts;
	struct strbuf told; /* lines of the log that are in findings already */
	bool ended;	    /* the agent got to its end */
	bool stuck;
	bool broken; /* the target's kernel oopsed, and went on */
	size_t leg;  /* running, or the last */
	struct target_outcome outcome;
};

struct error *results_init(struct results *results, const struct plan *plan,
			   const char *folder);
void results_deinit(struct results *results);

/* Output of the agent, in any pieces. */
struct error *results_take(struct results *results, bool diagnostic, const void *data,
			   size_t size);

/* Another target goes on: what counts by target begins anew. */
void results_restart(struct results *results);

/*
 * After a target's end: its counts are added up. The leg that was running when it died:
 * is counted from the shared memory instead of an event.
 */
void results_salvage(struct results *results, const struct journal *journal);

/* How many cycles a leg has, with its holds. */
size_t results_cycles(const struct plan_leg *leg);
