/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent's parts share. The agent carries a plan out inside the target. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cycler/agent/kmsg.h"

#include "cycler/agent/pulse.h"
#include "cycler/agent/watch.h"
#include "cycler/journal.h"
#include "cycler/plan.h"
#include "cycler/recorder.h"
#include "cycler/residue.h"

struct costs;
struct error;

enum {
	AGENT_WATCHES = 4,
	AGENT_COUNTERS = AGENT_WATCHES,
};

struct agent {
	struct plan *plan;
	struct journal journal;
	size_t area_size;
	struct kmsg kmsg;
	struct recorder recorder;	/* without an area: none is loaded */
	struct residue_options residue; /* what does not count */
	struct residue_snapshot *baseline;
	const struct agent_watch *watches[AGENT_WATCHES];
	void *watch_states[AGENT_WATCHES];
	size_t watch_count;
	uint64_t *counters[AGENT_COUNTERS]; /* NULL: none */
	uint64_t *halves[AGENT_COUNTERS];   /* where a leg's first half ends; or NULL */
	struct board *board;		    /* what the leg's processes tell each other */
	const int64_t *level; /* bytes that the driver has; NULL: nobody counts them */
	struct costs *costs;  /* of each worker, see costs.h */
	uint64_t taint;
	uint64_t deadline; /* stamps that a step may take */
	pid_t committer;   /* 0: records need not go to a disk */
	size_t leg;	   /* running */
	size_t first_leg;  /* resume here */
	bool stuck;
	bool broken;	/* the kernel oopsed, and went on */
	char **modules; /* names that the plan loads, NULL end */
	size_t module_count;
};

/*
 * The worker process: runs the passes of one cycle. Does not return. A holder runs one
 * pass and stops between its halves until the header's `stop` is set.
 */
void worker_main(struct agent *agent, size_t cycle, unsigned int worker,
		 struct journal_worker *state, bool holder) __attribute__((noreturn));

/* A record that says what happened beside the steps. */
void agent_mark(struct agent *agent, enum journal_mark what, int result);

/* Prints one event as a line of JSON on standard output; steals @event. */
void agent_tell(json_t *event);
