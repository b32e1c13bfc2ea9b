/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/trace.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "symbolizer/panic.h"

static struct error *open_symbolizer(const struct trace_context *context,
				     struct symbolizer **ret)
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

struct error *trace_log(const char *text, const char *name, const char *last_step,
			const struct trace_context *context, struct strbuf *told,
			struct report *report)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *symbolizer = NULL;
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	size_t length = strlen(text);
	struct error *error = open_symbolizer(context, &symbolizer);

	if (!error)
		error = panic_parse(text, length, &log);
	if (!error)
		error = panic_symbolize(log, symbolizer);
	for (size_t i = 0; !error && i < log->count; i++) {
		struct panic *panic = &log->panics[i];

		if (panic->start < length && panic->end <= length)
			strbuf_add(told, text + panic->start, panic->end - panic->start);
		if (last_step && panic->grade >= PANIC_SERIOUS && !panic->journal)
			panic->journal = strdup(last_step);
	}
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
	_free_ char *copy = strdup(stack);
	char *rest = copy, *line;
	struct error *error =
		copy ? open_symbolizer(context, &symbolizer) : error_nomem();

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
