/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/blame.h"
#include "symbolizer/dialect.h"
#include "symbolizer/event.h"
#include "symbolizer/interleave.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trigger.h"

enum {
	OPEN_LIMIT = 8,	  /* reports of several CPUs at once */
	IDLE_LIMIT = 300, /* foreign lines within a report */
	IDLE_AFTER_END = 40,
	HELD_LIMIT = 30, /* lines until it must be clear who speaks */
	MATCH_LIMIT = 12,
	RAW_LIMIT = 16 << 20, /* one line: a macOS report may be one */
};

struct panic_reader {
	panic_sink *sink;
	void *context;
	struct triggers *triggers;
	struct event *open[OPEN_LIMIT]; /* the latest is the last */
	size_t open_count;
	struct event *held; /* broken off by another one; it may be going on */
	struct interleave mix;
	bool mixed;		   /* two CPUs speak at once */
	const struct event *owner; /* of the line that is being read, while they do */
	bool owner_known;
	struct strbuf rest; /* of a line whose end has not come */
	uint64_t number, offset;
	bool stamped;  /* a kernel has spoken */
	bool skipping; /* the rest of a line that is too long */
	char scratch[LOGLINE_LIMIT + 1];
};

struct error *panic_reader_create(panic_sink *sink, void *context,
				  struct panic_reader **ret)
{
	_cleanup_(panic_reader_destroy) struct panic_reader *r = calloc(1, sizeof(*r));
	struct error *error;

	if (!r)
		return error_nomem();
	r->sink = sink;
	r->context = context;
	error = triggers_create(&r->triggers);
	if (!error)
		*ret = take(r);
	return error;
}

void panic_reader_destroy(struct panic_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->open_count; i++)
		event_destroy(r->open[i]);
	triggers_destroy(r->triggers);
	strbuf_deinit(&r->rest);
	free(r);
}

/* One of two that spoke at once is complete: the other one has the rest for itself. */
static struct error *end_mix(struct panic_reader *r)
{
	r->mixed = false;
	r->held = NULL;
	return interleave_finish(&r->mix);
}

static struct error *close_event(struct panic_reader *r, size_t number)
{
	struct event *event = r->open[number];
	struct error *error = NULL;

	if (r->mixed && (event == r->mix.events[0] || event == r->mix.events[1]))
		error = end_mix(r);
	if (error)
		return error;
	if (event == r->held)
		r->held = NULL;
	memmove(&r->open[number], &r->open[number + 1],
		(r->open_count - number - 1) * sizeof(*r->open));
	r->open_count--;
	error = event_finish(event);
	if (!error)
		error = r->sink(r->context, &event->panic);
	event_destroy(event);
	return error;
}

static ptrdiff_t number_of(const struct panic_reader *r, const struct event *event)
{
	for (size_t i = 0; i < r->open_count; i++)
		if (r->open[i] == event)
			return (ptrdiff_t)i;
	return -1;
}

/* The open report that the line belongs to, or -1. */
static ptrdiff_t owner_of(const struct panic_reader *r, const struct logline *line)
{
	if (r->mixed && !line->caller[0] && r->owner_known)
		return number_of(r, r->owner);
	for (size_t i = r->open_count; i-- > 0;)
		if (!strcmp(r->open[i]->caller, line->caller))
			return (ptrdiff_t)i;
	if (!r->open_count)
		return -1;
	/* Other CPUs answer to a stall; and parts of a log may lack their caller. */
	if (!line->caller[0] || !r->open[r->open_count - 1]->caller[0] ||
	    event_takes_others(r->open[r->open_count - 1]))
		return (ptrdiff_t)r->open_count - 1;
	return -1;
}

static bool refused(const struct pattern *pattern, const struct logline *line)
{
	for (size_t i = 0; pattern->unless && pattern->unless[i]; i++)
		if (logline_find(line, pattern->unless[i]))
			return true;
	return false;
}

/*
 * A report begins while another is open. Mostly that one is over; but without caller ids
 * it may be going on, told by another CPU: until the CPUs are known it is held.
 */
static struct error *break_off(struct panic_reader *r, size_t owner,
			       const struct logline *line)
{
	struct event *event = r->open[owner];
	struct error *error = NULL;

	if (r->mixed || line->caller[0] || !interleave_unfinished(event))
		return close_event(r, owner);
	if (r->held)
		error = close_event(r, (size_t)number_of(r, r->held));
	r->held = event;
	return error;
}

/* Decides about a report that is held, as soon as both CPUs are known. */
static struct error *settle_held(struct panic_reader *r, const struct logline *line)
{
	struct event *latest = r->open[r->open_count - 1];
	int cpu = logline_find(line, "Comm: ") ? interleave_cpu(line) : -1;

	if (latest == r->held) {
		r->held = NULL;
		return NULL;
	}
	/* The second CPU introduces itself within the report that has the first one's. */
	if (cpu >= 0 && r->held->cpu < 0 && latest->cpu >= 0 && latest->cpu != cpu)
		r->held->cpu = cpu;
	else if (cpu >= 0 && latest->cpu < 0)
		latest->cpu = cpu;
	if (r->held->cpu >= 0 && latest->cpu >= 0 && r->held->cpu != latest->cpu) {
		r->mix = (struct interleave){ .events = { r->held, latest },
					      .last = { 1, 0 } };
		r->mixed = true;
		r->held = NULL;
		return NULL;
	}
	if ((r->held->cpu >= 0 && latest->cpu >= 0) ||
	    line->number - latest->panic.line > HELD_LIMIT)
		return close_event(r, (size_t)number_of(r, r->held));
	return NULL;
}

static struct error *open_event(struct panic_reader *r, struct event *event,
				const struct logline *line, ptrdiff_t owner)
{
	struct error *error = NULL;

	event->panic.line = event->begun ? event->begun : line->number;
	event->panic.start = event->begun ? event->begun_at : line->offset;
	memcpy(event->caller, line->caller, sizeof(event->caller));
	if (owner >= 0)
		error = break_off(r, (size_t)owner, line);
	if (!error && r->open_count == OPEN_LIMIT)
		error = close_event(r, 0);
	if (error) {
		event_destroy(event);
		return error;
	}
	r->open[r->open_count++] = event;
	event_extend(event, line);
	return NULL;
}

/* A report of one line, amid another that goes on. */
static struct error *tell_single(struct panic_reader *r, struct event *event,
				 const struct logline *line)
{
	struct error *error;

	event->panic.line = line->number;
	event->panic.start = line->offset;
	event_extend(event, line);
	error = event_finish(event);
	if (!error)
		error = r->sink(r->context, &event->panic);
	event_destroy(event);
	return error;
}

/*
 * The message of a warning stands below its first line. Where it tells what kind of error
 * it is about (a list, a lockup), the warning is nothing by itself.
 */
static bool is_explained(const struct event *warning, const struct event *event,
			 const struct logline *line)
{
	return !strcmp(warning->dialect->name, "warning") &&
	       strcmp(event->dialect->name, "warning") != 0 &&
	       !warning->panic.context_count && line->number - warning->panic.line <= 2;
}

/* @event goes on from where the warning began. */
static void discard(struct panic_reader *r, size_t number, struct event *event)
{
	struct event *warning = r->open[number];

	event->cpu = event->cpu < 0 ? warning->cpu : event->cpu;
	event->begun = warning->panic.line;
	event->begun_at = warning->panic.start;
	if (warning == r->held)
		r->held = NULL;
	memmove(&r->open[number], &r->open[number + 1],
		(r->open_count - number - 1) * sizeof(*r->open));
	r->open_count--;
	event_destroy(warning);
}

/*
 * Whether the line starts a report, or joins an open one as its consequence.
 */
static struct error *try_triggers(struct panic_reader *r, const struct logline *line,
				  bool *ret)
{
	struct trigger_match matches[MATCH_LIMIT];
	size_t count = triggers_find(r->triggers, line->text, line->length, matches,
				     MATCH_LIMIT);
	ptrdiff_t owner = count ? owner_of(r, line) : -1;

	*ret = false;
	for (size_t i = 0; i < count; i++) {
		struct event *event;
		struct error *error;

		if (refused(matches[i].pattern, line))
			continue;
		if (owner >= 0 && event_joins(r->open[owner], matches[i].pattern, line))
			return NULL;
		error = event_create(matches[i].dialect, matches[i].pattern, line,
				     matches[i].at, &event);
		if (error)
			return error;
		if (!event)
			continue;
		*ret = true;
		if (owner >= 0 && is_explained(r->open[owner], event, line)) {
			discard(r, (size_t)owner, event);
			owner = -1;
		}
		if (owner >= 0 && matches[i].pattern->single)
			return tell_single(r, event, line);
		return open_event(r, event, line, owner);
	}
	return NULL;
}

/* Of a long line of JSON, what matters may lie behind what is kept. */
static void show_key(struct logline *line)
{
	const char *key = memmem(line->raw, line->raw_length, "anicString\"", 11);

	if (!key)
		return;
	while (key > line->raw && *key != '"')
		key--;
	line->text = key;
	line->length = line->raw + line->raw_length - key;
	if (line->length > 24)
		line->length = 24;
}

static struct error *read_line(struct panic_reader *r, const char *raw, size_t length)
{
	struct logline line;
	struct error *error = NULL;
	ptrdiff_t owner;
	bool started = false;

	logline_read(raw, length, r->scratch, &line);
	if (length > LOGLINE_LIMIT)
		show_key(&line);
	line.after_kernel = r->stamped;
	r->stamped |= line.stamped;
	line.number = ++r->number;
	line.offset = r->offset;
	r->offset += length + 1;
	r->owner_known = false;
	if (r->held && r->open_count && line.length)
		error = settle_held(r, &line);
	if (error)
		return error;
	if (r->mixed && line.length && !line.caller[0]) {
		r->owner = interleave_choose(&r->mix, &line);
		r->owner_known = true;
	}
	owner = r->open_count ? owner_of(r, &line) : -1;
	if (owner >= 0 && event_takes(r->open[owner], &line))
		return NULL;
	error = line.length ? try_triggers(r, &line, &started) : NULL;
	if (error || started)
		return error;
	owner = r->open_count ? owner_of(r, &line) : -1;
	if (owner >= 0)
		error = event_line(r->open[owner], &line);
	for (size_t i = r->open_count; !error && i-- > 0;) {
		struct event *event = r->open[i];

		event->idle++;
		if (event->idle > IDLE_LIMIT ||
		    (event->closed && event->idle > IDLE_AFTER_END))
			error = close_event(r, i);
	}
	return error;
}

static struct error *add_rest(struct panic_reader *r, const char *data, size_t size)
{
	if (r->rest.length + size > RAW_LIMIT) {
		r->skipping = true;
		size = RAW_LIMIT - r->rest.length;
	}
	strbuf_add(&r->rest, data, size);
	return strbuf_error(&r->rest);
}

struct error *panic_reader_feed(struct panic_reader *r, const char *data, size_t size)
{
	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		struct error *error = NULL;

		if (!end || r->rest.length)
			error = add_rest(r, data, length);
		if (error)
			return error;
		if (!end)
			return NULL;
		error = r->rest.length ? read_line(r, r->rest.data, r->rest.length)
				       : read_line(r, data, length);
		strbuf_truncate(&r->rest, 0);
		if (error)
			return error;
		data += length + 1;
		size -= length + 1;
	}
	return NULL;
}

struct error *panic_reader_flush(struct panic_reader *r)
{
	struct error *error = NULL;

	while (!error && r->open_count)
		error = close_event(r, 0);
	return error;
}

struct error *panic_reader_finish(struct panic_reader *r)
{
	struct error *error = NULL;

	if (r->rest.length)
		error = read_line(r, r->rest.data, r->rest.length);
	strbuf_truncate(&r->rest, 0);
	return error ? error : panic_reader_flush(r);
}

static struct error *add_to_log(void *context, struct panic *panic)
{
	return panic_log_add(context, panic);
}

struct error *panic_parse(const char *text, size_t size, struct panic_log **ret)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	_cleanup_(panic_reader_destroy) struct panic_reader *reader = NULL;
	struct error *error;

	if (!log)
		return error_nomem();
	error = panic_reader_create(add_to_log, log, &reader);
	if (!error)
		error = panic_reader_feed(reader, text, size);
	if (!error)
		error = panic_reader_finish(reader);
	if (error)
		return error;
	panic_log_sort(log);
	*ret = take(log);
	return NULL;
}
