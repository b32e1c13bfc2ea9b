/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"

static const char *const levels[] = { "info", "suggestion", "warning", "error", NULL };

const struct option report_option_table[] = {
	{ OPTION_LIST, 'f', "format", "NAME[:FILE]",
	  offsetof(struct report_options, formats),
	  "write the report as text, json, …, to FILE or standard output; repeatable. "
	  "Without it: text" },
	{ OPTION_STRING, 'o', "output", "DIR", offsetof(struct report_options, folder),
	  "run folder: report.json, report.txt and what else the tool keeps go there" },
	{ OPTION_CHOICE, 0, "fail-on", "LEVEL", offsetof(struct report_options, fail_on),
	  "lowest level that makes the exit status 1: error, warning (default), suggestion "
	  "or info",
	  levels },
	{ OPTION_FLAG, 'q', "quiet", NULL, offsetof(struct report_options, quiet),
	  "no progress, and no text report when all is clean" },
	{ OPTION_FLAG, 0, "no-explain", NULL, offsetof(struct report_options, no_explain),
	  "leave out the explanations at the end of the text report" },
	{ OPTION_STRING, 0, "history", "FILE", offsetof(struct report_options, history),
	  "records the run in FILE, which 'bookend report --history FILE' shows over time. "
	  "Default: $BOOKEND_HISTORY, and nothing is recorded without it" },
	{ OPTION_STRING, 0, "label", "TEXT", offsetof(struct report_options, label),
	  "what the run is called in the history, as a version" },
	OPTIONS_END,
};

const struct format *format_find(const char *name)
{
	registry_for_each(format, it) if (!strcmp((*it)->name, name)) return *it;
	return NULL;
}

void report_options_deinit(struct report_options *options)
{
	string_list_deinit(&options->formats);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct error *unknown_format(const char *name)
{
	_strbuf_ struct strbuf list = STRBUF_INIT;
	const char *names[64];
	size_t count = 0;

	registry_for_each(format, it) if (count < 64) names[count++] = (*it)->name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", names[i]);
	return error_new(ERROR_USAGE, "unknown format '%s': there are %s", name,
			 strbuf_string(&list));
}

/* Splits NAME[:FILE]; @file points into @spec, NULL for standard output. */
static struct error *parse_spec(const char *spec, const struct format **format,
				const char **file)
{
	size_t length = strcspn(spec, ":");
	_free_ char *name = strndup(spec, length);

	if (!name)
		return error_nomem();
	*format = format_find(name);
	if (!*format)
		return unknown_format(name);
	*file = spec[length] ? spec + length + 1 : NULL;
	if (*file && !**file)
		return error_new(ERROR_USAGE, "--format %s: the file's name is missing",
				 spec);
	if (*file && !strcmp(*file, "-"))
		*file = NULL;
	return NULL;
}

struct error *report_options_check(const struct report_options *options)
{
	size_t on_stdout = 0;

	for (size_t i = 0; i < options->formats.count; i++) {
		const struct format *format;
		const char *file;
		struct error *error =
			parse_spec(options->formats.items[i], &format, &file);

		if (error)
			return error;
		on_stdout += !file;
	}
	if (on_stdout > 1)
		return error_new(ERROR_USAGE,
				 "two formats would share standard output: give "
				 "one of them a file (--format NAME:FILE)");
	return options->folder ? file_make_folder(options->folder, 0777) : NULL;
}

static struct error *write_one(const struct report *report,
			       const struct report_options *options,
			       const struct format *format, const char *file)
{
	struct format_context context = {
		.style = file ? style_plain : style_for(STDOUT_FILENO),
		.explain = !options->no_explain,
	};
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct error *error = format->write(report, &context, &out);

	if (!error)
		error = strbuf_error(&out);
	if (error)
		return error_wrap(error, "cannot write the report as %s", format->name);
	if (file)
		return file_write(file, strbuf_string(&out), out.length, 0666);
	fwrite(strbuf_string(&out), 1, out.length, stdout);
	return NULL;
}

static struct error *write_folder(const struct report *report,
				  const struct report_options *options)
{
	static const char *const names[] = { "json", "text", "html" };
	struct error *error = NULL;

	for (size_t i = 0; !error && i < 3; i++) {
		const struct format *format = format_find(names[i]);
		_free_ char *path = NULL;

		if (!format)
			continue;
		if (asprintf(&path, "%s/report.%s", options->folder, format->extension) <
		    0)
			return path = NULL, error_nomem();
		error = write_one(report, options, format, path);
	}
	return error;
}

/* SQLite is linked to bookend-report alone, so that what goes into targets stays small.
 */
static struct error *run_recorder(const char *history, const char *label,
				  const char *document)
{
	_free_ char *own = NULL, *program = NULL;
	struct process_options process = { .keep_stderr = true };
	struct process_result result = { 0 };
	const char *argv[] = { NULL,	  "--record",	      "--history", history,
			       "--label", label ? label : "", document,	   NULL };
	struct error *error = file_own_folder(&own);

	if (error)
		return error;
	if (asprintf(&program, "%s/bookend-report", own) < 0)
		return program = NULL, error_nomem();
	argv[0] = program;
	error = process_run(argv, &process, &result);
	if (!error && result.status)
		error = error_new(ERROR_SYSTEM, "the run was not recorded: %.*s",
				  (int)strcspn(strbuf_string(&result.output), "\n"),
				  strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return error;
}

/* The document goes through memory that the recorder inherits. */
static struct error *record(const struct report *report, const char *history,
			    const char *label)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_close_ int fd = memfd_create("report", 0);
	struct format_context context = { .style = style_plain };
	struct error *error = format_find("json")->write(report, &context, &out);
	char document[32];

	if (error)
		return error;
	if (fd < 0 || write(fd, strbuf_string(&out), out.length) != (ssize_t)out.length)
		return error_nomem();
	snprintf(document, sizeof(document), "/dev/fd/%d", fd);
	return run_recorder(history, label, document);
}

struct error *report_output(struct report *report, const struct report_options *options,
			    enum exit_status *ret)
{
	struct error *error = NULL;
	const char *history;

	report->fail_on = options->fail_on;
	report_sort(report);
	for (size_t i = 0; !error && i < options->formats.count; i++) {
		const struct format *format = NULL;
		const char *file = NULL;

		error = parse_spec(options->formats.items[i], &format, &file);
		if (!error)
			error = write_one(report, options, format, file);
	}
	if (!error && options->folder)
		error = write_folder(report, options);
	/* a full disk keeps nobody from being told */
	if (!options->formats.count &&
	    (error || !(options->quiet && report_verdict(report) == VERDICT_CLEAN))) {
		struct error *untold =
			write_one(report, options, format_find("text"), NULL);

		if (error)
			error_destroy(untold);
		else
			error = untold;
	}
	if (error)
		return error;
	*ret = report_exit_status(report);
	history = options->history ? options->history : getenv("BOOKEND_HISTORY");
	return history && *history ? record(report, history, options->label) : NULL;
}
