/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/error_paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "cycler/failalloc.h"

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

static int number_of(const json_t *event, const char *key)
{
	return (int)json_integer_value(json_object_get(event, key));
}

static bool is_outcome(const json_t *event, enum failalloc_outcome outcome)
{
	return !strcmp(text_of(event, "outcome"), failalloc_outcome_name(outcome));
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
	error = trace_stack(text_of(event, "stack"), context, &frames);
	if (error)
		return error;
	return broken ? add_broken(event, leg, &frames, context->modules, report)
		      : add_other(event, &frames, context->modules, report);
}

struct error *error_paths_add_sweep(const json_t *event, struct report *report)
{
	const char *module = text_of(event, "module");
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
