/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: a record before and after every step, and the shared state beside it.
 *
 * Area (memory shared between the agent's processes and, through the target's channel,
 * with the controller), version 1, little endian, offsets in bytes:
 *
 *	0			struct journal_header
 *	4096			legend: JSON text, terminated: the legs with their cycles
 *				and steps, by which records are read
 *	LEGEND + 64 KiB		struct journal_worker × JOURNAL_WORKERS
 *	…			struct histogram × JOURNAL_HISTOGRAMS
 *	records_offset		records: a ring of `capacity` places
 *
 * A journal file (journal.bin) is a header with flag JOURNAL_FILE and records_offset
 * just behind the legend, then records in the order of their sequence numbers, up to
 * the end of the file, wherever it was cut. Its first record of each target is a pair of
 * JOURNAL_CLOCK: by them, not by the header, the stamps that follow are read. Where the
 * file was thinned (thin.h), groups of JOURNAL_SUMMARY and JOURNAL_BUCKETS stand for the
 * passes that are gone, and sequence numbers have gaps.
 *
 * A record counts when its `sequence` is the one expected in its place and its check
 * fits: it is written first and numbered last, so that a writer that died in between
 * leaves none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"
#include "cycler/histogram.h"

#define JOURNAL_MAGIC 0x6c6e72756f6a6b62ULL /* "bkjournl" */

enum {
	JOURNAL_VERSION = 1,
	JOURNAL_LEGEND_OFFSET = 4096,
	JOURNAL_LEGEND_SIZE = 64 << 10,
	JOURNAL_WORKERS = 64,
	JOURNAL_HISTOGRAMS = 512,
	JOURNAL_PLACES = 2, /* modules of a worker whose addresses are kept */
};

enum journal_flags {
	JOURNAL_FILE = 1, /* records follow each other, no ring */
};

struct journal_header {
	uint64_t magic;
	uint32_t version;
	uint32_t flags;
	uint64_t records_offset, capacity;
	/* Stamps to time: CLOCK_REALTIME and the stamp at the start, stamps a second. */
	uint64_t realtime_ns, stamp, stamps_per_second;
	uint64_t commit_ns; /* how often records go to the disk; 0: they need not */
	uint64_t head;	    /* sequence of the next record, counted up by its writer */
	uint64_t pad0[7];
	uint64_t tail; /* up to here the controller has kept them */
	uint64_t pad1[7];
	uint64_t waits; /* how often a writer waited for the controller */
	uint32_t hold;	/* 1: workers shall stop between two passes */
	uint32_t stop;	/* 1: workers shall end after their pass */
	uint32_t pass_wanted, pad2;
	uint64_t shown_pass; /* of worker 0, for the census */
	uint64_t committed;  /* records before this one are on the disk; with commit_ns */
	/* Bytes, as the agent saw them last: wired by the kernel, used by the agent. */
	uint64_t wired, wired_at_start, agent_memory;
};

enum journal_kind {
	JOURNAL_BEGIN = 1, /* a step begins */
	JOURNAL_END,	   /* it has ended; result: 0 or a negative errno */
	JOURNAL_MARK,	   /* an event: `step` is one of enum journal_mark */
	JOURNAL_SUMMARY,   /* stands for thinned passes, see thin.h */
	JOURNAL_BUCKETS,   /* of the summary before it: latencies in one octave */
	/*
	 * How stamps are read from here on. step 0: @stamp was at the CLOCK_REALTIME (ns)
	 * that journal_value() gives; step 1: stamps a second.
	 */
	JOURNAL_CLOCK,
};

enum journal_mark {
	JOURNAL_MARK_LEG = 1,  /* a leg begins; leg is its number */
	JOURNAL_MARK_LEG_DONE, /* … ends */
	JOURNAL_MARK_TAINT,    /* the taint changed; result: the new taint's low bits */
	JOURNAL_MARK_LOG,      /* the kernel complained; result: line in kernel.log */
	JOURNAL_MARK_MISSED,   /* result: slots of the schedule that were missed */
	JOURNAL_MARK_BASE,     /* a module was found at stamp (its address) */
	JOURNAL_MARK_HELD,     /* a full comparison found result differences */
	JOURNAL_MARK_STUCK,    /* a worker is past its deadline */
	JOURNAL_MARK_RESTART,  /* a new target goes on; result: which one */
	JOURNAL_MARK_JUMP,     /* the wall clock was set; result: by how many ms */
	JOURNAL_MARK_CHANGED,  /* what a pass should leave as it was is not as it was */
};

struct journal_record {
	uint64_t stamp;	   /* of the processor's counter; see stamps_per_second */
	uint32_t sequence; /* low bits of its number, plus one */
	uint32_t pass;	   /* low bits, from 0 */
	uint8_t kind;	   /* enum journal_kind */
	uint8_t leg, cycle;
	uint8_t step; /* within the cycle, as in the legend */
	int32_t result;
	uint16_t worker;
	uint16_t reserved;
	uint32_t check;
};

/* What one worker is at; written by it, read by all. */
struct journal_worker {
	uint32_t pid; /* 0: this place is not used */
	uint16_t leg, cycle;
	uint64_t pass;	 /* running or next */
	uint64_t passes; /* completed, with or without success */
	uint64_t failed;
	uint64_t missed;	  /* slots of the schedule that were let go */
	uint64_t since;		  /* stamp when the step began */
	uint64_t started, ended;  /* stamps of the first and behind the last pass */
	uint32_t step;		  /* running step, plus one; 0: between passes */
	uint32_t held;		  /* 1: stopped on request */
	uint32_t done;		  /* 1: has ended its work */
	int32_t first_result;	  /* of the first failed pass */
	uint32_t first_step, pad; /* where it failed */
	uint64_t first_pass;	  /* which it was */
	uint64_t expected_errors; /* errors that the plan calls legitimate */
	uint32_t release;	  /* 1: what it holds shall be closed */
	uint32_t pad1;
	uint64_t text[JOURNAL_PLACES]; /* where its modules were loaded last */
};

struct journal {
	struct journal_header *header;
	char *legend;
	struct journal_worker *workers;
	struct histogram *histograms;
	struct journal_record *records;
};

/* The processor's counter, or CLOCK_MONOTONIC in ns where there is none. */
uint64_t journal_stamp(void);

/* False when @size does not do. */
bool journal_format(void *area, size_t size, struct journal *ret);

/* Attaches to an area that was formatted; everything in it is checked. */
bool journal_open(void *area, size_t size, struct journal *ret);

/*
 * Appends a record, with @record->stamp as given. Waits while the controller lags a
 * whole ring behind, if there is a controller that keeps up `tail` (it sets it to at
 * least 1).
 */
void journal_add(struct journal *journal, struct journal_record *record);

/* Fills in sequence @number and the check. */
void journal_seal(struct journal_record *record, uint64_t number);

/* The number that a JOURNAL_CLOCK carries, in pass (low half) and result. */
uint64_t journal_value(const struct journal_record *record);
void journal_set_value(struct journal_record *record, uint64_t value);

/*
 * What is in the area so far reaches the disk that it lies on; with  only the page
 * of that one, as it was given to journal_add(), and the states of the workers.
 */
void journal_commit(struct journal *journal, size_t area_size);
void journal_commit_record(struct journal *journal, const struct journal_record *record);

/* Whether @record is whole and the one with number @sequence. */
bool journal_valid(const struct journal_record *record, uint64_t sequence);

/* Reads journals from foreign bytes: a journal file, or a shared.bin of any kind. */
struct journal_reader {
	struct span bytes;
	struct journal_header header;
	const char *legend; /* "" when damaged */
	uint64_t records;   /* file offset of the first */
	uint64_t next, end; /* sequence numbers */
	uint64_t skipped;   /* records that were damaged or missing */
	uint64_t last;	    /* full number of the one before */
	uint64_t begun_ns;  /* CLOCK_REALTIME of the first target's start; 0: unknown */
};

/* False when these are no journal's bytes; @why says what is wrong. */
bool journal_reader_init(struct journal_reader *reader, struct span bytes,
			 const char **why);

/*
 * The next whole record with its full number; false at the end. Clock records are not
 * handed out: they change @reader->header.
 */
bool journal_reader_next(struct journal_reader *reader, struct journal_record *ret,
			 uint64_t *sequence);

/* Seconds since the journal began, by the clock that holds where the reader is. */
double journal_reader_seconds(const struct journal_reader *reader, uint64_t stamp);
