/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report while its lines come in; see dialect.h for struct event. */
#pragma once

#include <stdbool.h>

struct dialect;
struct error;
struct event;
struct logline;
struct pattern;

/* NULL in @ret: the line is no start of a report after all. */
struct error *event_create(const struct dialect *dialect, const struct pattern *pattern,
			   const struct logline *line, const char *at,
			   struct event **ret);
void event_destroy(struct event *event);

/* Whether @pattern, found while @event is open, is a consequence of it. */
bool event_joins(struct event *event, const struct pattern *pattern,
		 const struct logline *line);

/* Whether lines of other callers belong to it too. */
bool event_takes_others(const struct event *event);

/* Whether the dialect takes the line itself. */
bool event_takes(struct event *event, const struct logline *line);

struct error *event_line(struct event *event, const struct logline *line);

/* The line is part of the report. */
void event_extend(struct event *event, const struct logline *line);
/* Reads what a line says of the machine (release, build-id, KASLR) into @panic. */
struct panic;
bool event_read_machine(struct panic *panic, const struct logline *line);
struct error *event_finish(struct event *event);
