/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan says of how its run is carried on: lanes, and what ends it. */
#pragma once

#include <jansson.h>

struct error;

/* What is done when a step is past its deadline. */
enum on_stuck {
	ON_STUCK_END,	  /* the run ends, with a verdict so far */
	ON_STUCK_RESTART, /* a fresh target goes on */
	ON_STUCK_WAIT,	  /* it is recorded, and waited for */
};

/* What ends a run before its plan is through. */
enum stop_on {
	STOP_ON_CRASH = 1 << 0,
	STOP_ON_STUCK = 1 << 1,
	STOP_ON_FAILURE = 1 << 2, /* a step that fails */
	STOP_ON_WARNING = 1 << 3, /* the kernel complains, or its taint grows */
	STOP_ON_RESIDUE = 1 << 4,
	STOP_ON_LEAK = 1 << 5,
	STOP_ON_NEVER = 1 << 6, /* dead targets are replaced as often as they die */
	STOP_ON_ANY = STOP_ON_CRASH | STOP_ON_STUCK | STOP_ON_FAILURE | STOP_ON_WARNING |
		      STOP_ON_RESIDUE | STOP_ON_LEAK,
};

/* Kernels that a plan is run on, one after another. */
enum lane { LANE_PLAIN, LANE_SLUB, LANE_BOTH };

extern const char *const on_stuck_names[]; /* by their enums, NULL at the end */
extern const char *const lane_names[];

struct policy {
	enum on_stuck on_stuck;
	unsigned int stop_on; /* enum stop_on; 0: nothing is said */
	enum lane lanes;
};

/* "crash", "stuck", "failure", "warning", "residue", "leak", "any" or "never"; 0: none.
 */
unsigned int stop_on_word(const char *word);

/* Of the keys on_stuck, stop_on and lanes of @plan. */
struct error *policy_parse(const json_t *plan, struct policy *ret);
