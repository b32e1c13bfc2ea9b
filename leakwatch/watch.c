/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/watch.h"

#include <stdio.h>
#include <unistd.h>

#include "common/error.h"
#include "common/progress.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "leakwatch/command.h"
#include "leakwatch/live.h"

struct watch {
	const struct watch_options *options;
	struct census *census;
	struct progress progress;
	struct live live;
	uint64_t every; /* ns between two looks, more when they take long */
	uint64_t begun, seconds, shown;
	bool by_time; /* a pass is a second */
	bool marked;
};

/* Takes a tenth of the time at most, however many objects there are. */
static void draw(struct watch *watch, uint64_t now)
{
	json_t *census = NULL;
	_error_ struct error *error = census_collect(watch->census, &census);
	uint64_t took;

	if (!error)
		live_draw(&watch->live, census, watch->options->judge,
			  (now - watch->begun) / 1000000000);
	json_decref(census);
	took = command_clock() - now;
	watch->every = took * 10 > 1000000000 ? took * 10 : 1000000000;
}

static void show(struct watch *watch)
{
	struct census_state state;
	_error_ struct error *error = NULL;
	_strbuf_ struct strbuf note = STRBUF_INIT;
	uint64_t now = command_clock();

	/* reading the tables costs; twice a second is enough for the eye */
	if (watch->options->quiet || now - watch->shown < watch->every)
		return;
	watch->shown = now;
	if (watch->live.on) {
		draw(watch, now);
		return;
	}
	error = census_state(watch->census, &state);
	if (error)
		return;
	strbuf_addf(&note, "alive: %llu objects, ", (unsigned long long)state.alive);
	units_add_size(&note, state.alive_bytes);
	if (state.lost)
		strbuf_addf(&note, ", %llu events lost", (unsigned long long)state.lost);
	progress_update(&watch->progress, state.passes ? state.passes : state.loads,
			strbuf_string(&note));
}

static void tick(void *context)
{
	struct watch *watch = context;
	uint64_t seconds = (command_clock() - watch->begun) / 1000000000;
	uint64_t half = watch->options->for_ns / 2000000000;

	if (watch->by_time && seconds != watch->seconds)
		census_tick(census_pass(watch->census));
	watch->seconds = seconds;
	if (watch->by_time && half && seconds >= half && !watch->marked) {
		census_mark(watch->census);
		watch->marked = true;
	}
	census_sample(watch->census);
	show(watch);
}

static void started(void *context, pid_t process)
{
	struct watch *watch = context;

	census_watch_worker(watch->census, process);
}

static struct error *run_command(struct watch *watch, int *status)
{
	const struct watch_options *o = watch->options;
	struct command_hooks hooks = { watch, started, tick };
	uint64_t repeat = o->repeat ? o->repeat : 1;

	*status = 0;
	for (uint64_t i = 0; i < repeat && !*o->interrupted; i++) {
		struct error *error;
		int now;

		if (repeat > 1)
			census_tick(census_pass(watch->census));
		if (repeat > 3 && i == repeat / 2) {
			error = o->no_settle ? NULL : census_settle(watch->census, 0);
			if (error)
				return error;
			census_mark(watch->census);
		}
		error = command_run(o->command, &hooks, o->interrupted, &now);
		if (error)
			return error;
		*status = *status ? *status : now;
	}
	return NULL;
}

static void wait_time(struct watch *watch)
{
	const struct watch_options *o = watch->options;

	while (!*o->interrupted &&
	       (!o->for_ns || command_clock() - watch->begun < o->for_ns)) {
		tick(watch);
		usleep(100000);
	}
}

/* Modules that are there already are not loaded again by what is cycled. */
static bool any_loaded(struct census *census)
{
	struct census_state state;
	_error_ struct error *error = census_state(census, &state);

	return !error && state.open;
}

struct error *watch_run(const struct watch_options *options, json_t **census, int *status)
{
	_cleanup_(census_destroy) struct census *owned = NULL;
	struct watch watch = { .options = options };
	struct error *error = census_create(&options->census, &owned);

	if (error)
		return error;
	watch.census = owned;
	/* loading the programs may take seconds on a slow machine: they are not watched
	 */
	watch.begun = command_clock();
	watch.by_time = !options->command || (options->repeat < 2 && any_loaded(owned));
	if (watch.by_time)
		census_tick(census_pass(owned));
	watch.every = 500000000;
	live_init(&watch.live, options->quiet || !options->judge);
	progress_init(&watch.progress, "census",
		      watch.by_time ? options->for_ns / 1000000000 : options->repeat,
		      options->quiet || watch.live.on);
	*status = 0;
	if (options->command)
		error = run_command(&watch, status);
	else
		wait_time(&watch);
	progress_deinit(&watch.progress);
	live_clear(&watch.live);
	if (!error && !options->no_settle)
		error = census_settle(owned, 0);
	return error ? error : census_collect(owned, census);
}
