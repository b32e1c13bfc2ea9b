/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the cycled modules lay: kept for whoever reads addresses after the kernel's
 * death.
 *
 * A pass may take less than reading all sections of a module does, so these are told at
 * its first load and then now and then; the address of its code at every load is in the
 * shared memory, which outlives the kernel.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cycler/journal.h"

struct plan_pair;

struct places {
	struct place {
		const struct plan_pair *pair;
		uint64_t text, told_text; /* of the last load, and of what was told */
		uint64_t told_at;
	} items[JOURNAL_PLACES];
	size_t count;
	struct journal_worker *state;
	unsigned int worker;
};

/* @pair, a module, has just been loaded. */
void places_note(struct places *places, const struct plan_pair *pair);

/* The worker ends: where its modules lay last is told. */
void places_finish(struct places *places);
