/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/sense.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "report/json.h"
#include "cycler/agent/agent.h"

enum {
	LINES_KEPT = 4000,	 /* of one leg, whatever their level */
	COMPLAINTS_KEPT = 20000, /* warnings and worse */
	SETTLE_TRIES = 5,
	SETTLE_MS = 100,
};

/* What the first worker that is in a step is at; step "" when none is. */
static json_t *place_of(struct agent *agent, size_t workers)
{
	const struct plan_leg *leg;

	if (agent->leg >= agent->plan->leg_count)
		return json_null();
	leg = &agent->plan->legs[agent->leg];
	for (size_t i = 0; i < workers; i++) {
		const struct journal_worker *w = &agent->journal.workers[i];
		uint32_t step = __atomic_load_n(&w->step, __ATOMIC_ACQUIRE);
		const struct plan_cycle *cycle = plan_cycle_at(leg, w->cycle);

		if (step && cycle)
			return json_pack("{s:s, s:I, s:s}", "cycle", cycle->name, "pass",
					 (json_int_t)w->pass, "step",
					 plan_step_name(cycle, step - 1));
	}
	return json_null();
}

/* What has been logged, and in the busiest second of the leg. */
struct volume {
	uint64_t lines, bytes;
	uint64_t second, second_lines, second_bytes; /* the running one */
	uint64_t peak_lines, peak_bytes;
};

static void count_line(struct volume *v, const struct kmsg_line *line)
{
	size_t size = strlen(line->text);
	uint64_t second = line->time_us / 1000000;

	if (second != v->second)
		v->second_lines = v->second_bytes = 0;
	v->second = second;
	v->lines++;
	v->bytes += size;
	if (++v->second_lines > v->peak_lines)
		v->peak_lines = v->second_lines;
	v->second_bytes += size;
	if (v->second_bytes > v->peak_bytes)
		v->peak_bytes = v->second_bytes;
}

void sense_log(struct agent *agent, size_t workers)
{
	static size_t leg, kept;
	static int told; /* as many lines has kernel.log */
	static struct volume v;
	static uint64_t lost;
	struct kmsg_line line;
	uint64_t before = v.lines;

	if (leg != agent->leg) {
		leg = agent->leg;
		kept = 0;
		v.second_lines = v.second_bytes = v.peak_lines = v.peak_bytes = 0;
	}
	while (kmsg_next(&agent->kmsg, &line)) {
		size_t limit = line.level <= 4 ? COMPLAINTS_KEPT : LINES_KEPT;

		if (!line.kernel)
			continue;
		if (!kmsg_is_own(line.text))
			count_line(&v, &line);
		if (++kept > limit)
			continue;
		told++;
		if (line.level <= 4)
			agent_mark(agent, JOURNAL_MARK_LOG, told);
		agent_tell(json_pack("{s:s, s:i, s:i, s:I, s:o, s:o}", "event", "log",
				     "leg", (int)agent->leg, "level", line.level, "us",
				     (json_int_t)line.time_us, "text",
				     json_any_string(line.text), "at",
				     place_of(agent, workers)));
	}
	/* what was overwritten before it could be read was logged all the same */
	v.lines += agent->kmsg.lost - lost;
	lost = agent->kmsg.lost;
	if (v.lines != before)
		agent_tell(json_pack("{s:s, s:i, s:I, s:I, s:I, s:I}", "event",
				     "log volume", "leg", (int)agent->leg, "lines",
				     (json_int_t)v.lines, "bytes", (json_int_t)v.bytes,
				     "peak lines", (json_int_t)v.peak_lines, "peak bytes",
				     (json_int_t)v.peak_bytes));
}

static bool read_number(const char *path, uint64_t *ret)
{
	_free_ char *text = NULL;
	_error_ struct error *error = file_read_text(path, 64, &text);
	char *end;

	if (error)
		return false;
	*ret = strtoull(text, &end, 10);
	return end != text;
}

/* Memory that cannot be reclaimed: Documentation/filesystems/proc.rst, /proc/meminfo. */
static uint64_t wired_bytes(void)
{
	static const char *const keys[] = {
		"SUnreclaim:",	"VmallocUsed:", "Percpu:",
		"KernelStack:", "PageTables:",	"Unevictable:"
	};
	_fclose_ FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	char line[128], key[64];
	uint64_t sum = 0;

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (sscanf(line, "%63s %llu", key, &kib) == 2 &&
			    !strcmp(key, keys[i]))
				sum += kib << 10;
	return sum;
}

/* Pages of a process that are its own: without what it maps of files. */
static uint64_t own_bytes(pid_t pid)
{
	unsigned long long size, resident, shared;
	_free_ char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	error_destroy(file_read_text(path, 256, &text));
	if (!text || sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void sense_memory(struct agent *agent, size_t workers)
{
	struct journal_header *header = agent->journal.header;
	static time_t last;
	uint64_t own = own_bytes(getpid());
	time_t now = time(NULL);

	if (now == last)
		return;
	last = now;
	for (size_t i = 0; i < workers; i++)
		own += own_bytes((pid_t)agent->journal.workers[i].pid);
	header->agent_memory = own;
	header->wired = wired_bytes();
	if (!header->wired_at_start)
		header->wired_at_start = header->wired;
}

void sense_taint(struct agent *agent)
{
	static bool first = true;
	uint64_t taint = 0;

	if (!read_number("/proc/sys/kernel/tainted", &taint))
		return;
	if (first || taint != agent->taint)
		agent_tell(json_pack("{s:s, s:I, s:I, s:b}", "event", "taint", "before",
				     (json_int_t)(first ? taint : agent->taint), "after",
				     (json_int_t)taint, "first", first));
	if (!first && taint != agent->taint)
		agent_mark(agent, JOURNAL_MARK_TAINT, (int)taint);
	first = false;
	agent->taint = taint;
}

static void tell_stack(struct agent *agent, const struct journal_worker *w)
{
	const struct plan_cycle *cycle =
		plan_cycle_at(&agent->plan->legs[agent->leg], w->cycle);
	_free_ char *stack = NULL, *waiting = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/stack", w->pid);
	error_destroy(file_read_text(path, 65536, &stack));
	snprintf(path, sizeof(path), "/proc/%u/status", w->pid);
	error_destroy(file_read_text(path, 65536, &waiting));
	agent_tell(json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:s}", "event", "stuck",
			     "leg", (int)agent->leg, "cycle", cycle->name, "pass",
			     (json_int_t)w->pass, "step",
			     plan_step_name(cycle, w->step ? w->step - 1 : 0), "stack",
			     stack ? stack : "", "state",
			     waiting && strstr(waiting, "State:\t")
				     ? (char[]){ strstr(waiting, "State:\t")[7], 0 }
				     : "?"));
}

bool sense_stuck(struct agent *agent, size_t workers)
{
	static uint64_t told[JOURNAL_WORKERS]; /* when the steps told of began */
	uint64_t now = journal_stamp();
	bool stuck = false;

	for (size_t i = 0; i < workers; i++) {
		struct journal_worker *w = &agent->journal.workers[i];
		uint64_t since = __atomic_load_n(&w->since, __ATOMIC_RELAXED);

		if (!__atomic_load_n(&w->step, __ATOMIC_ACQUIRE) || now < since ||
		    now - since < agent->deadline)
			continue;
		stuck = true;
		if (!agent->stuck && told[i] != since)
			tell_stack(agent, w);
		told[i] = since;
	}
	return stuck;
}

/* What /proc/modules says: reference count and state. */
static bool module_state(const char *name, uint64_t *references, char *state, size_t size)
{
	_fclose_ FILE *file = fopen("/proc/modules", "re");
	char line[512], found[128], live[32];
	unsigned long long count;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%127s %*s %llu %*s %31s", found, &count, live) != 3 ||
		    strcmp(found, name))
			continue;
		*references = count;
		snprintf(state, size, "%s", live);
		return true;
	}
	return false;
}

void sense_references(struct agent *agent, const char *when)
{
	for (size_t i = 0; i < agent->module_count; i++) {
		uint64_t references = 0;
		char state[32] = "";

		if (module_state(agent->modules[i], &references, state, sizeof(state)))
			agent_tell(json_pack("{s:s, s:i, s:s, s:s, s:I, s:s}", "event",
					     "references", "leg", (int)agent->leg, "when",
					     when, "module", agent->modules[i], "count",
					     (json_int_t)references, "state", state));
	}
}

void sense_leg(struct agent *agent, size_t workers)
{
	json_t *list = json_array();

	for (size_t i = 0; i < workers; i++) {
		const struct journal_worker *w = &agent->journal.workers[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i}",
				  "cycle", w->cycle, "passes", (json_int_t)w->passes,
				  "failed", (json_int_t)w->failed, "missed",
				  (json_int_t)w->missed, "expected errors",
				  (json_int_t)w->expected_errors, "stamps",
				  (json_int_t)(w->ended > w->started
						       ? w->ended - w->started
						       : 0),
				  "first pass", (json_int_t)w->first_pass, "first step",
				  (json_int_t)w->first_step, "first result",
				  w->first_result, "done", (int)w->done));
	}
	agent_tell(json_pack("{s:s, s:i, s:o}", "event", "leg done", "leg",
			     (int)agent->leg, "workers", list));
}

static json_t *items_of(const struct residue_difference *difference, bool appeared)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->count; i++) {
		const struct residue_item *item = &difference->items[i];

		if ((item->change > 0) == appeared)
			json_array_append_new(
				list,
				json_pack("{s:s, s:o, s:I, s:I}", "kind", item->what,
					  "name", json_any_string(item->name), "count",
					  (json_int_t)labs(item->change), "below",
					  (json_int_t)item->below));
	}
	return list;
}

static void tell_left_modules(struct agent *agent)
{
	for (size_t i = 0; i < agent->module_count; i++) {
		uint64_t references = 0;
		char state[32] = "";

		if (module_state(agent->modules[i], &references, state, sizeof(state)))
			agent_tell(json_pack("{s:s, s:i, s:s, s:s, s:I, s:s}", "event",
					     "references", "leg", (int)agent->leg, "when",
					     "left", "module", agent->modules[i], "count",
					     (json_int_t)references, "state", state));
	}
}

/* Things go a moment after they were let go of; only what stays is residue. */
void sense_residue(struct agent *agent)
{
	const struct timespec pause = { 0, SETTLE_MS * 1000000 };
	_residue_difference_ struct residue_difference difference = { 0 };
	_error_ struct error *error = NULL;

	for (int i = 0; i < SETTLE_TRIES && !error; i++) {
		_cleanup_(residue_destroy) struct residue_snapshot *now = NULL;

		residue_difference_deinit(&difference);
		error = residue_take(&agent->residue, &now);
		if (!error)
			error = residue_compare(agent->baseline, now, &difference);
		if (!error && !difference.count)
			break;
		nanosleep(&pause, NULL);
	}
	if (error)
		agent_tell(json_pack("{s:s, s:s, s:s}", "event", "not watched", "name",
				     "residue", "why", error_message(error)));
	else
		agent_tell(json_pack("{s:s, s:i, s:o, s:o}", "event", "residue", "leg",
				     (int)agent->leg, "appeared",
				     items_of(&difference, true), "vanished",
				     items_of(&difference, false)));
	tell_left_modules(agent);
}

void sense_tasks(struct agent *agent)
{
	_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_free_ char *stat = NULL, *stack = NULL;
		char path[300], *end;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		error_destroy(file_read_text(path, 4096, &stat));
		end = stat ? strrchr(stat, ')') : NULL;
		if (!end || end[1] != ' ' || end[2] != 'D')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stack", entry->d_name);
		error_destroy(file_read_text(path, 65536, &stack));
		*end = 0;
		agent_tell(json_pack("{s:s, s:i, s:s, s:s}", "event", "blocked task",
				     "leg", (int)agent->leg, "name",
				     strchr(stat, '(') ? strchr(stat, '(') + 1 : "?",
				     "stack", stack ? stack : ""));
	}
}
