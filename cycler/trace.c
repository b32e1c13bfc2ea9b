/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "symbolizer/panic.h"

struct error *trace_open(const struct trace_context *context, struct symbolizer **ret)
{
	const struct run_options *options = context->options;
	struct error *error = symbolizer_create(ret);

	if (!error && context->release)
		error = symbolizer_set_release(*ret, context->release);
	for (size_t i = 0; !error && i < options->symbols.count; i++)
		error = symbolizer_add_path(*ret, options->symbols.items[i]);
	for (size_t i = 0; !error && i < context->modules->count; i++)
		error = symbolizer_add_path(*ret, context->modules->items[i].host);
	for (size_t i = 0; !error && i < options->sources.count; i++)
		error = symbolizer_add_source_path(*ret, options->sources.items[i]);
	return error;
}

/* Of the machine that died last it is known where modules lay. */
static struct error *use_layouts(const struct trace_context *context,
				 struct symbolizer *symbolizer)
{
	_free_ char *path = NULL;
	struct error *error =
		file_join(context->options->machine.folder, "modules.json", &path);

	if (error || access(path, R_OK))
		return error;
	return symbolizer_add_layouts(symbolizer, path);
}

static bool said_before(const struct panic_log *log, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(log->panics[i].hash_strict, log->panics[index].hash_strict))
			return true;
	return false;
}

/*
 * A warning in every pass is one finding: repeats are blanked in @text, line by line, so
 * that the others keep their places. Everything that is told goes to @told.
 */
static uint64_t blank_repeats(const struct panic_log *log, char *text, size_t length,
			      struct strbuf *told)
{
	uint64_t repeats = 0;

	for (size_t i = 0; i < log->count; i++) {
		const struct panic *panic = &log->panics[i];

		if (panic->end > length || panic->start > panic->end)
			continue;
		strbuf_add(told, text + panic->start, panic->end - panic->start);
		if (!said_before(log, i))
			continue;
		repeats++;
		for (size_t at = panic->start; at < panic->end; at++)
			if (text[at] != '\n')
				text[at] = ' ';
	}
	return repeats;
}

static struct error *read_log(const char *text, struct symbolizer *symbolizer,
			      struct panic_log **ret)
{
	struct error *error = panic_parse(text, strlen(text), ret);

	return error ? error : panic_symbolize(*ret, symbolizer);
}

struct error *trace_log(char *text, const char *name, const char *last_step,
			const struct trace_context *context, struct strbuf *told,
			struct report *report)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *symbolizer = NULL;
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	struct error *error = trace_open(context, &symbolizer);
	uint64_t repeats = 0;

	if (!error && last_step)
		error = use_layouts(context, symbolizer);
	if (!error)
		error = read_log(text, symbolizer, &log);
	if (!error)
		repeats = blank_repeats(log, text, strlen(text), told);
	if (repeats) {
		panic_log_destroy(log);
		log = NULL;
		error = read_log(text, symbolizer, &log);
	}
	for (size_t i = 0; !error && i < log->count; i++) {
		struct panic *panic = &log->panics[i];

		if (last_step && panic->grade >= PANIC_SERIOUS && !panic->journal)
			panic->journal = strdup(last_step);
	}
	if (!error && repeats)
		error = report_measure(report, "log.repeated_reports", (double)repeats,
				       "1");
	return error ? error : panic_add_to_report(log, name, report);
}

bool trace_stack_line(char *line, struct symbol_place *ret)
{
	char *at = strchr(line, ']'), *plus, *end;

	if (strncmp(line, "[<", 2) || !at || at[1] != ' ')
		return false;
	*ret = (struct symbol_place){ .function = at + 2 };
	plus = strchr(at, '+');
	if (!plus)
		return false;
	*plus = 0;
	ret->offset = strtoull(plus + 1, &end, 16);
	if (end == plus + 1 || *end != '/')
		return false;
	ret->size = strtoull(end + 1, &end, 16);
	if (end[0] == ' ' && end[1] == '[') {
		ret->module = end + 2;
		end[2 + strcspn(end + 2, "] ")] = 0;
	}
	return *ret->function != 0;
}

struct error *trace_stack(const char *stack, const struct trace_context *context,
			  struct frames *ret)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *symbolizer = NULL;
	struct error *error = trace_open(context, &symbolizer);

	return error ? error : trace_stack_with(stack, symbolizer, ret);
}

struct error *trace_stack_with(const char *stack, struct symbolizer *symbolizer,
			       struct frames *ret)
{
	_free_ char *copy = strdup(stack);
	char *rest = copy, *line;
	struct error *error = copy ? NULL : error_nomem();

	while (!error && (line = strsep(&rest, "\n"))) {
		struct symbol_place place;
		_free_ char *raw = strdup(line);

		if (!trace_stack_line(line, &place))
			continue;
		place.raw = raw;
		error = symbolizer_resolve_place(symbolizer, &place, FRAME_RETURN, ret);
	}
	return error;
}
