/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/silence.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/strbuf.h"
#include "report/report.h"
#include "symbolizer/dump.h"
#include "symbolizer/panic.h"
#include "target/target.h"

/* Asks nothing of the guest: its memory, and from that every CPU's stack. */
static struct error *read_stacks(struct target *target,
				 const struct trace_context *context,
				 struct panic_log *log)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *symbolizer = NULL;
	_free_ char *path = NULL;
	const struct string_list none = { 0 };
	struct error *error =
		file_join(context->options->machine.folder, "silent.elf", &path);

	if (!error)
		error = target_dump(target, path);
	if (!error)
		error = trace_open(context, &symbolizer);
	if (!error) {
		const struct dump_request request = { .path = path, .layouts = &none };

		error = dump_read_panic(&request, symbolizer, log);
	}
	if (path)
		unlink(path);
	return error;
}

static bool is_ours(const struct frame *frame, const struct carried_list *modules)
{
	for (size_t i = 0; frame->module && i < modules->count; i++)
		if (modules->items[i].name &&
		    !strcmp(modules->items[i].name, frame->module))
			return true;
	return false;
}

/* The CPU that runs code of the driver; else the only one that does not idle, or NULL. */
static const struct panic_context *choose(const struct panic *panic,
					  const struct carried_list *modules)
{
	for (size_t i = 0; i < panic->context_count; i++)
		for (size_t k = 0; k < panic->contexts[i].frames.count; k++)
			if (panic->contexts[i].frames.items[k].kind != FRAME_GUESSED &&
			    is_ours(&panic->contexts[i].frames.items[k], modules))
				return &panic->contexts[i];
	return panic_guilty_context(panic);
}

/* "CPU 1: in refdrv_wait [refdrv]", a line each. */
static void add_places(const struct panic *panic, struct strbuf *evidence)
{
	for (size_t i = 0; i < panic->context_count; i++) {
		const struct panic_context *context = &panic->contexts[i];
		const struct frame *first =
			context->frames.count ? &context->frames.items[0] : NULL;

		strbuf_addf(evidence, "\n%s: ", context->name);
		if (first && first->function)
			strbuf_addf(evidence, "in %s", first->function);
		else if (first)
			strbuf_addf(evidence, "at 0x%llx",
				    (unsigned long long)first->address);
		else
			strbuf_adds(evidence, "unknown");
		if (first && first->module)
			strbuf_addf(evidence, " [%s]", first->module);
	}
}

struct error *silence_add(struct target *target, const struct trace_context *context,
			  const char *last_step, struct report *report)
{
	_strbuf_ struct strbuf evidence = STRBUF_INIT;
	struct panic_log *log = calloc(1, sizeof(*log));
	_error_ struct error *failure =
		log ? read_stacks(target, context, log) : error_nomem();
	const struct panic_context *stack = NULL;
	struct finding finding = {
		.rule = "CYC002",
		.level = LEVEL_ERROR,
		.message = "the whole machine stopped to answer",
		.hint = "Run it again with --hold, and look with 'bookend vm debug'.",
	};
	struct error *error;

	strbuf_adds(&evidence, last_step);
	if (failure) {
		strbuf_addf(&evidence, "\nno stacks: %s", error_message(failure));
	} else if (log->count) {
		stack = choose(&log->panics[0], context->modules);
		add_places(&log->panics[0], &evidence);
	}
	if (stack) {
		finding.stack = stack->frames.items;
		finding.stack_count = stack->frames.count;
	}
	finding.evidence = strbuf_string(&evidence);
	error = report_add_finding(report, &finding);
	panic_log_destroy(log);
	return error;
}
