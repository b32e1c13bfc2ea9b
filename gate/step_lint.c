/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything the linter says of the subject, and of the modules built from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "gate/gate.h"

static const char *skips(const struct gate *gate)
{
	(void)gate;
	return NULL;
}

static struct error *add_arguments(struct gate *gate, const char *target,
				   struct string_list *list)
{
	struct error *error = string_list_add(list, gate->path);

	/* the gate builds what it is given: its makefile is run all the same */
	if (!error && gate->source && gate->kind == SUBJECT_PACKAGE)
		error = string_list_add(list, "--run-makefiles");
	for (size_t i = 0; !error && i < gate->modules.count; i++)
		if (gate->source)
			error = string_list_add(list, gate->modules.items[i]);
	if (!error)
		error = string_list_add(list, target);
	if (!error && gate->options->profile)
		error = string_list_add(list, "--profile");
	if (!error && gate->options->profile)
		error = string_list_add(list, gate->options->profile);
	return error;
}

static struct error *run(struct gate *gate)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_strbuf_ struct strbuf detail = STRBUF_INIT;
	_free_ char *target = NULL, *result = NULL;
	struct string_list arguments = { 0 };
	const json_t *members;
	struct error *error;
	double rules = 0;

	if (asprintf(&target, "--target=%s/headers", gate->kernel.folder) < 0)
		return target = NULL, error_nomem();
	error = add_arguments(gate, target, &arguments);
	if (!error)
		error = gate_run_tool(gate, "lint", &arguments, &report);
	string_list_deinit(&arguments);
	if (error)
		return error;
	members = report_section(report, "members");
	for (size_t i = 0; i < report->measurements_count; i++)
		if (!strcmp(report->measurements[i].name, "lint.rules"))
			rules = report->measurements[i].value;
	if (members)
		strbuf_addf(&detail, "%zu members", json_array_size(members));
	if (rules)
		strbuf_addf(&detail, "%s%.0f rules", detail.length ? ", " : "", rules);
	error = gate_result(report, &result);
	if (!error)
		error = gate_row(gate, "lint", strbuf_string(&detail), result, NULL);
	return error ? error : report_merge(gate->report, report, NULL);
}

static const struct gate_step gate_step_lint = {
	.name = "lint",
	.order = 20,
	.skips = skips,
	.run = run,
};
REGISTER(gate_step, gate_step_lint);
