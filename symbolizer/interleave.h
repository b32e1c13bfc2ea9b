/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two CPUs that report at once on a console without caller ids. Every report has the same
 * parts in the same order (CPU, instruction pointer, bytes, registers, stack, end), so
 * that most lines can belong to only one of two; what could be of either is counted.
 */
#pragma once

#include <stdbool.h>

#include "symbolizer/logline.h"

struct event;

struct interleave {
	struct event *events[2];
	unsigned int lines, unsure; /* that were given to one of them */
	int last[2];		    /* numbers of those that had the last two lines */
};

/* "CPU: 1 PID: …", "CPU#1", ", CPU#1: …": the number, or -1. */
int interleave_cpu(const struct logline *line);

/* Whether @event is in the middle of its parts, so that another may break in. */
bool interleave_unfinished(const struct event *event);

/* Whom the line belongs to; NULL: to none of them. */
struct event *interleave_choose(struct interleave *i, const struct logline *line);

/* Tells both reports how far they can be trusted. */
struct error *interleave_finish(struct interleave *i);
