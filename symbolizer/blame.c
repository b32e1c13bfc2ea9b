/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/blame.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "symbolizer/blame_names.h"
#include "symbolizer/demangle.h"
#include "symbolizer/dialect.h"
#include "symbolizer/panic_model.h"

void blame_normalize(const char *function, char *ret, size_t size)
{
	size_t length;

	/* Descriptors of 64-bit PowerPC: the code itself has a dot before its name. */
	function += function[0] == '.' && function[1];
	length = strcspn(function, ".");

	/* C++ and Rust keep their names. */
	if (!strncmp(function, "_Z", 2) || !strncmp(function, "_R", 2) || !length)
		length = strlen(function);
	snprintf(ret, size, "%.*s", (int)(length < size ? length : size - 1), function);
}

static bool is_wait(const char *name)
{
	return blame_named(BLAME_WAITS, name);
}

static bool is_giver(const char *name)
{
	return blame_named(BLAME_GIVERS, name);
}

bool blame_is_helper(const char *function)
{
	char name[128];

	blame_normalize(function, name, sizeof(name));
	return blame_named(BLAME_HELPERS, name);
}

/* One stack, as blame sees it. */
struct stack {
	const struct panic *panic;
	const struct panic_context *context;
	enum blame blame;
	size_t first; /* frame to begin with */
};

static const char *name_at(const struct stack *stack, size_t i, char *buffer, size_t size)
{
	const struct frame *frame = &stack->context->frames.items[i];

	if (!frame->function || frame->kind == FRAME_GUESSED)
		return NULL;
	blame_normalize(frame->function, buffer, size);
	return buffer;
}

/* A driver from outside the kernel helps nobody, whatever its functions are called. */
static bool is_foreign(const struct stack *stack, const struct frame *frame)
{
	for (size_t i = 0; frame->module && i < stack->panic->module_count; i++) {
		const struct panic_module *module = &stack->panic->modules[i];

		if (module->flags && strchr(module->flags, 'O') &&
		    !strcmp(module->name, frame->module))
			return true;
	}
	return false;
}

static bool passed_over(const struct stack *stack, const struct frame *frame,
			const char *name)
{
	if (is_foreign(stack, frame))
		return false;
	if (stack->blame == BLAME_WAIT) {
		/* Who waits while it exits is no consequence of an oops. */
		if (!strcmp(name, "do_exit"))
			return false;
		if (is_wait(name))
			return true;
	}
	if (stack->blame == BLAME_ALLOCATION && !frame->module &&
	    blame_named(BLAME_ALLOCATORS, name))
		return true;
	return blame_named(BLAME_HELPERS, name);
}

/* Whether @inner is the inner half of @outer, as do_x and __x are of x. */
static bool is_inner_half(const char *inner, const char *outer)
{
	static const char *const marks[] = { "do_", "__", "___", "_" };

	for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
		if (!strncmp(inner, marks[i], strlen(marks[i])) &&
		    !strcmp(inner + strlen(marks[i]), outer))
			return true;
	return false;
}

/* The waiting half of a function is called by the name that others know it by. */
static const struct frame *outer_half(const struct stack *stack, size_t i,
				      const char *name)
{
	const struct frames *frames = &stack->context->frames;
	char outer[128];

	if (stack->blame == BLAME_WAIT && i + 1 < frames->count &&
	    name_at(stack, i + 1, outer, sizeof(outer)) && is_inner_half(name, outer))
		return &frames->items[i + 1];
	return &frames->items[i];
}

/* An exception met by a handler: what lies below it is another story. */
static bool ends_story(const struct stack *stack, size_t i, const char *name)
{
	if (stack->blame == BLAME_FAULT)
		return i > stack->first && blame_named(BLAME_EXCEPTIONS, name);
	return stack->blame == BLAME_NAMED && blame_named(BLAME_ENTRIES, name);
}

/* The first frame that is not passed over. */
static const struct frame *first_guilty(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	char name[128];

	for (size_t i = stack->first; i < frames->count; i++) {
		if (!name_at(stack, i, name, sizeof(name)))
			continue;
		if (ends_story(stack, i, name))
			return NULL;
		if (!passed_over(stack, &frames->items[i], name))
			return outer_half(stack, i, name);
	}
	return NULL;
}

/* The frame that the first interrupt of the stack met. */
static size_t interrupted(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	size_t exact = stack->first;
	char name[128];

	/* The log tells itself where the instruction pointer stood. */
	if (stack->first < frames->count &&
	    frames->items[stack->first].kind == FRAME_EXACT)
		return stack->first;
	for (size_t i = stack->first; i < frames->count; i++) {
		if (!name_at(stack, i, name, sizeof(name)))
			continue;
		if (blame_named(BLAME_ENTRIES, name))
			return i + 1;
		if (frames->items[i].kind == FRAME_EXACT && exact == stack->first)
			exact = i;
	}
	return exact;
}

/* __x64_sys_mount only calls ksys_mount: the latter is the better name. */
static const struct frame *inner_call(const struct stack *stack,
				      const struct frame *frame)
{
	const struct frame *inner = frame - 1;
	const char *outer_name, *inner_name;

	if (frame <= stack->context->frames.items || !inner->function)
		return frame;
	outer_name = strstr(frame->function, "sys_");
	inner_name = strncmp(inner->function, "ksys_", 5) ? NULL : inner->function + 1;
	return outer_name && inner_name && !strcmp(outer_name, inner_name) ? inner
									   : frame;
}

/* What calls other CPUs waits for them: that is the answer wherever it stands on top. */
static bool calls_others(const char *name)
{
	return !strncmp(name, "smp_call_function", 17);
}

/*
 * Who had control when the kernel stopped: passes over those who noticed, then gives
 * the frame that a giver called; without one, the first that is left.
 */
static const struct frame *stalled(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	const struct frame *fallback = NULL, *before = NULL, *giver = NULL;
	size_t start = interrupted(stack);
	char name[128];

	for (size_t i = start; i < frames->count; i++) {
		if (!name_at(stack, i, name, sizeof(name)))
			continue;
		if (is_giver(name) && before)
			return inner_call(stack, before);
		if (!giver && !fallback && strstr(name, "_compat_ioctl"))
			giver = &frames->items[i];
		if (!fallback && calls_others(name))
			return &frames->items[i];
		if (blame_named(BLAME_WATCHERS, name) ||
		    (!fallback && (blame_named(BLAME_HELPERS, name) || is_wait(name))))
			continue;
		if (!fallback && !is_giver(name))
			fallback = &frames->items[i];
		if (!is_giver(name))
			before = &frames->items[i];
	}
	return fallback ? fallback : giver;
}

/* What recursed until the stack was full. */
static const struct frame *repeated(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	const struct frame *one = first_guilty(stack);
	int times = 0;

	for (size_t i = 0; one && i < frames->count && i < 32; i++)
		times += frames->items[i].function &&
			 !strcmp(frames->items[i].function, one->function);
	return times >= 4 ? one : NULL;
}

/* Skips to below the last frame of that name, where event->after names one. */
static void skip_after(const struct event *event, struct stack *stack)
{
	char name[128];

	for (size_t i = stack->first; event->after[0] && i < stack->context->frames.count;
	     i++)
		if (name_at(stack, i, name, sizeof(name)) && !strcmp(name, event->after))
			stack->first = i + 1;
}

static const struct frame *search(const struct event *event, struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;

	if (event->blame == BLAME_STALL)
		return stalled(stack);
	if (event->blame == BLAME_OVERFLOW) {
		const struct frame *again = repeated(stack);

		return again ? again : stalled(stack);
	}
	/* A fault: what lies above the faulting instruction only handled it. */
	for (size_t i = 0; event->blame == BLAME_FAULT && i < frames->count; i++)
		if (frames->items[i].kind == FRAME_EXACT) {
			stack->first = i;
			break;
		}
	skip_after(event, stack);
	return first_guilty(stack);
}

static bool is_guilty_place(const struct panic_context *context)
{
	static const char *const others[] = { "Allocated",  "Freed",	"allocated",
					      "freed",	    "Last pot", "Second",
					      "Uninit",	    "page ",	"Preempt",
					      "irq state",  "locks",	"other CPUs",
					      "workqueues", "-> #",	"the existing",
					      "{",	    "is freed", "Local var" };

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (!strncmp(context->name, others[i], strlen(others[i])))
			return false;
	return true;
}

static bool is_preferred(const struct event *event, const struct panic_context *context)
{
	return !strncmp(context->name, event->prefer, strlen(event->prefer));
}

/* Some reports are about where the object came from, when that is told. */
static bool may_be_guilty(const struct event *event, const struct panic_context *context)
{
	const struct panic *p = &event->panic;

	for (size_t i = 0; event->prefer[0] && i < p->context_count; i++)
		if (is_preferred(event, &p->contexts[i]) && p->contexts[i].frames.count)
			return is_preferred(event, context);
	return is_guilty_place(context);
}

/* As people write it: C++ and Rust without mangling, parameters and crate hashes. */
static struct error *set_function(struct panic *p, const char *function)
{
	_free_ char *pretty = demangle(function);
	char name[EVENT_TEXT];

	if (pretty && !strncmp(function, "_Z", 2))
		pretty[strcspn(pretty, "(")] = 0;
	if (pretty && *pretty)
		snprintf(name, sizeof(name), "%s", pretty);
	else
		blame_normalize(function, name, sizeof(name));
	return panic_set(&p->function, name, strlen(name)) ? NULL : error_nomem();
}

static struct error *accuse(struct panic *p, const struct frame *frame)
{
	struct error *error = frame->function ? set_function(p, frame->function) : NULL;

	if (error || !frame->module)
		return error;
	return panic_set(&p->module, frame->module, strlen(frame->module))
		       ? NULL
		       : error_nomem();
}

/* The frame of the function that the first line names, or NULL. */
static const struct frame *find_named(const struct event *event)
{
	const struct panic *p = &event->panic;

	for (size_t i = 0; i < p->context_count; i++)
		for (size_t j = 0; j < p->contexts[i].frames.count; j++) {
			const struct frame *one = &p->contexts[i].frames.items[j];

			if (one->function && !strcmp(one->function, event->named))
				return one;
		}
	return NULL;
}

static struct error *accuse_named(struct event *event)
{
	const struct frame *found = find_named(event);
	struct frame frame = { .function = event->named,
			       .module = found ? found->module : NULL };

	return accuse(&event->panic, &frame);
}

static bool named_a_helper(const struct event *event)
{
	const struct stack stack = { .panic = &event->panic };
	const struct frame *frame = find_named(event);
	char name[128];

	blame_normalize(event->named, name, sizeof(name));
	return !event->named[0] || (blame_named(BLAME_HELPERS, name) &&
				    !(frame && is_foreign(&stack, frame)));
}

/* Nothing but helpers: then where it happened is all that can be said. */
static struct error *accuse_the_place(struct event *event, struct panic_context *context)
{
	const struct frames *frames = &context->frames;

	if (event->blame == BLAME_NAMED && event->named[0])
		return accuse_named(event);
	for (size_t i = 0; event->blame == BLAME_FAULT && i < frames->count; i++)
		if (frames->items[i].kind == FRAME_EXACT && frames->items[i].function)
			return accuse(&event->panic, &frames->items[i]);
	return NULL;
}

struct error *blame_choose(struct event *event)
{
	struct panic *p = &event->panic;
	struct panic_context *first = NULL;

	if ((event->blame == BLAME_NAMED && !named_a_helper(event)) ||
	    (event->blame == BLAME_GIVEN && event->named[0])) {
		struct error *error = accuse_named(event);

		if (error)
			return error;
	}
	for (size_t i = 0; i < p->context_count; i++) {
		struct stack stack = { p, &p->contexts[i], event->blame, 0 };
		const struct frame *frame;

		if (!stack.context->frames.count || !may_be_guilty(event, stack.context))
			continue;
		if (!first)
			first = &p->contexts[i];
		frame = p->function || event->blame == BLAME_NOBODY
				? NULL
				: search(event, &stack);
		if (!frame)
			continue;
		p->contexts[i].guilty = true;
		return accuse(p, frame);
	}
	if (!first)
		return NULL;
	first->guilty = true;
	return p->function ? NULL : accuse_the_place(event, first);
}

struct error *blame_resolved(struct panic *p, const struct panic_context *context,
			     size_t from)
{
	const struct stack stack = { .panic = p };

	for (size_t i = from; i < context->frames.count; i++) {
		const struct frame *frame = &context->frames.items[i];
		char name[128];

		if (!frame->function || frame->kind == FRAME_INLINE ||
		    frame->kind == FRAME_GUESSED)
			continue;
		if (p->module && (!frame->module || strcmp(p->module, frame->module)))
			continue;
		blame_normalize(frame->function, name, sizeof(name));
		if (is_foreign(&stack, frame) || !blame_named(BLAME_HELPERS, name))
			return accuse(p, frame);
	}
	return NULL;
}
