/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two commands of the user's: one that does something, one that undoes it. */
#include <stdlib.h>

#include "common/error.h"
#include "cycler/kinds/command.h"
#include "cycler/kinds/kind.h"

struct exec_cycle {
	char **command, **undo;
};

static void exec_destroy(void *state)
{
	struct exec_cycle *e = state;

	command_destroy(e->command);
	command_destroy(e->undo);
	free(e);
}

static struct error *exec_create(const json_t *options, const char *where, void **ret)
{
	struct exec_cycle *e = calloc(1, sizeof(*e));

	(void)where;
	if (!e)
		return error_nomem();
	e->command = command_create(json_object_get(options, "command"));
	e->undo = command_create(json_object_get(options, "undo"));
	if (!e->command || !e->undo) {
		exec_destroy(e);
		return error_nomem();
	}
	*ret = e;
	return NULL;
}

static size_t exec_half(const void *state)
{
	(void)state;
	return 1;
}

static const char *exec_step_name(const void *state, size_t step)
{
	(void)state;
	return step ? "undo" : "command";
}

static int exec_step(void *state, size_t step)
{
	struct exec_cycle *e = state;

	return command_run(step ? e->undo : e->command);
}

static const char *exec_subject(const void *state)
{
	return ((const struct exec_cycle *)state)->command[0];
}

static const struct plan_key keys[] = {
	{ "command", PLAN_COMMAND, true,
	  "program and arguments; a status other than 0 is EREMOTEIO" },
	{ "undo", PLAN_COMMAND, true, "the command that undoes it" },
	{ NULL },
};

static const struct cycle_kind exec_kind = {
	.name = "exec",
	.summary = "two commands: do and undo",
	.keys = keys,
	.create = exec_create,
	.destroy = exec_destroy,
	.opening = exec_half,
	.closing = exec_half,
	.step_name = exec_step_name,
	.step = exec_step,
	.subject = exec_subject,
};
REGISTER(cycle_kind, exec_kind);
