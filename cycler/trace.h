/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel logs and stacks of the target, through the symbolizer. */
#pragma once

#include "common/strbuf.h"
#include "cycler/carry.h"
#include "cycler/run.h"
#include "symbolizer/symbolizer.h"

struct error;

/* Whose symbols are asked for. */
struct trace_context {
	const struct carried_list *modules;
	const struct run_options *options;
	const char *release; /* of the target's kernel */
};

/*
 * Finds panics and warnings in @text and adds their findings and the section "reports".
 * @last_step goes with what killed the target; may be NULL. The lines that belong to
 * those reports are added to @told. A report that repeats itself is told once, and
 * counted; its repeats are blanked in @text.
 */
struct error *trace_log(char *text, const char *name, const char *last_step,
			const struct trace_context *context, struct strbuf *told,
			struct report *report);

/* With the symbols of @context, for many stacks. */
struct error *trace_open(const struct trace_context *context, struct symbolizer **ret);

/* Frames of a stack as /proc/PID/stack has it. */
struct error *trace_stack(const char *stack, const struct trace_context *context,
			  struct frames *ret);
struct error *trace_stack_with(const char *stack, struct symbolizer *symbolizer,
			       struct frames *ret);

/* One line "[<0>] function+0x12/0x34 [module]", in place; false when it is none. */
bool trace_stack_line(char *line, struct symbol_place *ret);
