/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to cycle, how often and how fast. Format: docs/schema/plan.schema.json,
 * "bookend-plan/1". The controller reads a plan to check it and to carry its files, the
 * agent reads the same plan to carry it out.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "cycler/kinds/kind.h"
#include "cycler/policy.h"
#include "cycler/schedule.h"

struct error;

enum {
	PLAN_MAX_STEPS = 64, /* of one cycle, with all that is inside */
	PLAN_MAX_ERRORS = 16,
	PLAN_SMALLEST_JOURNAL = 1 << 20, /* bytes: below it little is left to read */
};

/* One pair, with what goes on inside it. */
struct plan_pair {
	const struct cycle_kind *kind;
	void *state;
	int errors[PLAN_MAX_ERRORS]; /* legitimate ones, negative errno */
	size_t error_count;
	struct plan_pair *inside;
	size_t inside_count;
	/* Health probes before and after each half: while it is closed, while it is open.
	 */
	struct plan_pair *closed, *open;
	size_t closed_count, open_count;
};

struct plan_step {
	const struct plan_pair *pair;
	size_t index;		  /* of the pair's steps */
	bool opening;		  /* else closing */
	bool first;		  /* of its half */
	bool probe;		  /* of the health: runs although something failed */
	int needs;		  /* … while this pair is open; -1: always */
	unsigned int pair_number; /* counted through the cycle, in opening order */
};

struct plan_cycle {
	char *name; /* "module refdrv.ko" */
	struct plan_pair pair;
	struct schedule schedule;
	uint64_t passes;   /* 0: no limit */
	uint64_t duration; /* ns, 0: no limit */
	unsigned int workers;
	bool fail_allocs; /* one allocation of each pass fails, in turn */
	struct plan_step steps[PLAN_MAX_STEPS];
	size_t step_count;
	size_t pair_count;
	size_t middle; /* the step before which a hold stays open */
};

struct plan_leg {
	char *name;
	bool turbo; /* expedited grace periods */
	struct plan_cycle *cycles;
	size_t cycle_count;
	struct plan_cycle *holds; /* opened before the leg, closed after it */
	size_t hold_count;
};

struct plan {
	json_t *json; /* the plan itself, with defaults left out */
	char *name;
	uint64_t seed;
	uint64_t deadline_ns; /* of one step */
	struct policy policy;
	double log_lines, log_bytes;	/* a pass may log; 0: no budget */
	double log_rate, log_byte_rate; /* a second may */
	uint64_t journal_max;		/* bytes of journal.bin; 0: the default */
	struct plan_leg *legs;
	size_t leg_count;
	const char **ignore; /* no residue: "WHAT:PATTERN", NULL end */
};

/* @json is kept. Errors name the place by JSON pointer ("/legs/0/cycles/1/rate"). */
struct error *plan_create(json_t *json, struct plan **ret);
void plan_destroy(struct plan *plan);
CLEANUP_DEFINE(struct plan, plan_destroy)

/* Reads a file; a syntax error names the line. */
struct error *plan_load(const char *path, struct plan **ret);

/* A step's name with its subject when the cycle has more than one pair: "open". */
const char *plan_step_name(const struct plan_cycle *cycle, size_t step);

/*
 * Cycles of a leg are numbered through its cycles, then its holds. The number of the
 * histogram of a worker's step; step_count is that of the whole pass, step_count + 1
 * that of the lateness.
 */
const struct plan_cycle *plan_cycle_at(const struct plan_leg *leg, size_t number);
size_t plan_histogram(const struct plan *plan, size_t leg, size_t cycle,
		      unsigned int worker, size_t step);

/* Legs, cycles and steps by number, for whoever reads the journal alone. New reference.
 */
struct error *plan_legend(const struct plan *plan, json_t **ret);

/*
 * Calls @visit for each value that names something to be carried to the target; it may
 * replace *value (a new reference is stolen).
 */
struct error *plan_visit_files(json_t *plan,
			       struct error *(*visit)(void *context,
						      enum plan_key_type type,
						      json_t *object, const char *key),
			       void *context);

/* "ENODEV" -> -19; 0 when unknown. And back: "ENODEV", or "error 555". */
int plan_errno(const char *name);
const char *plan_errno_name(int negative);
