/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/resume.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/error.h"

/* False when the cycle has had all its passes, or its time. */
static bool reduce(json_t *cycle, const struct account *a, unsigned int workers)
{
	json_int_t passes = json_integer_value(json_object_get(cycle, "passes"));
	json_int_t done = (json_int_t)((a->passes + workers - 1) / workers) + 1;

	if (passes) {
		if (passes <= done)
			return false;
		json_object_set_new(cycle, "passes", json_integer(passes - done));
	}
	return true;
}

static bool reduce_time(json_t *cycle, const struct plan_cycle *planned,
			const struct account *a)
{
	uint64_t used = (uint64_t)(a->seconds * 1e9);
	char text[32];

	if (!planned->duration)
		return true;
	if (planned->duration <= used + 1000000)
		return false;
	snprintf(text, sizeof(text), "%llums",
		 (unsigned long long)((planned->duration - used) / 1000000));
	json_object_set_new(cycle, "for", json_string(text));
	return true;
}

struct error *resume_plan(json_t *plan, const struct results *results, size_t *first_leg)
{
	const struct plan_leg *leg = &results->plan->legs[results->leg];
	json_t *json = json_array_get(json_object_get(plan, "legs"), results->leg);
	json_t *cycles = json_object_get(json, "cycles");
	_free_ bool *more = calloc(leg->cycle_count, sizeof(*more));
	bool any = false;

	if (!more)
		return error_nomem();
	for (size_t i = 0; i < leg->cycle_count; i++) {
		const struct account *a = &results->accounts[results->leg][i];
		json_t *cycle = json_array_get(cycles, i);

		more[i] = reduce(cycle, a, leg->cycles[i].workers) &&
			  reduce_time(cycle, &leg->cycles[i], a);
		any = any || more[i];
	}
	*first_leg = results->leg + !any;
	/* cycles keep their numbers: one that is through beside others gets a last pass
	 */
	for (size_t i = 0; any && i < leg->cycle_count; i++) {
		json_t *cycle = json_array_get(cycles, i);

		if (more[i])
			continue;
		json_object_del(cycle, "for");
		json_object_set_new(cycle, "passes", json_integer(1));
	}
	return NULL;
}
