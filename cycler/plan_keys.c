/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/plan_keys.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "cycler/kinds/kind.h"

static const char *const command_keys[] = { "command", NULL };

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

struct error *plan_check_keys(const json_t *object, const char *where,
			      const char *const *names, const struct plan_key *more)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return error_new(ERROR_INPUT, "%s is no object", where);
	json_object_foreach((json_t *)object, key, value)
	{
		const struct plan_key *k = more;

		while (k && k->name && strcmp(k->name, key))
			k++;
		if (!listed(names, key) && !(k && k->name))
			return error_new(ERROR_INPUT, "%s has an unknown key '%s'", where,
					 key);
	}
	return NULL;
}

bool plan_all_strings(const json_t *array)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)array, i,
			   item) if (!json_is_string(item)) return false;
	return json_is_array(array);
}

static bool is_command(const json_t *value)
{
	return plan_all_strings(value) && json_array_size(value);
}

/* [{"command": ["/bin/mount", …]}, …] */
static struct error *check_commands(const json_t *list, const char *where,
				    const char *name)
{
	const json_t *item;
	struct error *error = NULL;
	size_t i;

	if (!json_is_array(list))
		return error_new(ERROR_INPUT, "%s/%s must be an array of commands", where,
				 name);
	json_array_foreach((json_t *)list, i, item)
	{
		_free_ char *place = NULL;

		if (asprintf(&place, "%s/%s/%zu", where, name, i) < 0) {
			place = NULL;
			return error_nomem();
		}
		error = plan_check_keys(item, place, command_keys, NULL);
		if (!error && !is_command(json_object_get(item, "command")))
			error = error_new(ERROR_INPUT,
					  "%s/command must be a command: an array of "
					  "strings",
					  place);
		if (error)
			return error;
	}
	return NULL;
}

struct error *plan_check_key(const json_t *object, const char *where,
			     const struct plan_key *key)
{
	const json_t *value = json_object_get(object, key->name);
	const char *want = NULL;

	if (!value)
		return key->required ? error_new(ERROR_INPUT, "%s/%s is missing: %s",
						 where, key->name, key->help)
				     : NULL;
	switch (key->type) {
	case PLAN_STRING:
	case PLAN_FILE:
	case PLAN_MODULE:
		want = json_is_string(value) && json_string_length(value) ? NULL : "text";
		break;
	case PLAN_PROGRAMS:
	case PLAN_STRINGS:
		want = plan_all_strings(value) ? NULL : "an array of strings";
		break;
	case PLAN_COMMAND:
		want = is_command(value) ? NULL : "a command: an array of strings";
		break;
	case PLAN_COMMANDS:
		want = NULL;
		return check_commands(value, where, key->name);
	case PLAN_INTEGER:
		want = json_is_integer(value) && json_integer_value(value) >= 0
			       ? NULL
			       : "a whole number";
		break;
	case PLAN_BOOL:
		want = json_is_boolean(value) ? NULL : "true or false";
		break;
	}
	return want ? error_new(ERROR_INPUT, "%s/%s must be %s", where, key->name, want)
		    : NULL;
}
