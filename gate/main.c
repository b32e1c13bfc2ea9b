/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "gate/gate.h"
#include "report/json.h"
#include "target/kernel.h"

static const struct option options[] = {
	{ OPTION_STRING, 'k', "kernel", "RELEASE", offsetof(struct gate_options, kernel),
	  "target kernel: a release below build/kernels, or a folder with vmlinuz, modules "
	  "and headers. Without it: the default that ./setup fetched" },
	{ OPTION_STRING, 0, "profile", "NAME", offsetof(struct gate_options, profile),
	  "how strict the linter is: dev, ci (default) or release" },
	{ OPTION_STRING, 'c', "config", "FILE", offsetof(struct gate_options, config),
	  "how the driver wants to be gated, instead of bookend.json in its folder" },
	{ OPTION_COUNT, 'n', "passes", "N", offsetof(struct gate_options, module_passes),
	  "load/unload passes. Default: the driver's own wish, or 1000" },
	{ OPTION_COUNT, 0, "device-passes", "N",
	  offsetof(struct gate_options, device_passes),
	  "open/close passes. Default: the driver's own wish, or 100k" },
	{ OPTION_LIST, 0, "skip", "STEP", offsetof(struct gate_options, skip),
	  "leave a step out (lint, build, cycle); the verdict is then incomplete at best; "
	  "repeatable" },
	{ OPTION_LIST, 0, "cycle-option", "OPTION",
	  offsetof(struct gate_options, cycle_options),
	  "hand an option on to bookend cycle, as --cycle-option=--dump; repeatable" },
	{ OPTION_FLAG, 0, "hold", NULL, offsetof(struct gate_options, hold),
	  "keep the virtual machine of a failed run until Ctrl-C" },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct gate_options, report), NULL,
	  NULL, report_option_table },
	OPTIONS_END,
};

static volatile int interrupted; /* by SIGINT or SIGTERM */

static void on_signal(int number)
{
	interrupted = number;
}

static const struct gate_options defaults = { .report = REPORT_OPTIONS_DEFAULTS };

static void options_deinit(void *values)
{
	struct gate_options *o = values;

	report_options_deinit(&o->report);
	string_list_deinit(&o->cycle_options);
	string_list_deinit(&o->skip);
}

struct error *gate_run_tool(struct gate *gate, const char *tool,
			    const struct string_list *arguments, struct report **ret)
{
	_free_ char *program = NULL, *format = NULL, *path = NULL;
	struct string_list argv = { 0 };
	struct process_result result = { 0 };
	struct process_options how = { .interrupted = &interrupted };
	struct error *error;

	if (asprintf(&program, "%s/bookend-%s", gate->own, tool) < 0)
		return program = NULL, error_nomem();
	if (asprintf(&path, "%s/%s.json", gate->folder, tool) < 0)
		return path = NULL, error_nomem();
	if (asprintf(&format, "--format=json:%s", path) < 0)
		return format = NULL, error_nomem();
	error = string_list_add(&argv, program);
	if (!error)
		error = string_list_add(&argv, format);
	/* the gate is the run that a history wants */
	if (!error)
		error = string_list_add(&argv, "--history=");
	for (size_t i = 0; !error && i < arguments->count; i++)
		error = string_list_add(&argv, arguments->items[i]);
	if (!error)
		error = string_list_add(&argv, NULL);
	if (!error)
		error = process_run(argv.items, &how, &result);
	string_list_deinit(&argv);
	strbuf_deinit(&result.output);
	if (error)
		return error;
	if (interrupted)
		return error_new(ERROR_INTERRUPT,
				 "interrupted; what was recorded until then is in %s/%s",
				 gate->shown_folder, tool);
	if (result.status != EXIT_CLEAN && result.status != EXIT_FINDINGS &&
	    result.status != EXIT_INCOMPLETE)
		return error_new(ERROR_SYSTEM,
				 "bookend %s could not do its work (exit status %d): its "
				 "message stands above",
				 tool, result.status);
	return report_load(path, ret);
}

static int compare_steps(const void *a, const void *b)
{
	const struct gate_step *const *x = a, *const *y = b;

	return (*x)->order - (*y)->order;
}

static bool is_skipped(const struct gate *gate, const char *name)
{
	for (size_t i = 0; i < gate->options->skip.count; i++)
		if (!strcmp(gate->options->skip.items[i], name))
			return true;
	return false;
}

static struct error *run_step(struct gate *gate, const struct gate_step *step)
{
	const char *why = step->skips(gate);
	struct error *error;

	if (is_skipped(gate, step->name)) {
		error = gate_row(gate, step->name, NULL, "skipped", "as asked");
		return error ? error
			     : report_not_checked(gate->report, true, step->name,
						  "skipped as asked");
	}
	if (why)
		return NULL;
	if (interrupted)
		return error_new(ERROR_INTERRUPT, "interrupted before the step %s",
				 step->name);
	if (gate->report->failure && step->order > 20)
		return gate_row(gate, step->name, NULL, "skipped", gate->report->failure);
	if (!gate->options->report.quiet)
		fprintf(stderr, "gate: %s …\n", step->name);
	return error_wrap(step->run(gate), "%s", step->name);
}

static struct error *run_steps(struct gate *gate)
{
	const struct gate_step *steps[32];
	struct error *error = NULL;
	size_t count = 0;

	registry_for_each(gate_step, it) if (count < 32) steps[count++] = *it;
	qsort(steps, count, sizeof(*steps), compare_steps);
	for (size_t i = 0; i < gate->options->skip.count; i++) {
		bool known = false;

		for (size_t k = 0; k < count; k++)
			known |= !strcmp(gate->options->skip.items[i], steps[k]->name);
		if (!known)
			return error_new(ERROR_USAGE, "--skip: there is no step '%s'",
					 gate->options->skip.items[i]);
	}
	for (size_t i = 0; !error && i < count; i++)
		error = run_step(gate, steps[i]);
	return error;
}

/* "run-NAME" beside where we stand, from the last part of PATH. */
static struct error *choose_folder(struct gate *gate)
{
	_free_ char *copy = strdup(gate->path);
	const char *given = gate->options->report.folder;
	_free_ char *made = NULL;
	struct error *error;

	if (!copy)
		return error_nomem();
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	if (!given) {
		if (asprintf(&made, "run-%s",
			     strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy) < 0)
			return made = NULL, error_nomem();
		given = made;
	}
	error = file_make_folder(given, 0777);
	if (error)
		return error;
	gate->shown_folder = strdup(given);
	gate->folder = realpath(given, NULL);
	return gate->folder && gate->shown_folder ? NULL : error_nomem();
}

/* The page: who was gated, on what, and the rows. */
static json_t *page_section(const struct gate *gate)
{
	const json_t *target = report_section(gate->report, "target");
	const char *on = json_string_value(json_object_get(target, "description"));
	_strbuf_ struct strbuf text = STRBUF_INIT;

	if (gate->config.name)
		strbuf_addf(&text, "%s %s on ", gate->config.name,
			    gate->version ? gate->version : "");
	strbuf_addf(&text, "%s%s%s", gate->kernel.release, on ? ", " : "", on ? on : "");
	if (text.failed)
		return NULL;
	return json_pack("{s:O, s:s, s:s*}", "rows", gate->rows, "on",
			 strbuf_string(&text), "version", gate->version);
}

static struct error *finish(struct gate *gate, enum exit_status *ret)
{
	struct report_options report = gate->options->report;
	json_t *section = page_section(gate);
	struct error *error;

	if (!section)
		return error_nomem();
	error = report_add_section(gate->report, &gate_section, section);
	report.folder = gate->folder;
	gate->report->fail_on = report.fail_on;
	/* quiet when all is well: bookend explain is there for the rest */
	if (report_verdict(gate->report) == VERDICT_CLEAN)
		report.no_explain = true;
	if (!error)
		error = report_output(gate->report, &report, ret);
	if (!error && !report.quiet) {
		fflush(stdout);
		fprintf(stderr, "Report: %s/report.html\n", gate->shown_folder);
	}
	return error;
}

static void gate_deinit(struct gate *gate)
{
	for (size_t i = 0; i < gate->modules.count; i++)
		free((char *)gate->modules.items[i]);
	string_list_deinit(&gate->modules);
	gate_config_deinit(&gate->config);
	report_destroy(gate->report);
	json_decref(gate->rows);
	free(gate->path);
	free(gate->folder);
	free(gate->shown_folder);
	kernel_deinit(&gate->kernel);
	free(gate->own);
	free(gate->source);
	free(gate->debug);
	free(gate->version);
}

static struct error *prepare(struct gate *gate, const char *path)
{
	struct error *error = report_options_check(&gate->options->report);

	gate->rows = json_array();
	gate->path = strdup(path);
	if (!gate->rows || !gate->path)
		return error ? error : error_nomem();
	if (!error && access(path, F_OK))
		error = error_new(ERROR_USAGE,
				  "there is no %s: give a driver's folder, "
				  "package or module",
				  path);
	if (!error)
		error = file_own_folder(&gate->own);
	if (!error)
		error = kernel_find(gate->options->kernel, &gate->kernel);
	if (!error)
		error = choose_folder(gate);
	if (!error)
		error = report_create("gate", path, &gate->report);
	if (!error)
		error = gate_open(gate);
	return error;
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	struct gate gate = { .options = values, .interrupted = &interrupted };
	struct sigaction action = { .sa_handler = on_signal };
	struct error *error;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (operands->count != 1)
		return error_new(ERROR_USAGE,
				 "give one PATH: a driver's folder, package or "
				 "module ('bookend gate --help' tells more)");
	error = prepare(&gate, operands->items[0]);
	if (error && gate.folder)
		rmdir(gate.folder); /* when nothing came into it */
	if (!error)
		error = run_steps(&gate);
	if (!error)
		error = finish(&gate, ret);
	gate_deinit(&gate);
	return error;
}

static const struct tool tool = {
	.command = {
		.name = "gate",
		.usage = "[OPTION]… PATH",
		.summary = "One verdict on a driver before release: lint, build, load, "
			   "cycle, leaks, panics.",
		.description =
			"PATH is a driver's source folder (a Kbuild file or a dkms.conf), a "
			"package (.deb, .rpm, .tar.*, .zip) or a module (.ko). The driver is "
			"built with the target kernel's kbuild, linted, and cycled in a "
			"throwaway virtual machine with the leak census on.\n\n"
			"Exit status: 0 clean, 1 findings or a failed run, 2 the gate could "
			"not do its work, 3 incomplete.",
		.examples = "  bookend gate reference-driver\n"
			    "  bookend gate --profile release refdrv-dkms_1.4.0_all.deb\n"
			    "  bookend gate --format sarif:gate.sarif --format text mydriver.ko\n",
		.options = options,
	},
	.values_size = sizeof(struct gate_options),
	.defaults = &defaults,
	.run = run,
	.deinit = options_deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
