/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker process: passes over a cycle's steps, each with its records. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "cycler/agent/agent.h"
#include "cycler/agent/costs.h"
#include "cycler/agent/places.h"
#include "cycler/agent/sense.h"
#include "cycler/failalloc.h"
#include "report/json.h"

enum {
	/* After so many failures in a row a cycle has shown what it can. */
	FAILURES_IN_A_ROW = 20,
};

struct worker {
	struct agent *agent;
	const struct plan_cycle *cycle;
	struct journal_worker *state;
	struct journal_record record; /* the constant parts are filled in */
	size_t histogram;	      /* of step 0 */
	bool reached[PLAN_MAX_STEPS]; /* by pair number: its opening has begun well */
	bool holder;
	bool halved; /* half of its passes, or of its time, are through */
	bool commit; /* each record, before the step goes on */
	struct places places;
	struct pulse pulse;
	uint64_t last_pass, failing_pass; /* as the census counts them */
	int result;			  /* of the pass: the first error, 0: none */
	size_t failed_step;
	uint64_t row; /* failures in a row */
};

static struct histogram *histogram(struct worker *w, size_t step)
{
	return &w->agent->journal.histograms[w->histogram + step];
}

static bool stopping(const struct worker *w)
{
	return __atomic_load_n(&w->agent->journal.header->stop, __ATOMIC_RELAXED);
}

static void record(struct worker *w, uint8_t kind, size_t step, uint64_t stamp,
		   int result)
{
	w->record.kind = kind;
	w->record.step = (uint8_t)step;
	w->record.stamp = stamp;
	w->record.result = result;
	w->record.pass = (uint32_t)w->state->pass;
	journal_add(&w->agent->journal, &w->record);
	recorder_add(&w->agent->recorder, &w->record);
	if (w->commit)
		journal_commit_record(&w->agent->journal, &w->record);
}

static bool legitimate(const struct plan_pair *pair, int result)
{
	for (size_t i = 0; i < pair->error_count; i++)
		if (pair->errors[i] == result)
			return true;
	return false;
}

/* Why the cycle's first failure failed, where its kind knows more than an errno. */
static void tell_detail(struct worker *w, const struct plan_step *step, size_t index)
{
	const struct cycle_kind *kind = step->pair->kind;
	const char *text = kind->detail ? kind->detail(step->pair->state) : NULL;

	if (text)
		agent_tell(json_pack("{s:s, s:i, s:i, s:i, s:o}", "event", "detail",
				     "leg", (int)w->record.leg, "cycle",
				     (int)w->record.cycle, "step", (int)index, "text",
				     json_any_string(text)));
}

static void note_result(struct worker *w, const struct plan_step *step, size_t index,
			int result)
{
	if (!result)
		return;
	if (legitimate(step->pair, result)) {
		w->state->expected_errors++;
		return;
	}
	if (w->result)
		return;
	w->result = result;
	w->failed_step = index;
	if (!w->state->failed)
		tell_detail(w, step, index);
}

/* A holder stays between its halves until it is told to close. */
static void hold_open(struct worker *w)
{
	const struct timespec pause = { 0, 20000000 };

	/* no step is running: the deadline and the last step are those of others */
	__atomic_store_n(&w->state->step, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&w->state->held, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&w->state->release, __ATOMIC_ACQUIRE))
		nanosleep(&pause, NULL);
	__atomic_store_n(&w->state->held, 0, __ATOMIC_RELEASE);
}

/*
 * Whether a step is to run: once an opening has failed no other begins, and only what
 * was opened is closed. Health is looked at whatever failed.
 */
static bool due(const struct worker *w, const struct plan_step *step, bool failing)
{
	if (!step->opening)
		return w->reached[step->pair_number];
	if (step->probe)
		return (step->needs < 0 || w->reached[step->needs]) &&
		       (step->first || w->reached[step->pair_number]);
	return !failing && (step->first || w->reached[step->pair_number]);
}

static void run_pass(struct worker *w)
{
	const struct plan_cycle *cycle = w->cycle;
	uint64_t begin = journal_stamp(), now = begin;
	bool failing = false;

	memset(w->reached, 0, cycle->pair_count);
	w->result = 0;
	for (size_t i = 0; i < cycle->step_count; i++) {
		const struct plan_step *step = &cycle->steps[i];
		uint64_t after;
		int64_t had;
		int result;

		if (w->holder && i == cycle->middle && !failing) {
			hold_open(w);
			now = journal_stamp();
		}
		if (!due(w, step, failing))
			continue;
		__atomic_store_n(&w->state->since, now, __ATOMIC_RELAXED);
		__atomic_store_n(&w->state->step, (uint32_t)i + 1, __ATOMIC_RELEASE);
		record(w, JOURNAL_BEGIN, i, now, 0);
		had = costs_now(w->agent);
		result = step->pair->kind->step(step->pair->state, step->index);
		after = journal_stamp();
		costs_note(w->agent, w->record.worker, w->state->pass, i, had);
		record(w, JOURNAL_END, i, after, result);
		histogram_add(histogram(w, i), after - now);
		now = after;
		if (step->first && step->opening)
			w->reached[step->pair_number] = result == 0;
		failing = failing || (step->opening && result);
		note_result(w, step, i, result);
		if (!result && step->opening && !strcmp(step->pair->kind->name, "module"))
			places_note(&w->places, step->pair);
	}
	if (w->holder && cycle->middle == cycle->step_count && !failing)
		hold_open(w);
	__atomic_store_n(&w->state->step, 0, __ATOMIC_RELEASE);
	histogram_add(histogram(w, cycle->step_count), now - begin);
}

static void finish_pass(struct worker *w)
{
	struct journal_worker *s = w->state;

	if (w->result && !s->failed) {
		s->first_pass = s->pass;
		s->first_step = (uint32_t)w->failed_step;
		s->first_result = w->result;
	}
	s->failed += w->result != 0;
	w->row = w->result ? w->row + 1 : 0;
	s->pass++;
	__atomic_store_n(&s->passes, s->pass, __ATOMIC_RELEASE);
}

/* Between two passes everything is closed: the place to look at the whole kernel. */
static void hold_on_request(struct worker *w)
{
	const struct timespec pause = { 0, 500000 };

	if (!__atomic_load_n(&w->agent->journal.header->hold, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&w->state->held, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&w->agent->journal.header->hold, __ATOMIC_RELAXED) &&
	       !stopping(w))
		nanosleep(&pause, NULL);
	__atomic_store_n(&w->state->held, 0, __ATOMIC_RELEASE);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Sleeps in pieces, so that a stop is obeyed within a tenth of a second. */
static void sleep_until(struct worker *w, uint64_t due_ns)
{
	while (!stopping(w)) {
		uint64_t now = now_ns(), to = due_ns;
		struct timespec ts;

		if (now >= due_ns)
			return;
		if (to - now > 100000000)
			to = now + 100000000;
		ts = (struct timespec){ (time_t)(to / 1000000000),
					(long)(to % 1000000000) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		hold_on_request(w);
	}
}

/*
 * Waits for the pass's time; notes how late it begins and what slots are gone. False when
 * its slot is not before the cycle's end any more: ten seconds at 10/s are 100 passes.
 */
static bool wait_for_slot(struct worker *w, struct schedule_state *schedule,
			  uint64_t start_ns)
{
	uint64_t due_ns = schedule_next(schedule), late, missed;

	if (w->cycle->schedule.kind == SCHEDULE_MAX && !due_ns)
		return true;
	if (w->cycle->duration && due_ns >= w->cycle->duration)
		return false;
	sleep_until(w, start_ns + due_ns);
	late = now_ns() - (start_ns + due_ns);
	histogram_add(histogram(w, w->cycle->step_count + 1), late);
	missed = schedule_skip(schedule, now_ns() - start_ns);
	if (!missed)
		return true;
	w->state->missed += missed;
	record(w, JOURNAL_MARK, JOURNAL_MARK_MISSED, journal_stamp(),
	       missed > INT32_MAX ? INT32_MAX : (int)missed);
	return true;
}

static bool more(const struct worker *w, uint64_t start_ns)
{
	const struct plan_cycle *cycle = w->cycle;

	/* one that is released before its start shall not open at all */
	if (w->holder)
		return w->state->pass == 0 && !w->state->release;
	if (stopping(w) || w->row >= FAILURES_IN_A_ROW)
		return false;
	if (cycle->passes && w->state->pass >= cycle->passes)
		return false;
	/* the clock costs more than a short pass: look at it now and then */
	if (cycle->duration &&
	    (w->state->pass % 16 == 0 || cycle->schedule.kind != SCHEDULE_MAX) &&
	    now_ns() - start_ns >= cycle->duration)
		return false;
	return true;
}

static struct error *prepare(const struct plan_pair *pair)
{
	struct error *error =
		pair->kind->prepare ? pair->kind->prepare(pair->state) : NULL;

	for (size_t i = 0; !error && i < pair->inside_count; i++)
		error = prepare(&pair->inside[i]);
	return error;
}

static void wait_for_start(void)
{
	sigset_t wanted;
	int number;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigwait(&wanted, &number);
}

static void count_pass(struct worker *w)
{
	struct agent *agent = w->agent;

	for (size_t i = 0; !w->holder && i < AGENT_COUNTERS && agent->counters[i]; i++)
		__atomic_fetch_add(agent->counters[i], 1, __ATOMIC_RELAXED);
}

static bool half_through(const struct worker *w, uint64_t start_ns)
{
	const struct plan_cycle *cycle = w->cycle;

	if (cycle->passes && 2 * w->state->pass >= cycle->passes)
		return true;
	return cycle->duration &&
	       (w->state->pass % 16 == 0 || cycle->schedule.kind != SCHEDULE_MAX) &&
	       2 * (now_ns() - start_ns) >= cycle->duration;
}

/*
 * What is left only before the first worker gets there was kept once. The first: so half
 * of each worker's passes at least come later, and no leak can hide.
 */
static void note_half(struct worker *w, uint64_t start_ns)
{
	struct agent *agent = w->agent;

	if (w->halved || w->holder || !half_through(w, start_ns))
		return;
	w->halved = true;
	for (size_t i = 0; i < AGENT_COUNTERS && agent->counters[i]; i++) {
		uint64_t none = 0;

		if (agent->halves[i])
			__atomic_compare_exchange_n(agent->halves[i], &none,
						    *agent->counters[i], false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

/* The whole pass is the step: what it opens it closes, whatever failed. */
static int pass_without_count(void *context)
{
	struct worker *w = context;
	int result;

	hold_on_request(w);
	count_pass(w);
	/* of two passes for a site, the one before the last is that which failed */
	w->failing_pass = w->last_pass;
	w->last_pass = w->agent->counters[0] ? *w->agent->counters[0] : 0;
	run_pass(w);
	result = w->result;
	w->result = 0;
	finish_pass(w);
	return result;
}

static int closed_already(void *context)
{
	(void)context;
	return 0;
}

static struct error *tell_site(void *context, const struct failalloc_site *site)
{
	struct worker *w = context;
	_strbuf_ struct strbuf stack = STRBUF_INIT;

	for (uint32_t i = 0; i < site->where.frames; i++)
		strbuf_addf(&stack, "[<0>] %s\n", site->where.text[i]);
	agent_tell(json_pack(
		"{s:s, s:i, s:i, s:I, s:s, s:i, s:i, s:I, s:s, s:I, s:I, s:i}", "event",
		"failed allocation", "leg", (int)w->agent->leg, "cycle",
		(int)w->record.cycle, "nth", (json_int_t)site->nth, "outcome",
		failalloc_outcome_name(site->outcome), "result", site->result,
		"afterwards", site->afterwards, "size", (json_int_t)site->where.size,
		"stack", strbuf_string(&stack), "pass", (json_int_t)w->failing_pass,
		"offset", (json_int_t)site->where.offset, "region",
		(int)site->where.region));
	if (stopping(w) || site->outcome == FAILALLOC_BROKEN)
		return error_new(ERROR_INTERRUPT,
				 "those behind allocation %llu were not tried%s",
				 (unsigned long long)site->nth,
				 site->outcome == FAILALLOC_BROKEN
					 ? ": the driver was broken"
					 : "");
	return NULL;
}

/* Instead of passes: a sweep for each module of the plan, or one without. */
static void fail_allocations(struct worker *w)
{
	const struct failalloc_step step = { w, pass_without_count, closed_already,
					     tell_site };
	struct failalloc_sweep sweep = { 0 };
	struct failalloc f = { -1, 0 };
	struct error *error = failalloc_open(&f);
	size_t i = 0;

	do {
		const char *module = w->agent->module_count ? w->agent->modules[i] : NULL;

		if (!error)
			error = failalloc_sweep(&f, module, 0, &step, 1, 0, &sweep);
		if (!error)
			agent_tell(json_pack(
				"{s:s, s:i, s:s, s:I, s:I, s:I, s:b}", "event",
				"error paths", "leg", (int)w->agent->leg, "module",
				module ? module : "", "counted",
				(json_int_t)sweep.counted, "tried",
				(json_int_t)sweep.tried, "missed",
				(json_int_t)sweep.missed, "unsteady", sweep.unsteady));
	} while (!error && ++i < w->agent->module_count);
	failalloc_close(&f);
	if (error)
		agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched", "name",
				     "error paths", "why", error_message(error)));
	error_destroy(error);
}

static void run_passes(struct worker *w, uint64_t start_ns,
		       struct schedule_state *schedule)
{
	while (more(w, start_ns)) {
		hold_on_request(w);
		if (!wait_for_slot(w, schedule, start_ns) && !w->holder)
			break;
		if (stopping(w) && !w->holder)
			break;
		count_pass(w);
		run_pass(w);
		finish_pass(w);
		note_half(w, start_ns);
		if (pulse_look(&w->pulse, w->agent->board, w->state->passes))
			record(w, JOURNAL_MARK, JOURNAL_MARK_CHANGED, journal_stamp(), 0);
	}
}

/* A slow cycle can afford to have each record on the disk before it goes on. */
static bool commits(const struct agent *agent, const struct plan_cycle *cycle,
		    bool holder)
{
	double commit = (double)agent->journal.header->commit_ns;
	double rate = cycle->schedule.rate;

	return commit > 0 && (holder || (rate > 0 && 1e9 / rate >= commit));
}

void worker_main(struct agent *agent, size_t cycle, unsigned int worker,
		 struct journal_worker *state, bool holder)
{
	struct worker w = {
		.agent = agent,
		.cycle = plan_cycle_at(&agent->plan->legs[agent->leg], cycle),
		.state = state,
		.histogram = plan_histogram(agent->plan, agent->leg, cycle, worker, 0),
		.holder = holder,
		.commit = commits(agent,
				  plan_cycle_at(&agent->plan->legs[agent->leg], cycle),
				  holder),
		.places = { .state = state,
			    .worker = (unsigned int)(state - agent->journal.workers) },
		.record = { .leg = (uint8_t)agent->leg,
			    .cycle = (uint8_t)cycle,
			    .worker = (uint16_t)(state - agent->journal.workers) },
	};
	const struct plan_leg *leg = &agent->plan->legs[agent->leg];
	struct schedule_state schedule;
	_error_ struct error *error = NULL;
	uint64_t start_ns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	prctl(PR_SET_NAME, "bookend-cycle");
	schedule_start(&schedule, &w.cycle->schedule,
		       agent->plan->seed + cycle * 0x10001 + worker);
	wait_for_start();
	/* now what the leg holds open is there to be looked at */
	error = stopping(&w) ? NULL : prepare(&w.cycle->pair);
	if (error) {
		agent_tell(json_pack("{s:s, s:s}", "event", "unable", "why",
				     error_message(error)));
		state->done = 1;
		_exit(1);
	}
	if (!holder && leg->cycle_count == 1 && w.cycle->workers == 1)
		pulse_start(&w.pulse, agent);
	start_ns = now_ns();
	state->started = journal_stamp();
	if (w.cycle->fail_allocs && !holder)
		fail_allocations(&w);
	else
		run_passes(&w, start_ns, &schedule);
	state->ended = journal_stamp();
	places_finish(&w.places);
	__atomic_store_n(&state->done, 1, __ATOMIC_RELEASE);
	_exit(0);
}
