/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/policy.h"

#include <string.h>

#include "common/array.h"
#include "common/error.h"

#define STOP_WORDS "crash, stuck, failure, warning, residue, leak, any, never"

const char *const on_stuck_names[] = { "end", "restart", "wait", NULL };
const char *const lane_names[] = { "plain", "slub", "both", NULL };

static const struct {
	const char *word;
	unsigned int bits;
} words[] = {
	{ "crash", STOP_ON_CRASH },	{ "stuck", STOP_ON_STUCK },
	{ "failure", STOP_ON_FAILURE }, { "warning", STOP_ON_WARNING },
	{ "residue", STOP_ON_RESIDUE }, { "leak", STOP_ON_LEAK },
	{ "any", STOP_ON_ANY },		{ "never", STOP_ON_NEVER },
};

unsigned int stop_on_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].bits;
	return 0;
}

/* The number of the word at @key in @names; 0 when it is not there. */
static struct error *parse_choice(const json_t *plan, const char *key,
				  const char *const *names, const char *all, int *ret)
{
	const json_t *value = json_object_get(plan, key);

	*ret = 0;
	for (int i = 0; value && names[i]; i++)
		if (json_is_string(value) &&
		    !strcmp(json_string_value(value), names[i])) {
			*ret = i;
			return NULL;
		}
	return value ? error_new(ERROR_INPUT, "/%s is none of %s", key, all) : NULL;
}

static struct error *parse_stop_on(const json_t *plan, unsigned int *ret)
{
	const json_t *list = json_object_get(plan, "stop_on"), *item;
	size_t i;

	*ret = 0;
	if (list && !json_is_array(list))
		return error_new(ERROR_INPUT,
				 "/stop_on must be an array, of " STOP_WORDS);
	json_array_foreach((json_t *)list, i, item)
	{
		unsigned int bits =
			json_is_string(item) ? stop_on_word(json_string_value(item)) : 0;

		if (!bits)
			return error_new(ERROR_INPUT,
					 "/stop_on/%zu is none of " STOP_WORDS, i);
		*ret |= bits;
	}
	return NULL;
}

struct error *policy_parse(const json_t *plan, struct policy *ret)
{
	int stuck = 0, lanes = 0;
	unsigned int stop = 0;
	struct error *error = parse_choice(plan, "on_stuck", on_stuck_names,
					   "end, restart, wait", &stuck);

	if (!error)
		error = parse_choice(plan, "lanes", lane_names, "plain, slub, both",
				     &lanes);
	if (!error)
		error = parse_stop_on(plan, &stop);
	if (!error)
		*ret = (struct policy){ (enum on_stuck)stuck, stop, (enum lane)lanes };
	return error;
}
