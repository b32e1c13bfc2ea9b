/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/dialects/macos_powerpc.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "common/error.h"
#include "symbolizer/dialect.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

enum { MSR_PROBLEM_STATE = 0x4000 }; /* in user space */

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

static bool starts(const char *p, const char *end, const char *prefix)
{
	size_t length = strlen(prefix);

	return (size_t)(end - p) >= length && !memcmp(p, prefix, length);
}

/* "0x" and up to 16 digits; NULL when there is no number. */
static const char *read_number(const char *p, const char *end, uint64_t *ret)
{
	uint64_t value = 0;
	int digits = 0;

	if (!starts(p, end, "0x"))
		return NULL;
	for (p += 2; p < end && isxdigit((unsigned char)*p) && digits < 16; p++, digits++)
		value = value << 4 |
			(uint64_t)(isdigit((unsigned char)*p) ? *p - '0'
							      : (*p | 32) - 'a' + 10);
	*ret = value;
	return digits ? p : NULL;
}

bool powerpc_read_trap(struct event *event, const char *text, const char *end)
{
	uint64_t number;
	const char *p = read_number(skip_blanks(text, end), end, &number), *stop;
	size_t length;

	if (!p || !starts(p, end, " - "))
		return false;
	p += 3;
	stop = memmem(p, end - p, " DAR=", 5);
	length = (stop ? stop : end) - p;
	if (length >= EVENT_TEXT)
		return false;
	memcpy(event->what, p, length);
	event->what[length] = 0;
	event->title = "kernel trap: {w} in {f}";
	event->panic.type =
		number == 0x300 || number == 0x400 ? "MEMORY_SAFETY_BUG" : "DoS";
	return panic_set(&event->panic.arch, "ppc", 3);
}

static void add_frame(struct event *event, struct powerpc *state, uint64_t address,
		      enum frame_kind kind, const char *raw, const char *end)
{
	struct panic *p = &event->panic;
	struct trace_place place = { .address = address };
	struct panic_context *context;

	if (!address)
		return;
	if (state->next || !p->context_count)
		panic_add_context(p, state->next ? state->next : "Backtrace");
	state->next = NULL;
	context = p->context_count ? &p->contexts[p->context_count - 1] : NULL;
	if (context)
		error_destroy(panic_add_place(context, &place, kind, raw, end - raw));
}

/* "PC=0x…; MSR=0x…; DAR=0x…": of the first state they are kept as registers. */
static bool read_state(struct event *event, struct powerpc *state, const char *text,
		       const char *end)
{
	bool first = !event->panic.register_count;
	uint64_t counter = 0, msr = 0, value;

	if (!starts(text, end, "PC=0x"))
		return false;
	for (const char *p = text; p < end; p = skip_blanks(p, end)) {
		const char *name = p, *after;

		while (p < end && isalnum((unsigned char)*p))
			p++;
		after = p < end && *p == '=' ? read_number(p + 1, end, &value) : NULL;
		if (!after)
			break;
		if (starts(name, end, "PC="))
			counter = value;
		else if (starts(name, end, "MSR="))
			msr = value;
		if (first && !starts(name, end, "XCP="))
			panic_add_register(&event->panic, name, p - name, value);
		p = after < end && *after == ';' ? after + 1 : after;
	}
	if (msr & MSR_PROBLEM_STATE)
		state->next = NULL;
	else
		add_frame(event, state, counter, FRAME_EXACT, text, end);
	return true;
}

/* Nothing but addresses: all of them, or false. */
static bool read_list(struct event *event, struct powerpc *state, const char *text,
		      const char *end)
{
	uint64_t value;

	for (const char *p = text; p && p < end; p = skip_blanks(p, end)) {
		p = read_number(p, end, &value);
		if (!p || (p < end && !isspace((unsigned char)*p)))
			return false;
	}
	for (const char *p = text, *next; p < end; p = skip_blanks(next, end)) {
		next = read_number(p, end, &value);
		if (!next)
			break;
		add_frame(event, state, value, FRAME_RETURN, p, next);
	}
	return text < end;
}

bool powerpc_read(struct event *event, struct powerpc *state, const char *text,
		  const char *end)
{
	if (starts(text, end, "Latest crash info for cpu") ||
	    starts(text, end, "Latest stack backtrace for cpu")) {
		state->next = "Backtrace";
	} else if (starts(text, end, "Exception state (sv=")) {
		if (!state->next)
			state->next = "Exception state";
	} else if (starts(text, end, "previously dumped as")) {
		state->next = NULL;
	} else if (starts(text, end, "Proceeding back via exception chain")) {
		state->next = NULL;
	} else if (state->silent) {
		return false;
	} else if (starts(text, end, "Backtrace:")) {
		const char *rest = skip_blanks(text + strlen("Backtrace:"), end);

		state->list = true;
		if (rest < end && !starts(rest, end, "0x"))
			return false;
		read_list(event, state, rest, end);
	} else if (read_state(event, state, text, end)) {
		state->list = false;
	} else {
		return state->list && read_list(event, state, text, end);
	}
	return true;
}
