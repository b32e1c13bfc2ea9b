/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds the kernel's recorder (the module bookend_recorder, cycler/recorder/): the steps
 * that a dying kernel shall name. Processes that fork share one recorder.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cycler/journal.h"
#include "cycler/recorder/bookend_recorder.h"

struct error;

struct recorder {
	uint8_t *area; /* NULL: there is none, adding does nothing */
	size_t names;
};

/* ERROR_MISSING where the module is not loaded. */
struct error *recorder_open(struct recorder *ret);
void recorder_close(struct recorder *recorder);

/* Checks an area of RECORDER_SIZE bytes and forgets what is in it. */
struct error *recorder_attach(void *area, struct recorder *ret);

/* By which the stamps of records are told as time. */
void recorder_set_rate(struct recorder *recorder, uint64_t stamps_per_second);

/* What a step is called; longer texts are cut. ERROR_INPUT when the table is full. */
struct error *recorder_name(struct recorder *recorder, unsigned int leg,
			    unsigned int cycle, unsigned int step, const char *text);

/* Some nanoseconds; never waits. The record's own sequence is not used. */
void recorder_add(struct recorder *recorder, const struct journal_record *record);
