/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/tool.h"
#include "report/format.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/reader.h"
#include "symbolizer/symbolizer.h"

struct values {
	struct report_options report;
	struct string_list debug, sources, layouts;
	const char *kallsyms, *release;
	bool no_index;
};

static const struct option options[] = {
	{ OPTION_LIST, 'd', "debug", "PATH", offsetof(struct values, debug),
	  "A debug file, or a folder to look for debug files in. Repeatable; the system's "
	  "own places are asked after these." },
	{ OPTION_LIST, 0, "source", "DIR", offsetof(struct values, sources),
	  "Where source files are, so that frames show their line." },
	{ OPTION_LIST, 0, "sections", "PATH", offsetof(struct values, layouts),
	  "Where modules were loaded: a JSON file, or a copy of /sys/module." },
	{ OPTION_STRING, 0, "kallsyms", "FILE", offsetof(struct values, kallsyms),
	  "A copy of that kernel's /proc/kallsyms, made by root." },
	{ OPTION_STRING, 0, "release", "RELEASE", offsetof(struct values, release),
	  "The kernel's release, where the log does not tell it." },
	{ OPTION_FLAG, 0, "no-index", NULL, offsetof(struct values, no_index),
	  "Neither read nor write indexes of debug files in the cache folder." },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct values, report), NULL,
	  .group = report_option_table },
	OPTIONS_END,
};

static struct error *prepare(const struct values *v, struct symbolizer **ret)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	struct error *error = symbolizer_create(&s);

	if (error)
		return error;
	symbolizer_set_cache(s, !v->no_index);
	for (size_t i = 0; !error && i < v->debug.count; i++)
		error = symbolizer_add_path(s, v->debug.items[i]);
	for (size_t i = 0; !error && i < v->sources.count; i++)
		error = symbolizer_add_source_path(s, v->sources.items[i]);
	for (size_t i = 0; !error && i < v->layouts.count; i++)
		error = symbolizer_add_layouts(s, v->layouts.items[i]);
	if (!error && v->kallsyms)
		error = symbolizer_add_kallsyms(s, v->kallsyms);
	if (!error && v->release)
		error = symbolizer_set_release(s, v->release);
	if (!error)
		*ret = take(s);
	return error;
}

static struct error *gather(void *context, struct panic *panic)
{
	return panic_log_add(context, panic);
}

static struct error *read_log(const char *path, struct panic_log *log)
{
	_cleanup_(panic_reader_destroy) struct panic_reader *reader = NULL;
	bool standard = !strcmp(path, "-");
	_fclose_ FILE *file = standard ? NULL : fopen(path, "re");
	FILE *in = standard ? stdin : file;
	struct error *error;
	char block[1 << 16];
	size_t size;

	if (!in)
		return error_errno(errno, "cannot open log %s", path);
	error = panic_reader_create(gather, log, &reader);
	while (!error && (size = fread(block, 1, sizeof(block), in)) > 0)
		error = panic_reader_feed(reader, block, size);
	if (!error && ferror(in))
		error = error_errno(errno, "cannot read log %s", path);
	return error ? error : panic_reader_finish(reader);
}

static struct error *symbolize_log(const char *path, struct symbolizer *s,
				   struct report *report)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	struct error *error;

	if (!log)
		return error_nomem();
	error = read_log(path, log);
	if (!error)
		error = panic_symbolize(log, s);
	if (!error)
		error = panic_show_in_report(log, path, report);
	return error;
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	struct values *v = values;
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;
	struct error *error = report_options_check(&v->report);

	if (!error && !operands->count)
		error = error_new(ERROR_USAGE,
				  "no log given: name a file, or - for standard input");
	if (!error)
		error = prepare(v, &s);
	if (!error)
		error = report_create("symbolize",
				      operands->count == 1 ? operands->items[0] : "logs",
				      &report);
	for (size_t i = 0; !error && i < operands->count; i++)
		error = symbolize_log(operands->items[i], s, report);
	return error ? error : report_output(report, &v->report, ret);
}

static void deinit(void *values)
{
	struct values *v = values;

	report_options_deinit(&v->report);
	string_list_deinit(&v->debug);
	string_list_deinit(&v->sources);
	string_list_deinit(&v->layouts);
}

static const struct values defaults = { .report = REPORT_OPTIONS_DEFAULTS };

static const struct tool tool = {
	.command = {
		.name = "symbolize",
		.usage = "[OPTION]… LOG…",
		.summary = "panic logs to functions, files and lines",
		.description =
			"Reads logs of kernels, as dmesg, journald, a serial console, "
			"pstore or netconsole wrote them, finds every oops, warning and "
			"panic in them, and says where in the source they happened.",
		.examples = "bookend symbolize --debug build/debug console.log\n"
			    "dmesg | bookend symbolize -",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
