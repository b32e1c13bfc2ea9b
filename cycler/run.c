/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/archive.h"
#include "cycler/carry.h"
#include "cycler/complaints.h"
#include "cycler/layouts.h"
#include "cycler/results.h"
#include "cycler/resume.h"
#include "cycler/screen.h"
#include "cycler/snapshot.h"
#include "cycler/stop_on.h"
#include "cycler/verdict.h"
#include "target/clock.h"
#include "target/guest_program.h"

#define JOURNAL_DEFAULT_MAX (UINT64_C(1) << 30)
#define DEFAULT_COMMIT_NS   (100 * CLOCK_MS)
#define AGENT_PATH	    "/bookend/agent"
#define PLAN_PATH	    "/bookend/plan.json"

enum { STUCK_RESTARTS = 10 /* when a plan says restart, and no option how often */ };

struct session {
	const struct plan *plan;
	const struct run_options *options;
	struct target *target;
	struct journal journal;
	struct archive *archive;
	struct results results;
	struct screen screen;
	char *machine; /* for the screen */
	struct carried_list modules;
	json_t *left;	     /* of the plan, after a target died; NULL: all of it */
	size_t first_leg;    /* to begin with */
	uint64_t stopped_at; /* when the agent was asked to end; 0: not */
	uint64_t drained_at, committed_at;
	/* What keeps records from being kept: the run ends, and this is in the report. */
	struct error *trouble;
	const char *stop_reason; /* why --stop-on ended it; NULL: it did not */
	size_t judged;		 /* events that --stop-on has looked at */
};

static void session_deinit(struct session *s)
{
	target_destroy(s->target);
	archive_destroy(s->archive);
	results_deinit(&s->results);
	carried_list_deinit(&s->modules);
	json_decref(s->left);
	error_destroy(s->trouble);
	free(s->machine);
}

static void show(struct session *s)
{
	const struct screen_view view = { s->plan, &s->results, &s->journal, s->archive,
					  s->machine ? s->machine : "" };

	screen_update(&s->screen, &view);
	if (!*s->options->status)
		return;
	*s->options->status = 0;
	screen_status(&s->screen, &view);
}

/*
 * A full disk ends the run, not the tool: what was recorded stays, and is judged. The
 * agent ends after its pass; what it still records is in the shared memory.
 */
static void note_trouble(struct session *s, struct error *error)
{
	if (s->trouble)
		error_destroy(error);
	else
		s->trouble = error;
}

static struct error *take_output(void *context, bool diagnostic, const void *data,
				 size_t size)
{
	struct session *s = context;

	note_trouble(s, results_take(&s->results, diagnostic, data, size));
	return NULL;
}

static unsigned int stop_on(const struct session *s)
{
	return s->options->stop_on ? s->options->stop_on : s->plan->policy.stop_on;
}

static struct error *tick(void *context)
{
	struct session *s = context;
	uint64_t now = clock_now();

	if (!s->stop_reason && stop_on(s))
		s->stop_reason = stop_on_check(stop_on(s), &s->results, &s->journal,
					       &s->modules, s->options, &s->judged);
	if ((*s->options->stop || s->trouble || s->stop_reason) && !s->stopped_at) {
		s->stopped_at = now;
		error_destroy(target_signal(s->target, SIGTERM));
	}
	show(s);
	if (now - s->drained_at < 2 * CLOCK_MS)
		return NULL;
	s->drained_at = now;
	if (!s->trouble)
		note_trouble(s, archive_drain(s->archive, false));
	/* this may be the machine that dies: what leaves the ring must be on its disk */
	if (!s->trouble && s->target->real && now - s->committed_at > CLOCK_SECOND) {
		s->committed_at = now;
		note_trouble(s, archive_commit(s->archive));
	}
	return NULL;
}

/* The plan as the agent reads it, in the target and in the run folder. */
static struct error *place_plan(struct session *s)
{
	_free_ char *text = NULL, *own = NULL, *path = NULL;
	json_t *carried = NULL;
	struct error *error;

	carried_list_deinit(&s->modules);
	error = carry_plan(s->left ? s->left : s->plan->json, s->target, &s->modules,
			   &carried);

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

static struct error *add_helper(struct session *s, const char *name)
{
	_free_ char *module = NULL;
	struct error *error = target_guest_program(name, &module);

	return error ? error : target_add_module(s->target, module, true, NULL);
}

static bool fails_allocations(const struct plan *plan)
{
	for (size_t leg = 0; leg < plan->leg_count; leg++)
		for (size_t i = 0; i < plan->legs[leg].cycle_count; i++)
			if (plan->legs[leg].cycles[i].fail_allocs)
				return true;
	return false;
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
		error = add_helper(s, "bookend_recorder.ko");
	if (!error && fails_allocations(s->plan))
		error = add_helper(s, "bookend_failalloc.ko");
	if (!error)
		error = place_plan(s);
	if (!error)
		error = target_start(s->target);
	return error ? error : carry_check(&s->modules, s->target->release);
}

/* Which part of the area is state, and which the ring: some targets carry it over. */
static void share(const struct session *s)
{
	const struct journal_header *h = s->journal.header;
	const struct target_ring ring = {
		.state_size = h->records_offset,
		.head = offsetof(struct journal_header, head),
		.tail = offsetof(struct journal_header, tail),
		.records = h->records_offset,
		.record_size = sizeof(struct journal_record),
		.capacity = h->capacity,
	};

	target_share(s->target, &ring);
}

static uint64_t journal_limit(const struct session *s)
{
	uint64_t limit =
		s->options->journal_max ? s->options->journal_max : s->plan->journal_max;

	return limit ? limit : JOURNAL_DEFAULT_MAX;
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
	error = s->archive
			? NULL
			: archive_create(s->options->machine.folder, legend, &s->archive);
	if (!error)
		archive_limit(s->archive, journal_limit(s), s->plan);
	if (error)
		return error;
	archive_attach(s->archive, &s->journal);
	free(s->machine);
	if (asprintf(&s->machine, "%s, kernel %s", s->target->description,
		     s->target->release) < 0)
		s->machine = NULL;
	/* in a VM records are safe when they are written, on a disk when it has them */
	if (s->target->real)
		s->journal.header->commit_ns =
			s->options->commit_ns ? s->options->commit_ns : DEFAULT_COMMIT_NS;
	share(s);
	return error;
}

/* Numbered as the console's log of that machine is. */
static struct error *dump_memory(struct session *s, bool resuming, struct report *report)
{
	_free_ char *path = NULL;
	_error_ struct error *failure = NULL;
	char name[32] = "memory.elf";
	struct error *error;

	if (resuming)
		snprintf(name, sizeof(name), "memory-%llu.elf",
			 (unsigned long long)s->results.restarts + 1);
	error = file_join(s->options->machine.folder, name, &path);

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
	screen_clear(&s->screen);
	fprintf(stderr, "held: 'bookend vm debug %s' attaches gdb; Ctrl-C ends it\n",
		s->options->machine.folder);
	while (!*s->options->stop)
		pause();
	return NULL;
}

/* Runs what is left of the plan in one target; *@dead when it did not survive. */
static struct error *run_target(struct session *s, bool *dead)
{
	char first[24];
	_free_ char *agent = NULL, *plan = NULL;
	const char *argv[] = { NULL, NULL, first, NULL };
	const char *environment[] = { s->options->no_census ? "BOOKEND_WATCH=none"
							    : "BOOKEND_WATCH=all",
				      NULL };
	const struct target_program program = {
		.argv = argv,
		.environment = environment,
		.context = s,
		.output = take_output,
		.tick = tick,
	};
	struct error *error = target_path(s->target, AGENT_PATH, &agent);

	if (!error)
		error = target_path(s->target, PLAN_PATH, &plan);
	if (error)
		return error;
	argv[0] = agent;
	argv[1] = plan;
	snprintf(first, sizeof(first), "%zu", s->first_leg);
	error = target_run(s->target, &program, &s->results.outcome);
	if (error)
		return error;
	note_trouble(s, archive_drain(s->archive, true));
	results_salvage(&s->results, &s->journal);
	*dead = s->results.outcome.end != TARGET_EXITED || s->results.stuck;
	return layouts_write(&s->results, &s->journal, &s->modules,
			     s->options->machine.folder);
}

static bool may_resume(const struct session *s)
{
	bool stuck = s->results.stuck || s->results.outcome.end == TARGET_SILENT;
	unsigned int ending = stuck ? STOP_ON_STUCK : STOP_ON_CRASH;
	uint64_t allowed = s->options->restarts;

	if (stuck && s->plan->policy.on_stuck == ON_STUCK_RESTART && !allowed)
		allowed = STUCK_RESTARTS;
	if (stop_on(s) & STOP_ON_NEVER && !allowed)
		allowed = STOP_ON_NEVER_RESTARTS;
	return s->results.restarts < allowed && !*s->options->stop && !s->trouble &&
	       !s->target->vanished && !s->stop_reason && !(stop_on(s) & ending) &&
	       !s->options->hold && s->results.outcome.end != TARGET_INTERRUPTED;
}

/* What the run folder has of this machine gets its number: NAME-1.log, NAME-2.log, … */
static struct error *keep_numbered(const struct session *s, const char *name,
				   const char *extension)
{
	_free_ char *old = NULL, *numbered = NULL;

	if (asprintf(&old, "%s/%s%s", s->options->machine.folder, name, extension) < 0)
		old = NULL;
	if (!old ||
	    asprintf(&numbered, "%s/%s-%llu%s", s->options->machine.folder, name,
		     (unsigned long long)s->results.restarts + 1, extension) < 0) {
		numbered = NULL;
		return error_nomem();
	}
	return rename(old, numbered) && errno != ENOENT
		       ? error_errno(errno, "cannot keep %s", old)
		       : NULL;
}

/* The target is given up; what is kept of it has names of its own. */
static struct error *resume(struct session *s)
{
	struct error *error;

	json_decref(s->left);
	s->left = json_deep_copy(s->plan->json);
	if (!s->left)
		return error_nomem();
	error = resume_plan(s->left, &s->results, &s->first_leg);
	if (error || s->first_leg >= s->plan->leg_count)
		return error;
	error = s->target->console ? keep_numbered(s, "console", ".log") : NULL;
	if (!error)
		error = keep_numbered(s, "kallsyms", ".gz");
	if (!error)
		error = keep_numbered(s, "modules", ".json");
	if (error)
		return error;
	target_destroy(s->target);
	s->target = NULL;
	results_restart(&s->results);
	error = prepare(s);
	return error ? error : attach(s);
}

static struct error *bury(struct session *s, bool resuming, struct report *report)
{
	char console[40] = "console.log";
	struct error *error = NULL;

	if (resuming)
		snprintf(console, sizeof(console), "console-%llu.log",
			 (unsigned long long)s->results.restarts + 1);
	if (resuming || s->results.outcome.end == TARGET_PANICKED ||
	    s->results.outcome.end == TARGET_GONE ||
	    s->results.outcome.end == TARGET_SILENT)
		error = verdict_death(&s->results, &s->journal, s->target, &s->modules,
				      s->options, console, report);
	if (!error && s->options->dump)
		error = dump_memory(s, resuming, report);
	return error;
}

/* How much was recorded, over how many connections, and what of it summaries stand for.
 */
static struct error *measure_journal(const struct session *s, struct report *report)
{
	struct error *error = report_measure(report, "journal.records",
					     (double)archive_count(s->archive), "1");

	if (!error)
		error = report_measure(report, "journal.size",
				       (double)archive_size(s->archive), "B");
	if (!error && s->target->losses)
		error = report_measure(report, "target.connections_lost",
				       s->target->losses, "1");
	if (error || !archive_thinned(s->archive))
		return error;
	error = report_measure(report, "journal.thinned",
			       (double)archive_thinned(s->archive), "1");
	return error ? error
		     : report_measure(report, "journal.interval",
				      archive_width(s->archive), "s");
}

/* Whoever reads the log or the dump later needs the symbols of just this boot. */
static struct error *keep_symbols(const struct session *s, struct report *report)
{
	_error_ struct error *failure =
		snapshot_symbols(s->target, s->options->machine.folder);

	return failure ? report_not_checked(report, false, "kernel symbols", "%s",
					    error_message(failure))
		       : NULL;
}

static struct error *carry_out(struct session *s, struct report *report)
{
	bool dead = false, resuming;
	struct error *error;

	for (;;) {
		error = keep_symbols(s, report);
		if (!error)
			error = run_target(s, &dead);
		if (error || !dead)
			break;
		resuming = may_resume(s);
		error = bury(s, resuming, report);
		if (error || !resuming)
			break;
		error = resume(s);
		if (error || !s->target || s->first_leg >= s->plan->leg_count)
			break;
	}
	if (!error && s->trouble)
		error = report_fail(report,
				    "%s; the run was ended, what was recorded is kept",
				    error_message(s->trouble));
	if (!error && s->stop_reason)
		error = report_not_checked(report, true, "the rest of the passes",
					   "--stop-on: %s", s->stop_reason);
	if (!error)
		error = verdict_add(&s->results, &s->journal, s->target, &s->modules,
				    s->options, report);
	if (!error)
		error = measure_journal(s, report);
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
		screen_init(&s.screen, options->quiet);
		error = carry_out(&s, report);
		screen_clear(&s.screen);
	}
	session_deinit(&s);
	return error;
}
