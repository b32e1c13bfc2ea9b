/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When passes are due. Open loop: deadlines are absolute, counted from the start of the
 * leg, so that a late pass does not move those after it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

enum schedule_kind {
	SCHEDULE_MAX,	  /* as fast as it goes */
	SCHEDULE_FIXED,	  /* every 1/rate */
	SCHEDULE_POISSON, /* exponential gaps of mean 1/rate */
	SCHEDULE_JITTER,  /* fixed, each moved by up to ± jitter of a gap */
	SCHEDULE_RAMP,	  /* from rate to rate_end over `over_ns`, then on at rate_end */
	SCHEDULE_BURST,	  /* `burst` passes at once, then a pause that keeps the rate */
	SCHEDULE_SWEEP,	  /* from rate to rate_end and back, period `over_ns` */
};

extern const char *const schedule_names[]; /* by enum schedule_kind, NULL at the end */

struct schedule {
	enum schedule_kind kind;
	double rate, rate_end; /* passes a second */
	double jitter;	       /* 0 to 1 */
	uint64_t over_ns;
	uint64_t burst;
	uint64_t phase_ns; /* before the first pass */
};

struct schedule_state {
	const struct schedule *schedule;
	uint64_t random;   /* state of the generator */
	uint64_t index;	   /* of the pass to come */
	double regular_ns; /* when it would be due without jitter */
};

/* From a cycle's keys rate, schedule, rate_end, jitter, over, burst, phase. */
struct error *schedule_parse(const json_t *cycle, const char *where,
			     struct schedule *ret);

void schedule_start(struct schedule_state *state, const struct schedule *schedule,
		    uint64_t seed);

/*
 * When the next pass is due, ns since the start of the leg; 0: at once. Moves on to the
 * pass after it.
 */
uint64_t schedule_next(struct schedule_state *state);

/* Passes over the slots before @now_ns; returns how many. */
uint64_t schedule_skip(struct schedule_state *state, uint64_t now_ns);

/* A small generator (splitmix64), the same everywhere for a seed. */
uint64_t schedule_random(uint64_t *state);
