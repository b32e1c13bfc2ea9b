/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads, opens and closes the driver by the thousand in a throwaway machine, with the
 * leak census on. The plan it makes lies in the run folder and can be run again with
 * `bookend cycle RUN/plan.json`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "gate/gate.h"
#include "report/json.h"

enum {
	MODULE_PASSES = 1000, /* of them, a tenth with plain grace periods */
	PLAIN_SHARE = 10,
	DEVICE_PASSES = 100000,
};

static const char *skips(const struct gate *gate)
{
	return gate->modules.count ? NULL : "there is no module to run";
}

static const char *module_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Index of the module that the line "NAME PARAMETERS" of the configuration means. */
static struct error *find_module(const struct gate *gate, const char *line, size_t *ret)
{
	size_t n = strcspn(line, " ");

	for (size_t i = 0; i < gate->modules.count; i++) {
		const char *name = module_name(gate->modules.items[i]);

		if (!strncmp(name, line, n) && !strcmp(name + n, ".ko")) {
			*ret = i;
			return NULL;
		}
	}
	return error_new(ERROR_INPUT,
			 "/load: there is no module %.*s.ko among those of %s", (int)n,
			 line, gate->path);
}

static struct error *add_pair(json_t **chain, const char *path, const char *parameters)
{
	struct json_builder b;
	json_t *pair = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "kind", "module");
	json_builder_string(&b, "module", path);
	json_builder_string(&b, "parameters",
			    parameters && *parameters ? parameters : NULL);
	if (*chain)
		json_builder_value(&b, "inside", json_pack("[O]", *chain));
	error = json_builder_finish(&b, &pair);
	if (error)
		return error;
	json_decref(*chain);
	*chain = pair;
	return NULL;
}

/* The modules in load order, each inside the one before it. */
static struct error *module_chain(const struct gate *gate, json_t **ret)
{
	const struct string_list *load = &gate->config.load;
	struct error *error = NULL;
	json_t *chain = NULL;

	for (size_t i = load->count; !error && i-- > 0;) {
		const char *line = load->items[i], *rest = line + strcspn(line, " ");
		size_t index = 0;

		error = find_module(gate, line, &index);
		if (!error)
			error = add_pair(&chain, gate->modules.items[index],
					 rest + strspn(rest, " "));
	}
	for (size_t i = gate->modules.count; !error && !load->count && i-- > 0;)
		error = add_pair(&chain, gate->modules.items[i], NULL);
	if (error) {
		json_decref(chain);
		return error;
	}
	*ret = chain;
	return NULL;
}

static json_t *with_passes(const json_t *chain, uint64_t passes)
{
	json_t *copy = json_deep_copy(chain);

	if (copy)
		json_object_set_new(copy, "passes", json_integer((json_int_t)passes));
	return copy;
}

static json_t *device_cycle(const struct gate_device *device, uint64_t passes)
{
	json_t *cycle = json_pack("{s:s, s:s, s:I}", "kind", "device", "device",
				  device->path, "passes", (json_int_t)passes);
	json_t *probe = json_array();

	for (size_t i = 0; probe && i < device->probe.count; i++)
		json_array_append_new(probe, json_string(device->probe.items[i]));
	if (cycle && json_array_size(probe))
		json_object_set(cycle, "probe", probe);
	json_decref(probe);
	return cycle;
}

static uint64_t chosen(uint64_t option, uint64_t wish, uint64_t otherwise)
{
	return option ? option : wish ? wish : otherwise;
}

static struct error *device_leg(const struct gate *gate, const json_t *chain,
				json_t *legs)
{
	const struct gate_config *config = &gate->config;
	uint64_t passes = chosen(gate->options->device_passes, config->device_passes,
				 DEVICE_PASSES);
	json_t *cycles = json_array();

	if (!config->devices_count) {
		json_decref(cycles);
		return NULL;
	}
	for (size_t i = 0; i < config->devices_count; i++)
		json_array_append_new(cycles,
				      device_cycle(&config->devices[i],
						   passes / config->devices_count));
	if (json_array_append_new(legs, json_pack("{s:s, s:[O], s:o}", "name", "open",
						  "hold", chain, "cycles", cycles)))
		return error_nomem();
	return NULL;
}

static struct error *make_plan(const struct gate *gate, json_t **ret)
{
	const struct gate_config *config = &gate->config;
	uint64_t passes = chosen(gate->options->module_passes, config->module_passes,
				 MODULE_PASSES);
	uint64_t plain = config->plain_passes && !gate->options->module_passes
				 ? config->plain_passes
				 : passes / PLAIN_SHARE;
	json_t *chain = NULL, *legs = json_array();
	struct error *error = legs ? module_chain(gate, &chain) : error_nomem();

	if (error)
		return error;
	plain = plain ? plain : 1;
	json_array_append_new(
		legs, json_pack("{s:s, s:b, s:[o]}", "name", "load", "turbo", 1, "cycles",
				with_passes(chain, passes > plain ? passes - plain : 1)));
	json_array_append_new(legs, json_pack("{s:s, s:[o]}", "name", "load plain",
					      "cycles", with_passes(chain, plain)));
	error = device_leg(gate, chain, legs);
	json_decref(chain);
	*ret = json_pack("{s:s, s:s, s:o}", "schema", "bookend-plan/1", "name",
			 config->name ? config->name
				      : module_name(gate->modules.items[0]),
			 "legs", legs);
	return error ? error : *ret ? NULL : error_nomem();
}

/* What appears below /dev when the first module is loaded: two boots tell. */
static struct error *list_devices(struct gate *gate, const char *module, char **ret)
{
	_free_ char *program = NULL;
	struct process_result result = { 0 };
	const char *argv[16];
	struct error *error;
	size_t n = 0;

	if (asprintf(&program, "%s/bookend-vm", gate->own) < 0)
		return program = NULL, error_nomem();
	argv[n++] = program;
	argv[n++] = "run";
	argv[n++] = "--kernel";
	argv[n++] = gate->kernel.folder;
	if (module) {
		argv[n++] = "--module";
		argv[n++] = module;
	}
	argv[n++] = "--";
	argv[n++] = "/bin/ls";
	argv[n++] = "-1";
	argv[n++] = "/dev";
	argv[n] = NULL;
	error = process_run(argv, NULL, &result);
	if (!error)
		error = strbuf_steal(&result.output, ret);
	strbuf_deinit(&result.output);
	return error;
}

static bool has_line(const char *text, const char *line, size_t length)
{
	for (; *text; text += strcspn(text, "\n") + 1) {
		if (strcspn(text, "\n") == length && !strncmp(text, line, length))
			return true;
		if (!text[strcspn(text, "\n")])
			break;
	}
	return false;
}

/* A driver that names no device: those that its load brings are opened and closed. */
static struct error *discover_devices(struct gate *gate)
{
	_free_ char *before = NULL, *after = NULL;
	struct gate_config *config = &gate->config;
	struct error *error;
	size_t max = sizeof(config->devices) / sizeof(*config->devices);

	if (config->devices_count || gate->modules.count != 1)
		return NULL;
	error = list_devices(gate, NULL, &before);
	if (!error)
		error = list_devices(gate, gate->modules.items[0], &after);
	for (char *line = after; !error && line && *line;) {
		size_t n = strcspn(line, "\n");
		char *path = NULL;

		if (n && !has_line(before, line, n) && config->devices_count < max) {
			if (asprintf(&path, "/dev/%.*s", (int)n, line) < 0)
				return error_nomem();
			config->devices[config->devices_count++].path = path;
			config->discovered = true;
		}
		line += n + (line[n] == '\n');
	}
	return error;
}

static struct error *run_row(struct gate *gate, const struct run *run)
{
	_strbuf_ struct strbuf detail = STRBUF_INIT, more = STRBUF_INIT;

	units_add_count(&detail, run->passes);
	strbuf_adds(&detail, " passes  ");
	units_add_rate(&detail, run->rate_kept);
	if (run->note)
		strbuf_addf(&detail, "  (%s)", run->note);
	for (size_t i = 0; i < run->latency_count && i < 2; i++) {
		strbuf_addf(&more, "%s%s p50 ", i ? "   " : "", run->latency[i].step);
		units_add_duration(&more, run->latency[i].p50);
		strbuf_adds(&more, " p99 ");
		units_add_duration(&more, run->latency[i].p99);
	}
	return gate_row(gate, run->cycle, strbuf_string(&detail),
			run->failed ? "failed" : "clean", strbuf_string(&more));
}

static double measured(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->measurements_count; i++)
		if (!strcmp(report->measurements[i].name, name))
			return report->measurements[i].value;
	return -1;
}

static size_t count_rule(const struct report *report, const char *prefix)
{
	size_t count = 0;

	for (size_t i = 0; i < report->findings_count; i++)
		count += !strncmp(report->findings[i].rule, prefix, strlen(prefix)) &&
			 report->findings[i].level >= LEVEL_WARNING;
	return count;
}

static bool is_unchecked(const struct report *report, const char *prefix)
{
	for (size_t i = 0; i < report->not_checked_count; i++)
		if (!strncmp(report->not_checked[i].what, prefix, strlen(prefix)))
			return true;
	return false;
}

static struct error *leak_row(struct gate *gate, const struct report *report)
{
	_strbuf_ struct strbuf detail = STRBUF_INIT;
	double objects = measured(report, "leaks.objects");
	double bound = measured(report, "leaks.bound");
	bool whole = !report->failure && !is_unchecked(report, "leak");

	if (objects < 0)
		return gate_row(gate, "leaks", "not counted", "incomplete", NULL);
	if (objects > 0) {
		units_add_count(&detail, (uint64_t)objects);
		strbuf_adds(&detail, " objects, ");
		units_add_size(&detail, (uint64_t)measured(report, "leaks.bytes"));
	} else {
		strbuf_adds(&detail, "none");
		if (bound >= 0)
			strbuf_addf(&detail, ": in below %.3g %% of passes at 99 %%",
				    bound * 100);
	}
	return gate_row(gate, "leaks", strbuf_string(&detail),
			count_rule(report, "LEAK") ? "found"
			: objects > 0		   ? "outstanding"
			: whole			   ? "clean"
						   : "incomplete",
			NULL);
}

/* "48 KiB loaded, +2.1 KiB an instance, +424 B an open" */
static struct error *wired_row(struct gate *gate, const struct report *report)
{
	static const struct {
		const char *name, *words;
	} parts[] = { { "memory.load", " a load" },
		      { "memory.instance", " an instance" },
		      { "memory.open", " an open" } };
	_strbuf_ struct strbuf detail = STRBUF_INIT, more = STRBUF_INIT;
	double loaded = measured(report, "memory.loaded");

	if (loaded < 0)
		return NULL;
	units_add_size(&detail, (uint64_t)loaded);
	strbuf_adds(&detail, " loaded");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double bytes = measured(report, parts[i].name);

		if (bytes < 0)
			continue;
		strbuf_adds(&more, more.length ? ", +" : "+");
		units_add_size(&more, (uint64_t)bytes);
		strbuf_adds(&more, parts[i].words);
	}
	return gate_row(gate, "wired", strbuf_string(&detail), "measured",
			more.length ? strbuf_string(&more) : NULL);
}

static struct error *residue_row(struct gate *gate, const struct report *report)
{
	_strbuf_ struct strbuf detail = STRBUF_INIT;
	size_t count = count_rule(report, "RES");

	if (count)
		strbuf_addf(&detail, "%zu thing%s left behind", count,
			    count == 1 ? "" : "s");
	else if (report->failure)
		strbuf_adds(&detail, "not compared after the failure");
	else
		strbuf_adds(&detail, "nothing left behind");
	return gate_row(gate, "residue", strbuf_string(&detail),
			count ? "found" : "clean", NULL);
}

static struct error *add_rows(struct gate *gate, const struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < report->runs_count; i++)
		error = run_row(gate, &report->runs[i]);
	if (!error)
		error = leak_row(gate, report);
	if (!error)
		error = residue_row(gate, report);
	if (!error)
		error = wired_row(gate, report);
	if (!error && report->failure)
		error = gate_row(gate, "end", NULL, "failed", report->failure);
	return error;
}

static struct error *add_arguments(struct gate *gate, const char *plan,
				   const char *folder, struct string_list *list)
{
	const struct string_list *more = &gate->options->cycle_options;
	struct error *error = string_list_add(list, plan);
	const char *words[] = { "--kernel", gate->kernel.folder, "--output", folder };

	for (size_t i = 0; !error && i < 4; i++)
		error = string_list_add(list, words[i]);
	if (!error && gate->debug)
		error = string_list_add(list, "--symbols");
	if (!error && gate->debug)
		error = string_list_add(list, gate->debug);
	if (!error && gate->source)
		error = string_list_add(list, "--source");
	if (!error && gate->source)
		error = string_list_add(list, gate->source);
	if (!error && gate->options->hold)
		error = string_list_add(list, "--hold");
	if (!error && gate->options->report.quiet)
		error = string_list_add(list, "--quiet");
	for (size_t i = 0; !error && i < more->count; i++)
		error = string_list_add(list, more->items[i]);
	return error;
}

static struct error *write_plan(struct gate *gate, char **ret)
{
	json_t *plan = NULL;
	struct error *error = make_plan(gate, &plan);
	_free_ char *path = NULL;

	if (error)
		return error;
	if (asprintf(&path, "%s/plan.json", gate->folder) < 0) {
		path = NULL;
		error = error_nomem();
	} else if (json_dump_file(plan, path, JSON_INDENT(2))) {
		error = error_new(ERROR_SYSTEM, "cannot write %s", path);
	}
	json_decref(plan);
	if (!error)
		*ret = take(path);
	return error;
}

static struct error *run(struct gate *gate)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *plan = NULL, *folder = NULL;
	struct string_list arguments = { 0 };
	struct error *error = gate_identify(gate);

	if (!error)
		error = discover_devices(gate);
	if (!error)
		error = write_plan(gate, &plan);
	if (!error && asprintf(&folder, "%s/cycle", gate->folder) < 0)
		return folder = NULL, error_nomem();
	if (!error)
		error = add_arguments(gate, plan, folder, &arguments);
	if (!error)
		error = gate_run_tool(gate, "cycle", &arguments, &report);
	string_list_deinit(&arguments);
	if (!error)
		error = add_rows(gate, report);
	if (!error && !gate->config.devices_count)
		error = report_not_checked(gate->report, false, "open and close",
					   "loading the driver brings no device node");
	return error ? error : report_merge(gate->report, report, NULL);
}

static const struct gate_step gate_step_cycle = {
	.name = "cycle",
	.order = 30,
	.skips = skips,
	.run = run,
};
REGISTER(gate_step, gate_step_cycle);
