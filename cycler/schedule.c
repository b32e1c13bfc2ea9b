/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/schedule.h"

#include <math.h>
#include <string.h>

#include "common/error.h"
#include "common/units.h"

#define SECOND 1e9

const char *const schedule_names[] = { "max",  "fixed", "poisson", "jitter",
				       "ramp", "burst", "sweep",   NULL };

/* A rate as a number (per second) or as text ("300/s", "max" is 0). */
static struct error *parse_rate(const json_t *cycle, const char *key, const char *where,
				double *ret)
{
	const json_t *value = json_object_get(cycle, key);
	struct rate rate = { 0 };
	struct error *error;

	*ret = 0;
	if (!value)
		return NULL;
	if (json_is_string(value)) {
		error = units_parse_rate(json_string_value(value), &rate);
		*ret = rate.per_second;
		return error_wrap(error, "%s/%s", where, key);
	}
	*ret = json_number_value(value);
	if (!json_is_number(value) || !(*ret > 0) || *ret > 1e9)
		return error_new(ERROR_INPUT,
				 "%s/%s is no rate: passes a second, or text as \"10/m\"",
				 where, key);
	return NULL;
}

static struct error *parse_kind(const json_t *cycle, const char *where,
				struct schedule *s)
{
	const json_t *value = json_object_get(cycle, "schedule");

	if (!value) {
		s->kind = s->rate > 0 ? SCHEDULE_FIXED : SCHEDULE_MAX;
		return NULL;
	}
	for (int i = 0; schedule_names[i]; i++)
		if (json_is_string(value) &&
		    !strcmp(json_string_value(value), schedule_names[i])) {
			s->kind = (enum schedule_kind)i;
			return NULL;
		}
	return error_new(ERROR_INPUT,
			 "%s/schedule is none of max, fixed, poisson, jitter, ramp, "
			 "burst, sweep",
			 where);
}

static struct error *parse_duration(const json_t *cycle, const char *key,
				    const char *where, uint64_t *ret)
{
	const json_t *value = json_object_get(cycle, key);

	if (!value)
		return NULL;
	if (!json_is_string(value))
		return error_new(ERROR_INPUT, "%s/%s is no duration: text as \"10s\"",
				 where, key);
	return error_wrap(units_parse_duration(json_string_value(value), ret), "%s/%s",
			  where, key);
}

static struct error *check(const struct schedule *s, const char *where)
{
	if (s->kind != SCHEDULE_MAX && !(s->rate > 0))
		return error_new(ERROR_INPUT, "%s/rate is missing: schedule %s needs one",
				 where, schedule_names[s->kind]);
	if (s->kind == SCHEDULE_MAX && s->rate > 0)
		return error_new(ERROR_INPUT,
				 "%s/rate contradicts its schedule, which is max", where);
	if ((s->kind == SCHEDULE_RAMP || s->kind == SCHEDULE_SWEEP) &&
	    (!(s->rate_end > 0) || !s->over_ns))
		return error_new(ERROR_INPUT,
				 "%s: schedule %s needs rate_end and over, the time it "
				 "takes",
				 where, schedule_names[s->kind]);
	if (s->kind == SCHEDULE_BURST && !s->burst)
		return error_new(ERROR_INPUT,
				 "%s/burst is missing: how many passes at once", where);
	if (s->jitter < 0 || s->jitter > 1)
		return error_new(ERROR_INPUT, "%s/jitter must be between 0 and 1", where);
	return NULL;
}

static struct error *parse_numbers(const json_t *cycle, const char *where,
				   struct schedule *s)
{
	const json_t *jitter = json_object_get(cycle, "jitter");
	const json_t *burst = json_object_get(cycle, "burst");

	if (jitter && !json_is_number(jitter))
		return error_new(ERROR_INPUT, "%s/jitter must be between 0 and 1", where);
	if (burst && json_integer_value(burst) < 1)
		return error_new(ERROR_INPUT,
				 "%s/burst must be a whole number of at least 1", where);
	if (jitter)
		s->jitter = json_number_value(jitter);
	if (burst)
		s->burst = (uint64_t)json_integer_value(burst);
	return NULL;
}

struct error *schedule_parse(const json_t *cycle, const char *where, struct schedule *ret)
{
	struct schedule s = { .jitter = 0.5 };
	struct error *error = parse_rate(cycle, "rate", where, &s.rate);

	if (!error)
		error = parse_rate(cycle, "rate_end", where, &s.rate_end);
	if (!error)
		error = parse_kind(cycle, where, &s);
	if (!error)
		error = parse_duration(cycle, "over", where, &s.over_ns);
	if (!error)
		error = parse_duration(cycle, "phase", where, &s.phase_ns);
	if (!error)
		error = parse_numbers(cycle, where, &s);
	if (!error)
		error = check(&s, where);
	if (!error)
		*ret = s;
	return error;
}

uint64_t schedule_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Uniform in (0, 1]. */
static double uniform(uint64_t *state)
{
	return ((double)(schedule_random(state) >> 11) + 1) / 9007199254740992.0;
}

void schedule_start(struct schedule_state *state, const struct schedule *schedule,
		    uint64_t seed)
{
	*state = (struct schedule_state){
		.schedule = schedule,
		.random = seed,
		.regular_ns = (double)schedule->phase_ns,
	};
}

/* The rate in force at @at ns: for ramps and sweeps, linear in time. */
static double rate_at(const struct schedule *s, double at)
{
	double share = (at - (double)s->phase_ns) / (double)s->over_ns;

	if (s->kind == SCHEDULE_SWEEP) {
		share = fmod(share, 1);
		share = share < 0.5 ? 2 * share : 2 - 2 * share;
	}
	if (share > 1)
		share = 1;
	return s->rate + (s->rate_end - s->rate) * share;
}

static double gap(struct schedule_state *state)
{
	const struct schedule *s = state->schedule;

	switch (s->kind) {
	case SCHEDULE_POISSON:
		return -log(uniform(&state->random)) * SECOND / s->rate;
	case SCHEDULE_RAMP:
	case SCHEDULE_SWEEP:
		return SECOND / rate_at(s, state->regular_ns);
	case SCHEDULE_BURST:
		return state->index % s->burst ? 0 : SECOND * (double)s->burst / s->rate;
	default:
		return SECOND / s->rate;
	}
}

uint64_t schedule_next(struct schedule_state *state)
{
	const struct schedule *s = state->schedule;
	double due = state->regular_ns;

	if (s->kind == SCHEDULE_MAX) {
		state->regular_ns = 0;
		return state->index++ ? 0 : s->phase_ns;
	}
	if (s->kind == SCHEDULE_JITTER) {
		due += (uniform(&state->random) - 0.5) * s->jitter * SECOND / s->rate;
		if (due < 0)
			due = 0;
	}
	state->index++;
	state->regular_ns += gap(state);
	return (uint64_t)due;
}

uint64_t schedule_skip(struct schedule_state *state, uint64_t now_ns)
{
	uint64_t skipped = 0;

	if (state->schedule->kind == SCHEDULE_MAX)
		return 0;
	if (state->schedule->kind == SCHEDULE_FIXED) {
		double every = SECOND / state->schedule->rate;
		double behind = ((double)now_ns - state->regular_ns) / every;

		skipped = behind >= 1 ? (uint64_t)behind : 0;
		state->index += skipped;
		state->regular_ns += (double)skipped * every;
		return skipped;
	}
	/* the slot that is due right now is run late; those wholly past are missed */
	for (;;) {
		struct schedule_state after = *state;

		schedule_next(&after);
		if (after.regular_ns > (double)now_ns)
			return skipped;
		*state = after;
		skipped++;
	}
}
