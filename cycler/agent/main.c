/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: carries a plan out inside the target, as root. Each cycle has worker
 * processes of its own; this process only watches, so it stays able to tell when they
 * are stuck or the kernel complains.
 *
 *	bookend-agent PLAN.json		(the area to share comes in BOOKEND_AREA)
 *
 * It prints one JSON object a line: what it saw, as it saw it. The journal and all
 * counters are in the shared area, which outlives it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "cycler/agent/agent.h"
#include "cycler/agent/costs.h"
#include "cycler/agent/sense.h"
#include "cycler/agent/survey.h"

enum {
	LOOK_MS = 50,
	CALIBRATE_MS = 50,
	CLOCK_JUMP_MS = 1000,
	CLOCK_LOOK_NS = 100000000,
	TAINT_DIE = 1 << 7, /* Documentation/admin-guide/tainted-kernels.rst */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

void agent_tell(json_t *event)
{
	_free_ char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	_free_ char *line = NULL;

	json_decref(event);
	/* one write a line: workers may tell something too */
	if (text && asprintf(&line, "%s\n", text) > 0) {
		for (size_t done = 0, size = strlen(line); done < size;) {
			ssize_t n = write(STDOUT_FILENO, line + done, size - done);

			if (n < 0)
				break;
			done += (size_t)n;
		}
	} else {
		line = NULL;
	}
}

static struct error *open_area(struct agent *agent)
{
	const char *given = getenv("BOOKEND_AREA");
	const char *last = given ? strrchr(given, ':') : NULL, *middle = last;
	unsigned long long offset, size;
	char path[256];
	_close_ int fd = -1;
	void *memory;

	/* device paths hold colons: the two numbers are at the end */
	while (middle && middle > given && *--middle != ':')
		;
	if (!middle || middle == given ||
	    sscanf(middle, ":%llu:%llu", &offset, &size) != 2)
		return error_new(ERROR_USAGE, "BOOKEND_AREA is not set");
	snprintf(path, sizeof(path), "%.*s", (int)(middle - given), given);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "cannot open the shared memory %s", path);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return error_errno(errno, "cannot map the shared memory %s", path);
	agent->area_size = size;
	return journal_open(memory, size, &agent->journal)
		       ? NULL
		       : error_new(ERROR_INPUT, "%s holds no journal to write to", path);
}

static void commit_for_ever(struct agent *agent)
{
	uint64_t ns = agent->journal.header->commit_ns;
	const struct timespec pause = { (time_t)(ns / 1000000000),
					(long)(ns % 1000000000) };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bookend-commit");
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		nanosleep(&pause, NULL);
		journal_commit(&agent->journal, agent->area_size);
	}
}

/* A process of its own: a disk that is slow must not keep us from watching. */
static struct error *start_committing(struct agent *agent)
{
	if (!agent->journal.header->commit_ns)
		return NULL;
	agent->committer = fork();
	if (agent->committer < 0)
		return error_errno(errno, "cannot fork");
	if (!agent->committer)
		commit_for_ever(agent);
	return NULL;
}

static void stop_committing(struct agent *agent)
{
	if (agent->committer <= 0)
		return;
	kill(agent->committer, SIGKILL);
	waitpid(agent->committer, NULL, 0);
	journal_commit(&agent->journal, agent->area_size);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* How fast the processor's counter runs; checked again at the end. */
static void calibrate(struct agent *agent)
{
	struct journal_header *header = agent->journal.header;
	const struct timespec pause = { 0, CALIBRATE_MS * 1000000 };
	uint64_t time, stamp;

	header->realtime_ns = clock_ns(CLOCK_REALTIME);
	time = clock_ns(CLOCK_MONOTONIC);
	stamp = journal_stamp();
	nanosleep(&pause, NULL);
	header->stamp = stamp;
	stamp = journal_stamp() - stamp;
	time = clock_ns(CLOCK_MONOTONIC) - time;
	header->stamps_per_second =
		(uint64_t)((double)stamp * 1e9 / (double)(time ? time : 1));
	agent->deadline = (uint64_t)((double)agent->plan->deadline_ns / 1e9 *
				     (double)header->stamps_per_second);
}

void agent_mark(struct agent *agent, enum journal_mark what, int result)
{
	struct journal_record record = {
		.kind = JOURNAL_MARK,
		.leg = (uint8_t)agent->leg,
		.step = (uint8_t)what,
		.stamp = journal_stamp(),
		.result = result,
		.worker = JOURNAL_WORKERS,
	};

	journal_add(&agent->journal, &record);
}

static struct error *start_watches(struct agent *agent)
{
	const struct watch_context context = { (const char *const *)agent->modules,
					       agent->module_count };
	size_t counters = 0;
	const char *wanted = getenv("BOOKEND_WATCH");

	if (wanted && !strcmp(wanted, "none"))
		return NULL;
	registry_for_each(agent_watch, it)
	{
		const struct agent_watch *watch = *it;
		void *state = NULL;
		_error_ struct error *error = NULL;

		if (agent->watch_count >= AGENT_WATCHES)
			break;
		error = watch->start(&context, &state);
		if (error) {
			agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched",
					     "name", watch->name, "why",
					     error_message(error)));
			continue;
		}
		agent->watch_states[agent->watch_count] = state;
		agent->watches[agent->watch_count++] = watch;
		if (watch->counter && watch->counter(state)) {
			agent->halves[counters] = watch->half ? watch->half(state) : NULL;
			agent->counters[counters++] = watch->counter(state);
		}
		if (watch->level)
			agent->level = watch->level(state);
	}
	return NULL;
}

static struct error *begin_leg(struct agent *agent)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < agent->watch_count; i++)
		if (agent->watches[i]->leg)
			error = agent->watches[i]->leg(agent->watch_states[i]);
	return error;
}

static void collect_watches(struct agent *agent)
{
	for (size_t i = 0; i < agent->watch_count; i++) {
		const struct agent_watch *watch = agent->watches[i];
		json_t *value = NULL;
		_error_ struct error *error = NULL;

		if (watch->settle)
			error = watch->settle(agent->watch_states[i]);
		if (!error)
			error = watch->collect(agent->watch_states[i], &value);
		if (error)
			agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched",
					     "name", watch->name, "why",
					     error_message(error)));
		else
			agent_tell(json_pack("{s:s, s:s, s:o}", "event", "watch", "name",
					     watch->name, "value", value));
	}
}

/* Forks one worker, which waits for SIGUSR1 before its first pass. */
static struct error *fork_worker(struct agent *agent, size_t place, size_t cycle,
				 unsigned int worker, bool holder)
{
	struct journal_worker *state = &agent->journal.workers[place];
	sigset_t blocked;
	pid_t pid;

	*state = (struct journal_worker){ .leg = (uint16_t)agent->leg,
					  .cycle = (uint16_t)cycle };
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	pid = fork();
	if (pid < 0)
		return error_errno(errno, "cannot fork");
	if (!pid)
		worker_main(agent, cycle, worker, state, holder);
	__atomic_store_n(&state->pid, (uint32_t)pid, __ATOMIC_RELEASE);
	for (size_t i = 0; i < agent->watch_count; i++)
		if (agent->watches[i]->worker)
			agent->watches[i]->worker(agent->watch_states[i], pid);
	return NULL;
}

/* Stamps do not follow the wall clock; that it was set is worth a record. */
static void watch_clock(struct agent *agent)
{
	static int64_t before;
	uint64_t first = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME);
	int64_t offset = (int64_t)(wall - first), ms = (offset - before) / 1000000;

	/* we were interrupted in between: this look says nothing */
	if (clock_ns(CLOCK_BOOTTIME) - first > CLOCK_LOOK_NS)
		return;
	if (before && (ms > CLOCK_JUMP_MS || ms < -CLOCK_JUMP_MS))
		agent_mark(agent, JOURNAL_MARK_JUMP,
			   ms > INT32_MAX   ? INT32_MAX
			   : ms < INT32_MIN ? INT32_MIN
					    : (int)ms);
	before = offset;
}

/*
 * A VM panics when it oopses; a real machine goes on, but nothing it shows from then on
 * is the driver's own: the run ends, and the first report is the one to read.
 */
static void watch_oops(struct agent *agent)
{
	static bool died_before, looked;
	bool died = agent->taint & TAINT_DIE;

	died_before = looked ? died_before : died;
	looked = true;
	if (!died || died_before || agent->broken)
		return;
	agent->broken = true;
	agent->journal.header->stop = 1;
	agent_tell(json_pack("{s:s}", "event", "oops"));
}

static void look(struct agent *agent, size_t workers)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000 };

	sense_log(agent, workers);
	sense_taint(agent);
	watch_oops(agent);
	for (size_t i = 0; i < agent->watch_count; i++)
		if (agent->watches[i]->tick)
			agent->watches[i]->tick(agent->watch_states[i]);
	watch_clock(agent);
	sense_memory(agent, workers);
	if (sense_stuck(agent, workers) && !agent->stuck &&
	    agent->plan->policy.on_stuck != ON_STUCK_WAIT) {
		agent->stuck = true;
		agent_mark(agent, JOURNAL_MARK_STUCK, 0);
	}
	nanosleep(&pause, NULL);
}

enum wanted { WANT_HELD, WANT_DONE };

static bool reached(const struct journal_worker *w, enum wanted what)
{
	return __atomic_load_n(&w->done, __ATOMIC_ACQUIRE) ||
	       (what == WANT_HELD && __atomic_load_n(&w->held, __ATOMIC_ACQUIRE)) ||
	       (w->pid && kill((pid_t)w->pid, 0) && errno == ESRCH);
}

/* Watches until workers @from to @to have got there; false: stuck, or interrupted. */
static bool wait_for(struct agent *agent, size_t from, size_t to, size_t workers,
		     enum wanted what)
{
	for (;;) {
		bool all = true;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		for (size_t i = from; i < to; i++)
			all = all && reached(&agent->journal.workers[i], what);
		if (all)
			return true;
		if (agent->stuck)
			return false;
		if (interrupted)
			agent->journal.header->stop = 1;
		look(agent, workers);
	}
}

static void start(struct agent *agent, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		kill((pid_t)agent->journal.workers[i].pid, SIGUSR1);
}

static void set_turbo(bool on)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, on ? "1" : "0", 1) != 1)
		agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched", "name",
				     "turbo", "why",
				     "grace periods cannot be expedited here"));
	close(fd);
}

static struct error *fork_all(struct agent *agent, const struct plan_leg *leg,
			      size_t *holders, size_t *workers)
{
	struct error *error = NULL;
	size_t place = 0;

	for (size_t i = 0; !error && i < leg->hold_count; i++)
		error = fork_worker(agent, place++, leg->cycle_count + i, 0, true);
	*holders = place;
	for (size_t i = 0; !error && i < leg->cycle_count; i++)
		for (unsigned int k = 0; !error && k < leg->cycles[i].workers; k++)
			error = fork_worker(agent, place++, i, k, false);
	*workers = place;
	return error;
}

/*
 * What a leg holds is opened one after another: later ones may need the earlier. False:
 * one did not open, so that the leg's cycles are not run.
 */
static bool open_holds(struct agent *agent, size_t holders, size_t workers)
{
	const struct plan_leg *leg = &agent->plan->legs[agent->leg];

	for (size_t i = 0; i < holders; i++) {
		const struct journal_worker *w = &agent->journal.workers[i];

		start(agent, i, i + 1);
		if (!wait_for(agent, i, i + 1, workers, WANT_HELD))
			return false;
		if (__atomic_load_n(&w->held, __ATOMIC_ACQUIRE))
			continue;
		agent_tell(json_pack("{s:s, s:i, s:s}", "event", "leg skipped", "leg",
				     (int)agent->leg, "why",
				     plan_cycle_at(leg, w->cycle)->name));
		return false;
	}
	return true;
}

/* In the opposite order; a worker that was never started finds that it is to stop. */
static void close_holds(struct agent *agent, size_t holders, size_t workers)
{
	start(agent, holders, workers);
	if (!wait_for(agent, holders, workers, workers, WANT_DONE))
		return;
	for (size_t i = holders; i-- > 0;) {
		struct journal_worker *w = &agent->journal.workers[i];

		__atomic_store_n(&w->release, 1, __ATOMIC_RELEASE);
		start(agent, i, i + 1);
		if (!wait_for(agent, i, i + 1, workers, WANT_DONE))
			return;
	}
}

/* Holds open, cycle, close; then the comparison with what was before. */
static struct error *run_leg(struct agent *agent)
{
	const struct plan_leg *leg = &agent->plan->legs[agent->leg];
	struct journal_header *header = agent->journal.header;
	size_t holders = 0, workers = 0;
	struct error *error;

	header->stop = 0;
	memset(agent->journal.workers, 0,
	       JOURNAL_WORKERS * sizeof(*agent->journal.workers));
	agent_mark(agent, JOURNAL_MARK_LEG, (int)agent->leg);
	agent_tell(json_pack("{s:s, s:i}", "event", "leg", "leg", (int)agent->leg));
	set_turbo(leg->turbo);
	error = begin_leg(agent);
	if (!error)
		error = fork_all(agent, leg, &holders, &workers);
	if (error)
		return error;
	if (open_holds(agent, holders, workers)) {
		pid_t survey = survey_start(agent, holders, workers);

		sense_references(agent, "before");
		start(agent, holders, workers);
		if (wait_for(agent, holders, workers, workers, WANT_DONE))
			sense_references(agent, "after");
		survey_stop(agent, survey);
	}
	header->stop = 1;
	if (!agent->stuck && !agent->broken)
		close_holds(agent, holders, workers);
	set_turbo(false);
	sense_log(agent, workers);
	agent_mark(agent, JOURNAL_MARK_LEG_DONE, (int)agent->leg);
	sense_leg(agent, workers);
	costs_tell(agent, workers);
	if (!agent->stuck && !agent->broken)
		sense_residue(agent);
	return NULL;
}

/* Every module that the plan loads, by the kernel's name for it. */
static struct error *name_module(void *context, enum plan_key_type type, json_t *object,
				 const char *key)
{
	struct agent *agent = context;
	const char *path = json_string_value(json_object_get(object, key)), *slash;
	char **grown, *name;

	if (type != PLAN_MODULE)
		return NULL;
	slash = strrchr(path, '/');
	name = strdup(slash ? slash + 1 : path);
	grown = realloc(agent->modules, (agent->module_count + 2) * sizeof(*grown));
	if (grown)
		agent->modules = grown;
	if (!name || !grown) {
		free(name);
		return error_nomem();
	}
	name[strcspn(name, ".")] = 0;
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	for (size_t i = 0; i < agent->module_count; i++)
		if (!strcmp(agent->modules[i], name)) {
			free(name);
			return NULL;
		}
	agent->modules[agent->module_count++] = name;
	agent->modules[agent->module_count] = NULL;
	return NULL;
}

static struct error *name_steps(struct agent *agent, size_t leg, size_t index)
{
	const struct plan_cycle *cycle = plan_cycle_at(&agent->plan->legs[leg], index);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < cycle->step_count; i++) {
		char text[RECORDER_TEXT];

		snprintf(text, sizeof(text), "%.20s (%s)", plan_step_name(cycle, i),
			 cycle->name);
		error = recorder_name(&agent->recorder, (unsigned int)leg,
				      (unsigned int)index, (unsigned int)i, text);
	}
	return error;
}

/* By what a dying kernel shall call the steps, where the recorder is loaded. */
static struct error *open_recorder(struct agent *agent)
{
	struct error *error = recorder_open(&agent->recorder);

	if (error) {
		error_destroy(error);
		return NULL;
	}
	recorder_set_rate(&agent->recorder, agent->journal.header->stamps_per_second);
	for (size_t leg = 0; leg < agent->plan->leg_count; leg++) {
		const struct plan_leg *l = &agent->plan->legs[leg];

		for (size_t i = 0; !error && i < l->cycle_count + l->hold_count; i++)
			error = name_steps(agent, leg, i);
	}
	return error;
}

static struct error *work(struct agent *agent, const char *path)
{
	struct error *error = plan_load(path, &agent->plan);

	if (!error)
		error = open_area(agent);
	if (!error)
		error = plan_visit_files(agent->plan->json, name_module, agent);
	if (!error)
		error = kmsg_open(&agent->kmsg);
	if (error)
		return error;
	agent->residue.ignore = agent->plan->ignore;
	agent->board = board_create();
	if (!agent->board)
		return error_nomem();
	error = start_committing(agent);
	if (error)
		return error;
	calibrate(agent);
	sense_taint(agent);
	watch_oops(agent);
	error = open_recorder(agent);
	if (!error)
		error = start_watches(agent);
	if (!error)
		error = costs_prepare(agent);
	if (!error)
		error = residue_take(&agent->residue, &agent->baseline);
	for (agent->leg = agent->first_leg;
	     !error && agent->leg < agent->plan->leg_count && !agent->stuck &&
	     !agent->broken && !interrupted;
	     agent->leg++) {
		error = run_leg(agent);
		if (!error && !agent->stuck && !agent->broken)
			collect_watches(agent);
	}
	stop_committing(agent);
	if (agent->stuck)
		sense_tasks(agent);
	sense_log(agent, 0);
	agent_tell(json_pack("{s:s, s:b, s:I}", "event", "end", "stuck", agent->stuck,
			     "log lines lost", (json_int_t)agent->kmsg.lost));
	return error;
}

int main(int argc, char **argv)
{
	static struct agent agent = { .kmsg.fd = -1 };
	struct sigaction action = { .sa_handler = on_signal };
	_error_ struct error *error = NULL;

	if (argc < 2) {
		fprintf(stderr, "usage: bookend-agent PLAN [FIRST LEG]\n");
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (argc > 2)
		agent.first_leg = strtoul(argv[2], NULL, 10);
	error = work(&agent, argv[1]);
	if (!error)
		return 0;
	agent_tell(
		json_pack("{s:s, s:s}", "event", "unable", "why", error_message(error)));
	fprintf(stderr, "%s\n", error_message(error));
	return 2;
}
