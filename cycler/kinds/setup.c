/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that make things ready, and commands that clear up: to be held by a leg. */
#include <stdlib.h>

#include "common/error.h"
#include "cycler/kinds/command.h"
#include "cycler/kinds/kind.h"

struct commands {
	char ***argvs;
	size_t count;
};

struct setup_cycle {
	struct commands setup, teardown;
};

static void commands_deinit(struct commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		command_destroy(commands->argvs[i]);
	free(commands->argvs);
}

static bool commands_init(struct commands *commands, const json_t *list)
{
	const json_t *item;
	size_t i;

	commands->argvs = calloc(json_array_size(list) + 1, sizeof(*commands->argvs));
	if (!commands->argvs)
		return false;
	json_array_foreach((json_t *)list, i, item)
	{
		commands->argvs[i] = command_create(json_object_get(item, "command"));
		if (!commands->argvs[i])
			return false;
		commands->count++;
	}
	return true;
}

static void setup_destroy(void *state)
{
	struct setup_cycle *s = state;

	commands_deinit(&s->setup);
	commands_deinit(&s->teardown);
	free(s);
}

static struct error *setup_create(const json_t *options, const char *where, void **ret)
{
	struct setup_cycle *s = calloc(1, sizeof(*s));

	(void)where;
	if (!s)
		return error_nomem();
	if (!commands_init(&s->setup, json_object_get(options, "setup")) ||
	    !commands_init(&s->teardown, json_object_get(options, "teardown"))) {
		setup_destroy(s);
		return error_nomem();
	}
	*ret = s;
	return NULL;
}

static size_t setup_opening(const void *state)
{
	return ((const struct setup_cycle *)state)->setup.count;
}

static size_t setup_closing(const void *state)
{
	return ((const struct setup_cycle *)state)->teardown.count;
}

static char *const *command_at(const struct setup_cycle *s, size_t step)
{
	return step < s->setup.count ? s->setup.argvs[step]
				     : s->teardown.argvs[step - s->setup.count];
}

static const char *setup_step_name(const void *state, size_t step)
{
	return command_at(state, step)[0];
}

static int setup_step(void *state, size_t step)
{
	return command_run(command_at(state, step));
}

static const char *setup_subject(const void *state)
{
	const struct setup_cycle *s = state;

	return s->setup.count + s->teardown.count ? command_at(s, 0)[0] : "nothing";
}

static const struct plan_key keys[] = {
	{ "setup", PLAN_COMMANDS, false, "commands, each to end with status 0" },
	{ "teardown", PLAN_COMMANDS, false, "commands that run when all else is closed" },
	{ NULL },
};

static const struct cycle_kind setup_kind = {
	.name = "setup",
	.summary = "commands that make ready, and commands that clear up",
	.keys = keys,
	.create = setup_create,
	.destroy = setup_destroy,
	.opening = setup_opening,
	.closing = setup_closing,
	.step_name = setup_step_name,
	.step = setup_step,
	.subject = setup_subject,
};
REGISTER(cycle_kind, setup_kind);
