/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/error_paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/failalloc.h"
#include "report/json.h"

static int number_of(const json_t *event, const char *key)
{
	return (int)json_integer_value(json_object_get(event, key));
}

static bool is_outcome(const json_t *event, enum failalloc_outcome outcome)
{
	return !strcmp(json_text(event, "outcome"), failalloc_outcome_name(outcome));
}

/* Inline functions of the kernel's headers are in the driver, but not of it. */
static bool is_header(const struct frame *frame)
{
	return frame->file && strstr(frame->file, "/include/");
}

static bool is_of(const struct frame *frame, const struct carried_list *modules)
{
	for (size_t k = 0; k < modules->count; k++)
		if (frame->module && modules->items[k].name &&
		    !strcmp(frame->module, modules->items[k].name))
			return true;
	return false;
}

/* The innermost frame of one of the modules under test. */
static const struct frame *driver_frame(const struct frames *frames,
					const struct carried_list *modules)
{
	for (size_t i = 0; i < frames->count; i++)
		if (is_of(&frames->items[i], modules) && !is_header(&frames->items[i]))
			return &frames->items[i];
	return NULL;
}

/* Where in the driver: its function and line, or the system call's innermost frame. */
static void place(struct finding *finding, const struct frames *frames,
		  const struct carried_list *modules)
{
	const struct frame *frame = driver_frame(frames, modules);

	finding->stack = frames->items;
	finding->stack_count = frames->count;
	if (!frame)
		return;
	finding->symbol = frame->function;
	finding->path = frame->file;
	finding->line = frame->line;
}

static struct error *add_broken(const json_t *event, const char *leg,
				const struct frames *frames,
				const struct carried_list *modules, struct report *report)
{
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "ERR001", .level = LEVEL_ERROR };
	int afterwards = number_of(event, "afterwards");

	place(&finding, frames, modules);
	strbuf_addf(&message,
		    "after a failed allocation in %s every further pass fails with %s",
		    finding.symbol ? finding.symbol : "the pass",
		    plan_errno_name(afterwards));
	strbuf_addf(&evidence, "%s: allocation %d of the pass (", leg,
		    number_of(event, "nth"));
	units_add_size(&evidence, (uint64_t)number_of(event, "size"));
	strbuf_addf(&evidence,
		    ") was made to fail; that pass ended with %s, the next, with memory "
		    "enough, with %s: %s",
		    number_of(event, "result")
			    ? plan_errno_name(number_of(event, "result"))
			    : "success",
		    plan_errno_name(afterwards), strerror(-afterwards));
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint = "Follow the error path from that line: what was made before it is "
		       "not undone.";
	return report_add_finding(report, &finding);
}

/*
 * A probe that fails does not fail the load: the open that follows finds no device, and
 * says so rightly.
 */
static bool is_absence(int result)
{
	return result == -ENOENT || result == -ENODEV || result == -ENXIO;
}

/* Alike for every site of one function, so that the report keeps one of them. */
static struct error *add_other(const json_t *event, const struct frames *frames,
			       const struct carried_list *modules, struct report *report)
{
	const struct frame *frame = driver_frame(frames, modules);
	_strbuf_ struct strbuf message = STRBUF_INIT;
	struct finding finding = { .rule = "ERR002", .level = LEVEL_SUGGESTION };
	int result = number_of(event, "result");

	if (!frame || is_absence(result))
		return NULL;
	finding.symbol = frame->function;
	finding.path = frame->file;
	finding.line = frame->line;
	strbuf_addf(&message, "%s answers %s where memory is short",
		    frame->function ? frame->function : "the driver",
		    plan_errno_name(result));
	finding.message = strbuf_string(&message);
	finding.hint = "Hand the error of what failed on; -ENOMEM tells the user to try "
		       "again.";
	return report_add_finding(report, &finding);
}

struct error *error_paths_add_site(const json_t *event, const char *leg,
				   const struct trace_context *context,
				   struct report *report)
{
	_frames_ struct frames frames = { 0 };
	bool broken = is_outcome(event, FAILALLOC_BROKEN);
	struct error *error;

	if (!broken && !is_outcome(event, FAILALLOC_OTHER))
		return NULL;
	error = trace_stack(json_text(event, "stack"), context, &frames);
	if (error)
		return error;
	return broken ? add_broken(event, leg, &frames, context->modules, report)
		      : add_other(event, &frames, context->modules, report);
}

struct error *error_paths_add_sweep(const json_t *event, struct report *report)
{
	const char *module = json_text(event, "module");
	_free_ char *name = NULL;
	struct error *error;

	if (asprintf(&name, "error_paths.%s%stried", module, *module ? "." : "") < 0) {
		name = NULL;
		return error_nomem();
	}
	error = report_measure(report, name, number_of(event, "tried"), "1");
	if (!error && number_of(event, "missed"))
		error = report_not_checked(report, true, "error paths",
					   "%d calls of the allocator went by unseen",
					   number_of(event, "missed"));
	if (!error && json_is_true(json_object_get(event, "unsteady")))
		error = report_not_checked(report, false, "some error paths",
					   "%s makes another number of allocations in "
					   "some passes",
					   *module ? module : "the step");
	return error;
}

/* What came of the allocations below one line of the driver's. */
struct line {
	char *function, *file;
	unsigned int number;
	uint64_t outcomes[FAILALLOC_UNREACHED + 1];
};

struct lines {
	struct line *items;
	size_t count, capacity;
};

static void lines_deinit(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->items[i].function);
		free(lines->items[i].file);
	}
	free(lines->items);
}

static bool is_line(const struct line *line, const struct frame *frame)
{
	return line->number == frame->line &&
	       !strcmp(line->function, frame->function ? frame->function : "?") &&
	       !strcmp(line->file, frame->file ? frame->file : "");
}

static struct error *line_of(struct lines *lines, const struct frame *frame,
			     struct line **ret)
{
	struct line line = { .number = frame->line };

	for (size_t i = 0; i < lines->count; i++)
		if (is_line(&lines->items[i], frame)) {
			*ret = &lines->items[i];
			return NULL;
		}
	line.function = strdup(frame->function ? frame->function : "?");
	line.file = strdup(frame->file ? frame->file : "");
	if (!line.function || !line.file ||
	    !array_grow(lines->items, lines->count, lines->capacity)) {
		free(line.function);
		free(line.file);
		return error_nomem();
	}
	lines->items[lines->count] = line;
	*ret = &lines->items[lines->count++];
	return NULL;
}

static struct error *add_to_lines(struct lines *lines, const json_t *event,
				  struct symbolizer *symbolizer,
				  const struct carried_list *modules)
{
	static const struct frame unknown = { .function = NULL };
	_frames_ struct frames frames = { 0 };
	struct error *error =
		trace_stack_with(json_text(event, "stack"), symbolizer, &frames);
	const struct frame *frame;
	struct line *line = NULL;

	if (error)
		return error;
	frame = driver_frame(&frames, modules);
	error = line_of(lines, frame ? frame : &unknown, &line);
	for (int i = 0; !error && i <= FAILALLOC_UNREACHED; i++)
		line->outcomes[i] += is_outcome(event, (enum failalloc_outcome)i);
	return error;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static json_t *lines_json(const struct lines *lines)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];
		json_t *item = json_pack("{s:s, s:s, s:i}", "function", line->function,
					 "file", line->file, "line", (int)line->number);

		for (int k = 0; k <= FAILALLOC_UNREACHED; k++)
			if (line->outcomes[k])
				json_object_set_new(
					item,
					failalloc_outcome_name((enum failalloc_outcome)k),
					json_integer((json_int_t)line->outcomes[k]));
		json_array_append_new(list, item);
	}
	return list;
}

static void lines_text(const json_t *value, const struct style *style, struct strbuf *out)
{
	const json_t *item, *count;
	const char *key;
	size_t i;

	(void)style;
	strbuf_adds(out, "\nAllocations that were made to fail\n");
	json_array_foreach((json_t *)value, i, item)
	{
		const char *file = json_text(item, "file"), *slash = strrchr(file, '/');

		strbuf_addf(out, "  %-28s ", json_text(item, "function"));
		if (*file)
			strbuf_addf(out, "%s:%d ", slash ? slash + 1 : file,
				    number_of(item, "line"));
		json_object_foreach((json_t *)item, key, count)
		{
			if (json_is_integer(count) && strcmp(key, "line"))
				strbuf_addf(out, "  %lld %s",
					    (long long)json_integer_value(count), key);
		}
		strbuf_addc(out, '\n');
	}
}

static const struct section lines_section = {
	.name = "error_paths",
	.text = lines_text,
	.order = 10,
};

struct error *error_paths_add_lines(const json_t *events,
				    const struct trace_context *context,
				    struct report *report)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *symbolizer = NULL;
	struct lines lines = { 0 };
	struct error *error = NULL;
	const json_t *event;
	size_t i;

	json_array_foreach((json_t *)events, i, event)
	{
		if (error || strcmp(json_text(event, "event"), "failed allocation"))
			continue;
		if (!symbolizer)
			error = trace_open(context, &symbolizer);
		if (!error)
			error = add_to_lines(&lines, event, symbolizer, context->modules);
	}
	if (!error && lines.count) {
		qsort(lines.items, lines.count, sizeof(*lines.items), compare_lines);
		error = report_add_section(report, &lines_section, lines_json(&lines));
	}
	lines_deinit(&lines);
	return error;
}
