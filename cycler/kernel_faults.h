/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When allocations are made to fail, some of what is left is the kernel's own: its
 * functions have error paths, too, and not all of them are right. A driver cannot undo
 * what a function that told it of an error has left half-done.
 *
 * What leaks is the kernel's own when all of this holds:
 * - it was allocated in a pass in which an allocation was made to fail,
 * - that pass told of an error,
 * - both were below the same call in the driver: the same return address, and
 * - the driver makes that call once: no stack below it came twice in the sweep.
 *
 * So what an earlier call made, and the driver's error path forgot, stays the driver's.
 * What is left in /sys or in the log bears no stack: for that there is a list of faults
 * of the kernel's that are known, with reasons. Below those functions the third condition
 * is enough.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "report/report.h"

struct error;

/* A copy of @census without what is the kernel's own, and what that was (an array). */
struct error *kernel_faults_split(const json_t *census, const json_t *events,
				  json_t **rest, json_t **faults);

/* Tells of it: ERR003, which never changes the verdict. */
struct error *kernel_faults_add(const json_t *faults, struct report *report);

/* Why residue, or a line of the log, of this leg is a known fault; NULL: it is none. */
const char *kernel_faults_residue(const json_t *events, int leg, const char *kind,
				  const char *name);
const char *kernel_faults_line(const json_t *events, int leg, const char *text);
