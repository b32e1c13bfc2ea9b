/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/survey.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "cycler/agent/agent.h"
#include "report/json.h"

enum {
	EVERY_MS = 1000,
	HOLD_MS = 2000, /* a worker in a long step is not waited for any longer */
	HOLD_POLL_US = 300,
	MAX_SIGHTINGS = 500,
	MAX_TOLD = 64,
	CHANGES_TOLD = 8,
};

/* Something that the leg's start had not, in every survey since. */
struct sighting {
	struct residue_item item; /* its name is owned */
	bool seen;		  /* in this survey */
	bool told;
	uint64_t *from, *to; /* passes of each worker: not there, and there */
};

struct survey {
	struct agent *agent;
	size_t first, count; /* workers */
	struct residue_snapshot *start;
	struct sighting *sightings;
	size_t sighting_count, capacity;
	uint64_t *before, *begun; /* passes when the last and this survey began */
	uint64_t done, last_ms, longest_ms, told;
};

static volatile sig_atomic_t ending;

static void on_term(int number)
{
	ending = number;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct journal_worker *worker(const struct survey *s, size_t index)
{
	return &s->agent->journal.workers[s->first + index];
}

static void read_passes(const struct survey *s, uint64_t *ret)
{
	for (size_t i = 0; i < s->count; i++)
		ret[i] = __atomic_load_n(&worker(s, i)->passes, __ATOMIC_ACQUIRE);
}

/* The only worker stands between two passes, or has ended. */
static bool hold(const struct survey *s)
{
	const struct timespec pause = { 0, HOLD_POLL_US * 1000 };
	const struct journal_worker *w = worker(s, 0);
	uint64_t begin = now_ms();

	__atomic_store_n(&s->agent->journal.header->hold, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&w->held, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&w->done, __ATOMIC_ACQUIRE)) {
		if (ending || now_ms() - begin > HOLD_MS)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static void release(const struct survey *s)
{
	__atomic_store_n(&s->agent->journal.header->hold, 0, __ATOMIC_RELEASE);
}

static struct sighting *find(const struct survey *s, const struct residue_item *item)
{
	for (size_t i = 0; i < s->sighting_count; i++)
		if (s->sightings[i].item.what == item->what &&
		    !strcmp(s->sightings[i].item.name, item->name))
			return &s->sightings[i];
	return NULL;
}

static void drop(struct sighting *sighting)
{
	free(sighting->item.name);
	free(sighting->from);
	free(sighting->to);
}

static uint64_t *copy_passes(const struct survey *s, const uint64_t *passes)
{
	uint64_t *copy = malloc(s->count * sizeof(*copy));

	if (copy)
		memcpy(copy, passes, s->count * sizeof(*copy));
	return copy;
}

static struct error *sight(struct survey *s, struct residue_item *item)
{
	struct sighting *known = find(s, item), fresh = { .seen = true };

	if (known) {
		known->seen = true;
		return NULL;
	}
	if (s->sighting_count >= MAX_SIGHTINGS)
		return NULL;
	fresh.item = *item;
	fresh.item.name = strdup(item->name);
	fresh.from = copy_passes(s, s->before);
	fresh.to = calloc(s->count, sizeof(*fresh.to));
	if (!fresh.item.name || !fresh.from || !fresh.to ||
	    !array_grow(s->sightings, s->sighting_count, s->capacity)) {
		drop(&fresh);
		return error_nomem();
	}
	read_passes(s, fresh.to);
	s->sightings[s->sighting_count++] = fresh;
	return NULL;
}

/* Keeps those of which this survey saw something, too. */
static void forget(struct survey *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->sighting_count; i++) {
		struct sighting *sighting = &s->sightings[i];

		if (sighting->seen || sighting->told)
			s->sightings[kept++] = *sighting;
		else
			drop(sighting);
	}
	s->sighting_count = kept;
	for (size_t i = 0; i < kept; i++)
		s->sightings[i].seen = false;
}

/* The signals after each pass may know better which pass it was. */
static struct change narrow(const struct survey *s, uint64_t from, uint64_t to)
{
	const struct board *board = s->agent->board;
	uint64_t count = __atomic_load_n(&board->change_count, __ATOMIC_ACQUIRE);

	for (uint64_t i = 0; i < count && i < BOARD_CHANGES; i++)
		if (board->changes[i].to > from && board->changes[i].from < to)
			return (struct change){
				board->changes[i].from > from ? board->changes[i].from
							      : from,
				board->changes[i].to < to ? board->changes[i].to : to
			};
	return (struct change){ from, to };
}

static json_t *passes_json(const struct survey *s, const struct sighting *sighting)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++) {
		struct change change = { sighting->from[i], sighting->to[i] };

		if (s->count == 1)
			change = narrow(s, change.from, change.to);
		json_array_append_new(list, json_pack("{s:i, s:I, s:I}", "cycle",
						      worker(s, i)->cycle, "from",
						      (json_int_t)change.from, "to",
						      (json_int_t)change.to));
	}
	return list;
}

static void tell(struct survey *s, struct sighting *sighting, const char *event)
{
	if (sighting->told || s->told++ >= MAX_TOLD)
		return;
	sighting->told = true;
	agent_tell(json_pack("{s:s, s:i, s:s, s:o, s:o}", "event", event, "leg",
			     (int)s->agent->leg, "kind", sighting->item.what, "name",
			     json_any_string(sighting->item.name), "passes",
			     passes_json(s, sighting)));
}

/* Paths that come and go with the passes: the signals shall watch for them. */
static void post_paths(struct survey *s, const struct residue_difference *d)
{
	struct board *board = s->agent->board;
	uint32_t count = board->path_count;

	for (size_t i = 0; i < d->count && count < BOARD_PATHS; i++) {
		const struct residue_item *item = &d->items[i];
		bool posted = false;

		for (uint32_t k = 0; k < count; k++)
			posted = posted || !strcmp(board->paths[k], item->name);
		if (posted || item->change < 0 || !residue_is_path(item) ||
		    strlen(item->name) >= BOARD_PATH)
			continue;
		strcpy(board->paths[count++], item->name);
	}
	__atomic_store_n(&board->path_count, count, __ATOMIC_RELEASE);
}

static struct error *sight_all(struct survey *s, struct residue_difference *d)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < d->count; i++)
		if (d->items[i].change > 0)
			error = sight(s, &d->items[i]);
	if (!error)
		forget(s);
	return error;
}

/* With one worker: what is left when it stands between two passes. */
static struct error *confirm(struct survey *s, struct residue_difference *d)
{
	struct error *error = NULL;

	if (!d->count) {
		forget(s);
		return NULL;
	}
	if (!hold(s)) {
		release(s);
		return NULL;
	}
	read_passes(s, s->begun);
	/* watched for while nothing of it is there, so that the signals start level */
	post_paths(s, d);
	error = residue_persist(&s->agent->residue, s->start, d);
	if (!error)
		error = sight_all(s, d);
	for (size_t i = 0; !error && i < s->sighting_count; i++)
		tell(s, &s->sightings[i], "residue seen");
	release(s);
	return error;
}

static struct error *look(struct survey *s)
{
	_cleanup_(residue_destroy) struct residue_snapshot *now = NULL;
	_residue_difference_ struct residue_difference d = { 0 };
	uint64_t begin = now_ms();
	struct error *error;

	read_passes(s, s->begun);
	error = residue_take(&s->agent->residue, &now);
	if (!error)
		error = residue_compare(s->start, now, &d);
	if (!error)
		error = s->count == 1 ? confirm(s, &d) : sight_all(s, &d);
	memcpy(s->before, s->begun, s->count * sizeof(*s->before));
	s->done++;
	s->last_ms = now_ms() - begin;
	if (s->last_ms > s->longest_ms)
		s->longest_ms = s->last_ms;
	return error;
}

/* Passes after which the signals changed, the first few. */
static json_t *changes_json(const struct board *board)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < board->change_count && i < CHANGES_TOLD; i++)
		json_array_append_new(list,
				      json_pack("{s:I, s:I}", "from",
						(json_int_t)board->changes[i].from, "to",
						(json_int_t)board->changes[i].to));
	return list;
}

static struct error *survey(struct survey *s)
{
	struct error *error = NULL;
	uint64_t due = now_ms();

	while (!error && !ending) {
		uint64_t now = now_ms();
		const struct timespec pause = { 0, 50000000 };

		due += EVERY_MS;
		/* where one takes long, half of the time is the machine's own */
		if (due < now + s->last_ms)
			due = now + s->last_ms;
		while (!ending && now_ms() < due)
			nanosleep(&pause, NULL);
		if (!ending)
			error = look(s);
	}
	for (size_t i = 0; !error && s->count > 1 && i < s->sighting_count; i++)
		tell(s, &s->sightings[i], "residue since");
	agent_tell(json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:o}", "event", "surveyed",
			     "leg", (int)s->agent->leg, "cycle", worker(s, 0)->cycle,
			     "surveys", (json_int_t)s->done, "longest ms",
			     (json_int_t)s->longest_ms, "looks",
			     (json_int_t)s->agent->board->looks, "changes",
			     changes_json(s->agent->board)));
	return error;
}

static void cannot(const struct error *error)
{
	agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched", "name",
			     "residue while it runs", "why", error_message(error)));
}

static void run(struct survey *s)
{
	struct sigaction action = { .sa_handler = on_term };
	_error_ struct error *error = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bookend-survey");
	sigaction(SIGTERM, &action, NULL);
	signal(SIGINT, SIG_IGN);
	setpriority(PRIO_PROCESS, 0, 5);
	s->before = calloc(s->count, sizeof(*s->before));
	s->begun = calloc(s->count, sizeof(*s->begun));
	error = s->before && s->begun ? survey(s) : error_nomem();
	if (error)
		cannot(error);
}

pid_t survey_start(struct agent *agent, size_t from, size_t to)
{
	struct survey s = { .agent = agent, .first = from, .count = to - from };
	_error_ struct error *error = NULL;
	pid_t pid;

	memset(agent->board, 0, sizeof(*agent->board));
	if (from == to)
		return 0;
	error = residue_take(&agent->residue, &s.start);
	if (error) {
		cannot(error);
		return 0;
	}
	pid = fork();
	if (!pid) {
		run(&s);
		_exit(0);
	}
	residue_destroy(s.start);
	if (pid < 0) {
		error = error_errno(errno, "cannot fork");
		cannot(error);
		return 0;
	}
	return pid;
}

void survey_stop(struct agent *agent, pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	agent->journal.header->hold = 0;
}
