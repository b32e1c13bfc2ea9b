/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leakwatch's census of allocations, taken while cycles run. */
#include <string.h>

#include "common/error.h"
#include "cycler/agent/watch.h"
#include "leakwatch/census.h"

static struct error *start(const struct watch_context *context, void **state)
{
	const struct census_options options = {
		.modules = context->modules,
		.module_count = context->module_count < CENSUS_MAX_MODULES
					? context->module_count
					: CENSUS_MAX_MODULES,
	};
	struct census *census = NULL;
	struct error *error;

	if (!context->module_count)
		return error_new(ERROR_MISSING, "the plan loads no module to watch");
	error = census_create(&options, &census);
	if (!error)
		*state = census;
	return error;
}

static void stop(void *state)
{
	census_destroy(state);
}

static uint64_t *counter(void *state)
{
	return census_pass(state);
}

static struct error *leg(void *state)
{
	return census_leg(state);
}

static uint64_t *half(void *state)
{
	return census_half(state);
}

static const int64_t *level(void *state)
{
	return census_bytes(state);
}

static void tick(void *state)
{
	census_sample(state);
}

static void worker(void *state, pid_t pid)
{
	census_watch_worker(state, pid);
}

static struct error *settle(void *state)
{
	return census_settle(state, 0);
}

static struct error *collect(void *state, json_t **ret)
{
	return census_collect(state, ret);
}

static const struct agent_watch census_watch = {
	.name = "census",
	.start = start,
	.stop = stop,
	.counter = counter,
	.leg = leg,
	.half = half,
	.level = level,
	.tick = tick,
	.worker = worker,
	.settle = settle,
	.collect = collect,
};
REGISTER(agent_watch, census_watch);
