/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/trigger.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/dialect.h"

/* Bytes are folded to classes that the triggers tell apart: the table stays small. */
struct state {
	int16_t next[96];
	int16_t fail;
	int16_t output; /* number of an owner, -1: none */
	int16_t more;	/* the next shorter trigger that ends here too, as a state */
};

struct owner {
	const struct dialect *dialect;
	const struct pattern *pattern;
	size_t length;
	int16_t twin; /* another pattern with the same trigger, -1 */
};

struct triggers {
	struct state *states;
	size_t count, capacity;
	struct owner *owners;
	size_t owner_count, owner_capacity;
};

static unsigned int class_of(unsigned char c)
{
	return c >= 0x20 && c < 0x7f ? c - 0x20u : 95;
}

static struct error *add_state(struct triggers *t, int16_t *ret)
{
	struct state *state;

	if (t->count > INT16_MAX - 1 || !array_grow(t->states, t->count, t->capacity))
		return error_nomem();
	state = &t->states[t->count];
	memset(state->next, 0xff, sizeof(state->next));
	state->fail = 0;
	state->output = state->more = -1;
	*ret = (int16_t)t->count++;
	return NULL;
}

static struct error *add_pattern(struct triggers *t, const struct dialect *dialect,
				 const struct pattern *pattern)
{
	int16_t at = 0;

	for (const char *p = pattern->trigger; *p; p++) {
		unsigned int c = class_of((unsigned char)*p);
		int16_t next = t->states[at].next[c];

		if (next < 0) {
			struct error *error = add_state(t, &next);

			if (error)
				return error;
			t->states[at].next[c] = next;
		}
		at = next;
	}
	if (!array_grow(t->owners, t->owner_count, t->owner_capacity))
		return error_nomem();
	t->owners[t->owner_count] =
		(struct owner){ dialect, pattern, strlen(pattern->trigger),
				t->states[at].output };
	t->states[at].output = (int16_t)t->owner_count++;
	return NULL;
}

/* Breadth first: failure links, then every missing edge filled from them. */
static struct error *link_states(struct triggers *t)
{
	_free_ int16_t *queue = malloc(t->count * sizeof(*queue));
	size_t head = 0, tail = 0;

	if (!queue)
		return error_nomem();
	for (unsigned int c = 0; c < 96; c++) {
		int16_t next = t->states[0].next[c];

		if (next < 0)
			t->states[0].next[c] = 0;
		else
			queue[tail++] = next;
	}
	while (head < tail) {
		struct state *state = &t->states[queue[head++]];
		const struct state *fail = &t->states[state->fail];

		state->more = fail->output >= 0 ? state->fail : fail->more;
		for (unsigned int c = 0; c < 96; c++) {
			int16_t next = state->next[c];

			if (next < 0) {
				state->next[c] = fail->next[c];
				continue;
			}
			t->states[next].fail = fail->next[c];
			queue[tail++] = next;
		}
	}
	return NULL;
}

struct error *triggers_create(struct triggers **ret)
{
	_cleanup_(triggers_destroy) struct triggers *t = calloc(1, sizeof(*t));
	struct error *error;
	int16_t root;

	if (!t)
		return error_nomem();
	error = add_state(t, &root);
	registry_for_each(dialect, it)
	{
		for (const struct pattern *p = (*it)->patterns; !error && p->trigger; p++)
			error = add_pattern(t, *it, p);
	}
	if (!error)
		error = link_states(t);
	if (!error)
		*ret = take(t);
	return error;
}

void triggers_destroy(struct triggers *t)
{
	if (!t)
		return;
	free(t->states);
	free(t->owners);
	free(t);
}

static size_t length_of(const struct trigger_match *match)
{
	return strlen(match->pattern->trigger);
}

/* Keeps @ret sorted: longest first, then by place, then by name. */
static void insert(struct trigger_match *ret, size_t *count, size_t limit,
		   struct trigger_match match)
{
	size_t i = *count;

	while (i && (length_of(&ret[i - 1]) < length_of(&match) ||
		     (length_of(&ret[i - 1]) == length_of(&match) &&
		      (ret[i - 1].at > match.at ||
		       (ret[i - 1].at == match.at &&
			strcmp(ret[i - 1].dialect->name, match.dialect->name) > 0)))))
		i--;
	if (i >= limit)
		return;
	if (*count < limit)
		++*count;
	memmove(&ret[i + 1], &ret[i], (*count - i - 1) * sizeof(*ret));
	ret[i] = match;
}

size_t triggers_find(const struct triggers *t, const char *text, size_t length,
		     struct trigger_match *ret, size_t limit)
{
	size_t count = 0;
	int16_t state = 0;

	for (size_t i = 0; i < length; i++) {
		state = t->states[state].next[class_of((unsigned char)text[i])];
		if (t->states[state].output < 0 && t->states[state].more < 0)
			continue;
		for (int16_t s = state; s >= 0; s = t->states[s].more)
			for (int16_t o = t->states[s].output; o >= 0;
			     o = t->owners[o].twin)
				insert(ret, &count, limit,
				       (struct trigger_match){
					       t->owners[o].dialect, t->owners[o].pattern,
					       text + i + 1 - t->owners[o].length });
	}
	return count;
}
