/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/costs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/error.h"
#include "cycler/agent/agent.h"

/* Of one worker. */
struct costs {
	uint64_t noted[PLAN_MAX_STEPS]; /* passes, of each step */
	int64_t bytes[PLAN_MAX_STEPS][COSTS_PASSES];
};

struct error *costs_prepare(struct agent *agent)
{
	void *area;

	if (!agent->level)
		return NULL;
	area = mmap(NULL, JOURNAL_WORKERS * sizeof(struct costs), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return error_errno(errno, "no memory for what steps cost");
	agent->costs = area;
	return NULL;
}

int64_t costs_now(const struct agent *agent)
{
	return agent->level ? __atomic_load_n(agent->level, __ATOMIC_RELAXED) : 0;
}

void costs_note(const struct agent *agent, size_t worker, uint64_t pass, size_t step,
		int64_t before)
{
	struct costs *costs = agent->costs ? &agent->costs[worker] : NULL;

	if (!costs || pass >= COSTS_PASSES || worker >= JOURNAL_WORKERS)
		return;
	costs->bytes[step][costs->noted[step]++ % COSTS_PASSES] =
		costs_now(agent) - before;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The first pass may fill what is kept; the median of all leaves late frees out. */
static json_t *step_json(const struct costs *costs, size_t step)
{
	int64_t sorted[COSTS_PASSES];
	size_t count =
		costs->noted[step] < COSTS_PASSES ? costs->noted[step] : COSTS_PASSES;

	if (!count)
		return json_null();
	memcpy(sorted, costs->bytes[step], count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return json_pack("{s:i, s:I, s:I, s:I, s:I}", "passes", (int)count, "first",
			 (json_int_t)costs->bytes[step][0], "bytes",
			 (json_int_t)sorted[count / 2], "least", (json_int_t)sorted[0],
			 "most", (json_int_t)sorted[count - 1]);
}

void costs_tell(struct agent *agent, size_t workers)
{
	const struct plan_leg *leg = &agent->plan->legs[agent->leg];

	for (size_t i = 0; agent->costs && i < workers && i < JOURNAL_WORKERS; i++) {
		size_t number = agent->journal.workers[i].cycle;
		const struct plan_cycle *cycle = plan_cycle_at(leg, number);
		json_t *steps = json_array();

		for (size_t k = 0; k < cycle->step_count; k++)
			json_array_append_new(steps, step_json(&agent->costs[i], k));
		agent_tell(json_pack("{s:s, s:i, s:i, s:b, s:o}", "event", "costs", "leg",
				     (int)agent->leg, "cycle", (int)number, "alone",
				     workers <= 1 + leg->hold_count, "steps", steps));
	}
	if (agent->costs)
		memset(agent->costs, 0, JOURNAL_WORKERS * sizeof(*agent->costs));
}
