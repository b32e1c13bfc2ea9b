/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds every flavour with the target kernel's own kbuild, from a copy of the sources.
 * The last flavour named "release" (or the only one) is what the later steps run. What
 * ships is what DKMS and the distributions ship: without debug sections, which are kept
 * beside it for the symbolizer.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/units.h"
#include "gate/gate.h"

enum { OUTPUT_LINES_SHOWN = 12 };

static const char *skips(const struct gate *gate)
{
	return gate->source ? NULL : "nothing to build: the subject holds modules";
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* The lines that say why, else the last ones: what a person would look for. */
static char *failure_excerpt(const char *output)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	_free_ char *copy = strdup(output);
	char *rest = copy, *line, *excerpt = NULL;
	size_t lines = 0;

	while (copy && (line = strsep(&rest, "\n")))
		if ((strstr(line, "error") || strstr(line, "ERROR") ||
		     strstr(line, "***")) &&
		    lines++ < OUTPUT_LINES_SHOWN)
			strbuf_addf(&text, "%s\n", line);
	error_destroy(strbuf_steal(&text, &excerpt));
	return excerpt;
}

static struct error *command(const struct gate *gate, const char *const *argv,
			     const char *folder, const char *log, int *status,
			     char **output)
{
	struct process_options options = { .folder = folder,
					   .keep_stderr = true,
					   .interrupted =
						   gate ? gate->interrupted : NULL };
	struct process_result result;
	struct error *error = process_run(argv, &options, &result);

	if (!error && log)
		error = file_write(log, strbuf_string(&result.output),
				   result.output.length, 0666);
	*status = result.status;
	if (!error && output)
		error = strbuf_steal(&result.output, output);
	strbuf_deinit(&result.output);
	return error;
}

static struct error *must_run(const char *const *argv)
{
	_free_ char *output = NULL;
	int status = 0;
	struct error *error = command(NULL, argv, NULL, NULL, &status, &output);

	if (!error && status)
		error = error_new(ERROR_SYSTEM, "%s failed: %s", argv[0], output);
	return error;
}

/* "X.ko" becomes X.ko without debug sections and X.ko.debug with them. */
static struct error *split_debug(const char *module)
{
	_free_ char *debug = NULL, *link = NULL;
	struct error *error;

	if (asprintf(&debug, "%s.debug", module) < 0)
		return debug = NULL, error_nomem();
	if (asprintf(&link, "--add-gnu-debuglink=%s", debug) < 0)
		return link = NULL, error_nomem();
	error = must_run((const char *const[]){ "objcopy", "--only-keep-debug", module,
						debug, NULL });
	if (!error)
		error = must_run((const char *const[]){ "objcopy", "--strip-debug", link,
							module, NULL });
	return error;
}

static struct error *take_modules(struct gate *gate, const char *folder)
{
	_free_ char *pattern = NULL;
	struct error *error = NULL;
	glob_t found = { 0 };

	if (asprintf(&pattern, "%s/{*,*/*,*/*/*}.ko", folder) < 0)
		return pattern = NULL, error_nomem();
	glob(pattern, GLOB_BRACE, NULL, &found);
	for (size_t i = 0; !error && i < found.gl_pathc; i++) {
		char *path = strdup(found.gl_pathv[i]);

		error = path ? split_debug(path) : error_nomem();
		if (!error)
			error = string_list_add(&gate->modules, path);
		if (error)
			free(path);
	}
	globfree(&found);
	if (!error && !gate->modules.count)
		error = error_new(
			ERROR_INPUT,
			"building %s made no module: is obj-m set in its Kbuild "
			"file?",
			gate->path);
	return error;
}

static struct error *kbuild(struct gate *gate, const struct gate_build *build,
			    const char *stage, const char *log, int *status,
			    char **output)
{
	_free_ char *headers = NULL, *m = NULL, *map = NULL;
	const char *argv[64] = { "make", "-C" };
	size_t n = 2;

	if (asprintf(&headers, "%s/headers", gate->kernel.folder) < 0)
		return headers = NULL, error_nomem();
	if (asprintf(&m, "M=%s", stage) < 0)
		return m = NULL, error_nomem();
	if (asprintf(&map, "KCFLAGS=-ffile-prefix-map=%s/=", stage) < 0)
		return map = NULL, error_nomem();
	argv[n++] = headers;
	argv[n++] = m;
	argv[n++] = map;
	argv[n++] = "-j2";
	/* needs pahole and the target's vmlinux, which headers seldom bring */
	argv[n++] = "CONFIG_DEBUG_INFO_BTF_MODULES=";
	argv[n++] = "modules";
	for (size_t i = 0; i < build->variables.count && n < 62; i++)
		argv[n++] = build->variables.items[i];
	return command(gate, argv, stage, log, status, output);
}

static struct error *build_one(struct gate *gate, const struct gate_build *build,
			       bool runs)
{
	_free_ char *stage = NULL, *from = NULL, *log = NULL, *output = NULL, *why = NULL;
	struct error *error;
	int status = 0;

	if (asprintf(&stage, "%s/build/%s", gate->folder, build->flavour) < 0)
		return stage = NULL, error_nomem();
	if (asprintf(&from, "%s/.", gate->source) < 0)
		return from = NULL, error_nomem();
	if (asprintf(&log, "%s/build/%s.log", gate->folder, build->flavour) < 0)
		return log = NULL, error_nomem();
	error = file_remove_tree(stage); /* of an earlier gate */
	if (!error)
		error = file_make_folder(stage, 0777);
	if (!error)
		error = must_run((const char *const[]){ "cp", "-RL", from, stage, NULL });
	if (!error)
		error = kbuild(gate, build, stage, log, &status, &output);
	if (!error && *gate->interrupted)
		return error_new(ERROR_INTERRUPT, "interrupted");
	if (error || !status)
		return error ? error : runs ? take_modules(gate, stage) : NULL;
	why = failure_excerpt(output);
	error = report_add_finding(
		gate->report, &(struct finding){ .rule = "BLD001",
						 .level = LEVEL_ERROR,
						 .path = gate->path,
						 .symbol = build->flavour,
						 .message = "does not build against the "
							    "target kernel's headers",
						 .evidence = why,
						 .hint = "the whole log is in the run "
							 "folder, build/FLAVOUR.log" });
	return error ? error
		     : report_fail(gate->report, "the %s build failed", build->flavour);
}

static struct error *run(struct gate *gate)
{
	static const struct gate_build plain = { .flavour = "release" };
	const struct gate_build *builds = gate->config.builds;
	size_t count = gate->config.builds_count, chosen = 0;
	_strbuf_ struct strbuf names = STRBUF_INIT, spent = STRBUF_INIT;
	double started = seconds();
	struct error *error = NULL;

	if (!count) {
		builds = &plain;
		count = 1;
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(builds[i].flavour, "release"))
			chosen = i;
	for (size_t i = 0; !error && i < count; i++) {
		strbuf_addf(&names, "%s%s", i ? ", " : "", builds[i].flavour);
		error = build_one(gate, &builds[i], i == chosen);
	}
	if (error)
		return error;
	if (asprintf(&gate->debug, "%s/build/%s", gate->folder, builds[chosen].flavour) <
	    0)
		return gate->debug = NULL, error_nomem();
	units_add_duration(&spent, (uint64_t)((seconds() - started) * 1e9));
	return gate_row(gate, "build", strbuf_string(&names),
			gate->report->failure ? "failed" : "done", strbuf_string(&spent));
}

static const struct gate_step gate_step_build = {
	.name = "build",
	.order = 10,
	.skips = skips,
	.run = run,
};
REGISTER(gate_step, gate_step_build);
