/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/progress.h"
#include "cycler/archive.h"
#include "cycler/carry.h"
#include "cycler/complaints.h"
#include "cycler/results.h"
#include "cycler/verdict.h"
#include "target/clock.h"
#include "target/guest_program.h"

#define AGENT_PATH "/bookend/agent"
#define PLAN_PATH  "/bookend/plan.json"

struct session {
	const struct plan *plan;
	const struct run_options *options;
	struct target *target;
	struct journal journal;
	struct archive *archive;
	struct results results;
	struct progress progress;
	struct carried_list modules;
	uint64_t stopped_at; /* when the agent was asked to end; 0: not */
	uint64_t drained_at;
};

static void session_deinit(struct session *s)
{
	target_destroy(s->target);
	archive_destroy(s->archive);
	results_deinit(&s->results);
	carried_list_deinit(&s->modules);
}

/* Passes of all workers in the running leg, and of the legs that are through. */
static uint64_t passes_so_far(const struct session *s)
{
	uint64_t done = 0;

	for (size_t i = 0; i < JOURNAL_WORKERS; i++)
		done += __atomic_load_n(&s->journal.workers[i].passes, __ATOMIC_RELAXED);
	for (size_t leg = 0; leg < s->results.leg; leg++)
		for (size_t c = 0; c < s->plan->legs[leg].cycle_count; c++)
			done += s->plan->legs[leg].cycles[c].passes *
				s->plan->legs[leg].cycles[c].workers;
	return done;
}

static uint64_t passes_planned(const struct plan *plan)
{
	uint64_t total = 0;

	for (size_t leg = 0; leg < plan->leg_count; leg++)
		for (size_t c = 0; c < plan->legs[leg].cycle_count; c++) {
			const struct plan_cycle *cycle = &plan->legs[leg].cycles[c];

			if (!cycle->passes)
				return 0;
			total += cycle->passes * cycle->workers;
		}
	return total;
}

static void show(struct session *s)
{
	const struct plan_leg *leg = &s->plan->legs[s->results.leg];
	size_t complaints = json_array_size(s->results.complaints);
	const char *last = NULL, *text;
	char note[160];

	for (size_t i = complaints; i-- > 0 && i + 50 > complaints && !last;) {
		text = json_string_value(json_object_get(
			json_array_get(s->results.complaints, i), "text"));
		if (text && complaint_of(text))
			last = text;
	}
	snprintf(note, sizeof(note), "%s%s%.100s", leg->name, last ? "; kernel: " : "",
		 last ? last : "");
	progress_update(&s->progress, passes_so_far(s), note);
	if (!*s->options->status)
		return;
	*s->options->status = 0;
	fprintf(stderr, "%s: %llu passes, %zu complaints of the kernel so far\n",
		leg->name, (unsigned long long)passes_so_far(s), complaints);
}

static struct error *take_output(void *context, bool diagnostic, const void *data,
				 size_t size)
{
	struct session *s = context;

	return results_take(&s->results, diagnostic, data, size);
}

static struct error *tick(void *context)
{
	struct session *s = context;
	uint64_t now = clock_now();

	if (*s->options->stop && !s->stopped_at) {
		s->stopped_at = now;
		error_destroy(target_signal(s->target, SIGTERM));
	}
	show(s);
	if (now - s->drained_at < 2 * CLOCK_MS)
		return NULL;
	s->drained_at = now;
	return archive_drain(s->archive, false);
}

/* The plan as the agent reads it, in the target and in the run folder. */
static struct error *place_plan(struct session *s)
{
	json_t *carried = NULL;
	_free_ char *text = NULL, *own = NULL, *path = NULL;
	struct error *error = carry_plan(s->plan, s->target, &s->modules, &carried);

	if (error)
		return error;
	text = json_dumps(carried, JSON_INDENT(2));
	own = json_dumps(s->plan->json, JSON_INDENT(2));
	json_decref(carried);
	if (!text || !own)
		return error_nomem();
	error = target_add_bytes(s->target, text, strlen(text), PLAN_PATH, 0644);
	if (!error)
		error = file_join(s->options->machine.folder, "plan.json", &path);
	return error ? error : file_write(path, own, strlen(own), 0644);
}

static struct error *add_recorder(struct session *s)
{
	_free_ char *module = NULL;
	struct error *error = target_guest_program("bookend_recorder.ko", &module);

	return error ? error : target_add_module(s->target, module, true, NULL);
}

static struct error *prepare(struct session *s)
{
	_free_ char *agent = NULL;
	struct error *error =
		target_create(s->options->target, &s->options->machine, &s->target);

	if (!error)
		error = target_guest_program("bookend-agent", &agent);
	if (!error)
		error = target_add_program(s->target, agent, AGENT_PATH);
	if (!error && s->options->recorder)
		error = add_recorder(s);
	if (!error)
		error = place_plan(s);
	if (!error)
		error = target_start(s->target);
	return error ? error : carry_check(&s->modules, s->target->release);
}

static struct error *attach(struct session *s)
{
	_free_ char *legend = NULL;
	json_t *value = NULL;
	struct error *error = plan_legend(s->plan, &value);

	if (error)
		return error;
	legend = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(value);
	if (!legend)
		return error_nomem();
	if (!journal_format(s->target->area, s->target->area_size, &s->journal))
		return error_new(ERROR_INTERNAL,
				 "the target's shared memory is too small");
	if (strlen(legend) < JOURNAL_LEGEND_SIZE)
		strcpy(s->journal.legend, legend);
	error = archive_create(s->options->machine.folder, legend, &s->archive);
	if (!error)
		archive_attach(s->archive, &s->journal);
	return error;
}

static struct error *dump_memory(struct session *s, struct report *report)
{
	_free_ char *path = NULL;
	_error_ struct error *failure = NULL;
	struct error *error = file_join(s->options->machine.folder, "memory.elf", &path);

	if (error)
		return error;
	failure = target_dump(s->target, path);
	return failure ? report_not_checked(report, true, "memory dump", "%s",
					    error_message(failure))
		       : NULL;
}

static struct error *hold(struct session *s)
{
	struct error *error = target_hold(s->target);

	if (error)
		return error;
	progress_deinit(&s->progress);
	fprintf(stderr, "held: 'bookend vm debug %s' attaches gdb; Ctrl-C ends it\n",
		s->options->machine.folder);
	while (!*s->options->stop)
		pause();
	return NULL;
}

static struct error *carry_out(struct session *s, struct report *report)
{
	static const char *const argv[] = { AGENT_PATH, PLAN_PATH, NULL };
	const char *environment[2] = { s->options->no_census ? "BOOKEND_WATCH=none"
							     : NULL,
				       NULL };
	const struct target_program program = {
		.argv = argv,
		.environment = environment,
		.context = s,
		.output = take_output,
		.tick = tick,
	};
	struct error *error = target_run(s->target, &program, &s->results.outcome);
	bool dead;

	if (!error)
		error = archive_drain(s->archive, true);
	if (error)
		return error;
	results_salvage(&s->results, &s->journal);
	error = verdict_add(&s->results, &s->journal, s->target, &s->modules, s->options,
			    report);
	dead = s->results.outcome.end != TARGET_EXITED || s->results.stuck;
	if (!error && dead && s->options->dump)
		error = dump_memory(s, report);
	if (!error && dead && s->options->hold &&
	    s->results.outcome.end != TARGET_INTERRUPTED)
		error = hold(s);
	return error;
}

struct error *run_plan(const struct plan *plan, const struct run_options *options,
		       struct report *report)
{
	struct session s = { .plan = plan, .options = options };
	struct error *error = file_make_folder(options->machine.folder, 0755);

	if (!error)
		error = results_init(&s.results, plan, options->machine.folder);
	if (!error)
		error = prepare(&s);
	if (!error)
		error = attach(&s);
	if (!error) {
		progress_init(&s.progress, "cycle", passes_planned(plan), options->quiet);
		error = carry_out(&s, report);
		progress_deinit(&s.progress);
	}
	session_deinit(&s);
	return error;
}
