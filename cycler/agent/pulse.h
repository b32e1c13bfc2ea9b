/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cheap signals after a pass: what a pass that cleans up behind itself leaves as it was.
 * They take a hundredth of a worker's time at most: after every load and unload, after
 * every few hundred opens. Where several workers go on at once nothing is looked at, for
 * what one has open the others would see.
 *
 * The board lies in memory that the agent shares with its processes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cycler/residue.h"

struct agent;

enum {
	BOARD_PATHS = 16,
	BOARD_PATH = 192,
	BOARD_CHANGES = 64,
};

/* The signals differed: something changed in one of the passes @from + 1 to @to. */
struct change {
	uint64_t from, to;
};

struct board {
	/* Paths that come and go with a pass; the survey names them, pulses watch them.
	 */
	uint32_t path_count;
	char paths[BOARD_PATHS][BOARD_PATH];
	uint64_t change_count; /* all of them; the first BOARD_CHANGES are kept */
	struct change changes[BOARD_CHANGES];
	uint64_t looks;
};

struct pulse {
	struct residue_pulse folders;
	uint64_t last, due; /* the value; the stamp from which on it may be read again */
	uint64_t pass;	    /* of the last look */
	bool on;
};

/* NULL when there is no memory to share. */
struct board *board_create(void);

/* In a worker, before its first pass, when it is the leg's only one. */
void pulse_start(struct pulse *pulse, const struct agent *agent);

/* After pass @pass; true when the signals differ from those at the last look. */
bool pulse_look(struct pulse *pulse, struct board *board, uint64_t pass);
