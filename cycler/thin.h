/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes an old journal small: passes in which nothing happened become histograms of a
 * second each; every eventful pass keeps its records.
 *
 * Eventful is a pass with a result that the plan does not call legitimate, a step that
 * began and did not end, or one that ran while something was marked (the kernel
 * complained, the taint changed, a worker was stuck, a target was replaced). Marks stay,
 * but for missed slots, which are added up.
 *
 * In the file, JOURNAL_SUMMARY with fields
 *	stamp		begin of the interval; `reserved` says how many seconds it is long
 *	leg, cycle	as ever; step: as ever, or THIN_WHOLE_PASS
 *	pass, sequence	of the first record that it stands for
 *	result		how many steps (or passes, or slots) it stands for
 *	worker		what is counted: enum thin_what
 * and behind it, for latencies, one JOURNAL_BUCKETS for each octave that has any: worker
 * is the octave (latencies from 2^worker stamps on; octaves 0 and 1 hold 0 to 3), and
 * stamp (low half, high half), pass and result are the counts of its four quarters.
 *
 * When all of that is too much as well, intervals become twice as long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cycler/journal.h"

struct error;

enum {
	THIN_WHOLE_PASS = 255, /* step of a summary of passes */
	THIN_QUARTERS = 4,
	THIN_OCTAVES = 64,
	THIN_LONGEST = 32768, /* seconds that an interval can have */
};

enum thin_what {
	THIN_STEPS = 0, /* steps that ended, or passes */
	THIN_ERRORS,	/* of those, with an error that the plan calls legitimate */
	THIN_MISSED,	/* slots of the schedule */
};

/* Latencies of an interval: [octave][quarter]. */
struct thin_counts {
	uint32_t counts[THIN_OCTAVES][THIN_QUARTERS];
};

void thin_add(struct thin_counts *counts, uint64_t stamps, uint32_t times);
/* Takes what a JOURNAL_BUCKETS record says; false when it makes no sense. */
bool thin_take(struct thin_counts *counts, const struct journal_record *record);
/* Latencies that fall there: from, and up to. */
void thin_bounds(unsigned int octave, unsigned int quarter, uint64_t *from, uint64_t *to);
/* The upper bound of the value below which @share lies. */
uint64_t thin_quantile(const struct thin_counts *counts, double share);

struct thin_job {
	int from, to;	     /* files; @to is empty behind its legend */
	const char *path;    /* of @to, for messages */
	uint64_t offset;     /* of the first record, in both */
	uint64_t count;	     /* records in @from */
	uint64_t keep;	     /* so many of the newest stay as they are */
	unsigned int width;  /* seconds of an interval */
	uint64_t per_second; /* stamps, as far as no clock record says else */
	/* Whether a result that is not 0 is one that the plan calls legitimate. */
	bool (*legitimate)(const void *context, const struct journal_record *record);
	const void *context;
};

struct thin_result {
	uint64_t count;	    /* records in the new file */
	uint64_t eventful;  /* of those, kept in the old part */
	uint64_t summaries; /* of those, what stands for others */
	uint64_t thinned;   /* records that are gone */
};

/* Memory does not depend on the file's size, but for a bit a record. */
struct error *thin_file(const struct thin_job *job, struct thin_result *ret);
