/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/plan_steps.h"

#include "cycler/plan.h"

/* What holds for all steps of a pair that is being laid out. */
struct place {
	bool probe;
	int needs;
};

static bool lay_pair(struct plan_cycle *cycle, const struct plan_pair *pair,
		     struct place place);

static bool lay_pairs(struct plan_cycle *cycle, const struct plan_pair *pairs,
		      size_t count, struct place place)
{
	for (size_t i = 0; i < count; i++)
		if (!lay_pair(cycle, &pairs[i], place))
			return false;
	return true;
}

static bool lay_half(struct plan_cycle *cycle, const struct plan_pair *pair,
		     struct place place, unsigned int number, bool opening)
{
	size_t first = opening ? 0 : pair->kind->opening(pair->state);
	size_t count = opening ? pair->kind->opening(pair->state)
			       : pair->kind->closing(pair->state);

	for (size_t i = first; i < first + count; i++) {
		if (cycle->step_count >= PLAN_MAX_STEPS)
			return false;
		cycle->steps[cycle->step_count++] = (struct plan_step){
			.pair = pair,
			.index = i,
			.opening = opening,
			.first = i == first,
			.probe = place.probe,
			.needs = place.needs,
			.pair_number = number,
		};
	}
	return true;
}

/* Probes are laid out twice: each time they are pairs of their own. */
static bool lay_pair(struct plan_cycle *cycle, const struct plan_pair *pair,
		     struct place place)
{
	const struct place closed = { true, place.needs };
	struct place open = { true, 0 };
	unsigned int number;

	if (cycle->pair_count >= PLAN_MAX_STEPS)
		return false;
	number = (unsigned int)cycle->pair_count++;
	open.needs = (int)number;
	if (!lay_pairs(cycle, pair->closed, pair->closed_count, closed) ||
	    !lay_half(cycle, pair, place, number, true) ||
	    !lay_pairs(cycle, pair->open, pair->open_count, open) ||
	    !lay_pairs(cycle, pair->inside, pair->inside_count, place))
		return false;
	if (pair == &cycle->pair)
		cycle->middle = cycle->step_count;
	return lay_pairs(cycle, pair->open, pair->open_count, open) &&
	       lay_half(cycle, pair, place, number, false) &&
	       lay_pairs(cycle, pair->closed, pair->closed_count, closed);
}

bool plan_lay_out(struct plan_cycle *cycle)
{
	return lay_pair(cycle, &cycle->pair, (struct place){ false, -1 });
}
