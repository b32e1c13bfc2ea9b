/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/interleave.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/dialect.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

enum part {
	PART_OTHER,
	PART_POINTER,
	PART_CODE,
	PART_REGISTERS,
	PART_HEADER,
	PART_FRAME,
	PART_HARDWARE,
	PART_MODULES,
	PART_END,
};

/* How each part begins; registers and frames have forms of their own. */
static const struct {
	const char *start;
	enum part part;
} starts[] = {
	{ "RIP: ", PART_POINTER },
	{ "EIP: ", PART_POINTER },
	{ "IP: ", PART_POINTER },
	{ "pc : ", PART_POINTER },
	{ "PC is at ", PART_POINTER },
	{ "epc : ", PART_POINTER },
	{ "Code: ", PART_CODE },
	{ "Call Trace:", PART_HEADER },
	{ "Call trace:", PART_HEADER },
	{ "Backtrace:", PART_HEADER },
	{ "Modules linked in:", PART_MODULES },
	{ "Hardware name:", PART_HARDWARE },
	{ "---[ end ", PART_END },
};

/* A stack ends where a task, a system call or an interrupt of user space begins. */
static const char *const bottoms[] = {
	"ret_from_fork",     "entry_SYSCALL_64", "entry_INT80",	     "secondary_startup",
	"cpu_startup_entry", "start_kernel",	 "el0t_64_sync",     "el0_svc",
	"ret_fast_syscall",  "ret_from_syscall", "system_call_fast", "kthread_start",
};

int interleave_cpu(const struct logline *line)
{
	static const char *const marks[] = { "CPU: ", "CPU#" };

	for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
		const char *at = logline_find(line, marks[i]);
		const char *end = line->text + line->length;
		int value = 0;

		if (!at)
			continue;
		at += strlen(marks[i]);
		if (at == end || !isdigit((unsigned char)*at))
			continue;
		for (; at < end && isdigit((unsigned char)*at) && value < 100000; at++)
			value = value * 10 + (*at - '0');
		return value;
	}
	return -1;
}

static bool is_registers(const struct logline *line)
{
	const char *colon = memchr(line->text, ':', line->length < 8 ? line->length : 8);
	const char *p = colon ? colon + 1 : NULL, *end = line->text + line->length;
	int digits = 0;

	while (p && p < end && (*p == ' ' || *p == '['))
		p++;
	for (; p && p < end && isxdigit((unsigned char)*p); p++)
		digits++;
	return digits == 4 || digits == 8 || digits == 16;
}

static enum part part_of(const struct logline *line)
{
	struct trace_place place;

	for (size_t i = 0; i < ARRAY_LENGTH(starts); i++)
		if (logline_starts(line, starts[i].start))
			return starts[i].part;
	if (trace_read_frame(line, &place))
		return PART_FRAME;
	return is_registers(line) ? PART_REGISTERS : PART_OTHER;
}

static bool has_stack(const struct event *event)
{
	const struct panic *p = &event->panic;
	const struct panic_context *last =
		p->context_count ? &p->contexts[p->context_count - 1] : NULL;

	return last && last->frames.count > (event->fault_seen ? 1 : 0);
}

/* Whether the last stack has met its bottom. */
static bool is_complete(const struct event *event)
{
	const struct panic *p = &event->panic;
	const struct panic_context *last =
		p->context_count ? &p->contexts[p->context_count - 1] : NULL;
	const char *function;

	if (event->closed)
		return true;
	if (!last || !last->frames.count)
		return false;
	function = last->frames.items[last->frames.count - 1].function;
	for (size_t i = 0; function && i < ARRAY_LENGTH(bottoms); i++)
		if (!strncmp(function, bottoms[i], strlen(bottoms[i])))
			return true;
	return false;
}

bool interleave_unfinished(const struct event *event)
{
	return !event->dialect->consume && event->idle < 4 && !is_complete(event);
}

/* Whether the first register of the line is known already. */
static bool has_register(const struct event *event, const struct logline *line)
{
	const struct panic *p = &event->panic;
	const char *colon = memchr(line->text, ':', line->length);
	size_t length = colon ? (size_t)(colon - line->text) : 0;

	while (length && line->text[length - 1] == ' ')
		length--;

	for (size_t i = 0; i < p->register_count; i++)
		if (strlen(p->registers[i].name) == length &&
		    !strncasecmp(p->registers[i].name, line->text, length))
			return true;
	return false;
}

/* Whether the part can come next in the report. */
static bool wants(const struct event *event, enum part part, const struct logline *line)
{
	const struct panic *p = &event->panic;

	switch (part) {
	case PART_POINTER:
		return !event->fault_seen && !event->stack_begun;
	case PART_CODE:
		return !p->code && event->fault_seen;
	case PART_REGISTERS:
		return event->fault_seen && !event->stack_begun &&
		       !has_register(event, line);
	case PART_HEADER:
		return !event->stack_begun;
	case PART_FRAME:
		return event->stack_begun && !is_complete(event);
	case PART_HARDWARE:
		return !p->hardware;
	case PART_MODULES:
		return !p->module_count;
	case PART_END:
		return has_stack(event) && !event->closed;
	default:
		return !is_complete(event);
	}
}

static struct event *serve(struct interleave *i, int number)
{
	i->last[1] = i->last[0];
	i->last[0] = number;
	return i->events[number];
}

struct event *interleave_choose(struct interleave *i, const struct logline *line)
{
	int cpu = logline_find(line, "Comm: ") ? interleave_cpu(line) : -1;
	enum part part = part_of(line);
	bool first, second;
	int turn;

	for (int n = 0; cpu >= 0 && n < 2; n++)
		if (i->events[n]->cpu == cpu)
			return serve(i, n);
	first = wants(i->events[0], part, line);
	second = wants(i->events[1], part, line);
	i->lines++;
	if (first != second)
		return serve(i, second);
	if (!first && part != PART_OTHER)
		return NULL;
	/* They take turns, or one has the word: as it was with the last two lines. */
	turn = i->last[0] == i->last[1] ? i->last[0] : i->last[1];
	i->unsure += part != PART_OTHER;
	return serve(i, turn);
}

struct error *interleave_finish(struct interleave *i)
{
	for (int n = 0; n < 2; n++) {
		struct panic *p = &i->events[n]->panic;
		char text[160];

		p->confidence = 100 - (int)(100 * i->unsure / (i->lines ? i->lines : 1));
		snprintf(text, sizeof(text),
			 "CPU %d and CPU %d spoke at once: %u of %u lines could be of "
			 "either (confidence %d %%)",
			 i->events[0]->cpu, i->events[1]->cpu, i->unsure, i->lines,
			 p->confidence);
		if (i->unsure && !panic_set(&p->corrupted, text, strlen(text)))
			return error_nomem();
	}
	return NULL;
}
