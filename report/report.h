/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One document for all tools: findings, measurements, runs, what was not checked, and
 * sections of a tool's own. Tools fill it, formats (format.h) print it.
 *
 * Format: docs/schema/report.schema.json, "bookend-report/1".
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/tool.h"
#include "report/finding.h"

struct strbuf;
struct style;

enum verdict {
	VERDICT_CLEAN,	    /* all that was asked was checked, nothing was found */
	VERDICT_INCOMPLETE, /* nothing bad, but something asked for was not checked */
	VERDICT_FINDINGS,   /* findings at or above the level asked for */
	VERDICT_FAILED,	    /* a run did not go through */
};

struct measurement {
	const char *name; /* "open.rate" */
	double value;
	const char *unit; /* "1/s", "B", "ns", "1" */
};

/* Latency of one step, nanoseconds. */
struct latency {
	const char *step; /* "load", "open" */
	uint64_t count, minimum, p50, p90, p99, p999, p9999, p99999, maximum;
};

/* One cycle's account. */
struct run {
	const char *cycle; /* "module", "device /dev/refdrv0" */
	uint64_t passes, failed;
	double rate_asked; /* per second, 0: as fast as it goes */
	double rate_kept;
	double seconds;
	const char *note; /* "100 plain at 24/s", or NULL */
	const struct latency *latency;
	size_t latency_count;
};

struct not_checked {
	const char *what, *why;
	bool asked; /* was asked for: the verdict can be incomplete at best */
};

/*
 * A tool's own part of the document: `name` is its key in the JSON, `text` prints the
 * value for people (NULL: not shown in text).
 */
struct section {
	const char *name;
	void (*text)(const json_t *value, const struct style *style, struct strbuf *out);
	/* sections print in this order in text, before (< 0) or after the findings */
	int order;
	bool owns_runs; /* it shows the runs in its own way: text leaves them to it */
};

struct report_section {
	const struct section *section; /* NULL when read from a file of unknown kind */
	char *name;
	json_t *value;
};

struct report {
	char *tool, *subject;
	struct finding *findings;
	size_t findings_count, findings_capacity;
	struct measurement *measurements;
	size_t measurements_count, measurements_capacity;
	struct run *runs;
	size_t runs_count, runs_capacity;
	struct not_checked *not_checked;
	size_t not_checked_count, not_checked_capacity;
	struct report_section *sections;
	size_t sections_count, sections_capacity;
	char *summary;	    /* the last line for people, after the verdict; may be NULL */
	char *failure;	    /* why the run failed; NULL: it did not */
	bool incomplete;    /* something asked for was not checked */
	enum level fail_on; /* findings below never change the verdict */
};

/* @tool is "lint", "cycle" …; @subject names what was looked at. */
struct error *report_create(const char *tool, const char *subject, struct report **ret);
void report_destroy(struct report *report);
CLEANUP_DEFINE(struct report, report_destroy)

/* All of these copy what they are given. */
struct error *report_add_finding(struct report *report, const struct finding *finding);
struct error *report_measure(struct report *report, const char *name, double value,
			     const char *unit);
struct error *report_add_run(struct report *report, const struct run *run);
struct error *report_not_checked(struct report *report, bool asked, const char *what,
				 const char *why, ...)
	__attribute__((format(printf, 4, 5)));
struct error *report_fail(struct report *report, const char *why, ...)
	__attribute__((format(printf, 2, 3)));
struct error *report_summarize(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Steals the reference @value; replaces a section of the same name. */
struct error *report_add_section(struct report *report, const struct section *section,
				 json_t *value);
const json_t *report_section(const struct report *report, const char *name);

/*
 * Adds everything of @other; measurement names and runs get @prefix ("cycle.") unless
 * it is NULL. Sections move under their own names (arrays are joined).
 */
struct error *report_merge(struct report *report, const struct report *other,
			   const char *prefix);

/* Takes the finding at @index out; those after it move up. */
void report_drop_finding(struct report *report, size_t index);

/* Sorts findings by path, line, rule, symbol, message and drops exact repeats. */
void report_sort(struct report *report);

enum verdict report_verdict(const struct report *report);
const char *verdict_name(enum verdict verdict);
enum exit_status report_exit_status(const struct report *report);
size_t report_count(const struct report *report, enum level level);

/* The whole document; sorted keys, no timestamps. */
struct error *report_to_json(const struct report *report, json_t **ret);

/* Reads a document; content errors name the JSON pointer. */
struct error *report_from_json(const json_t *json, struct report **ret);
struct error *report_load(const char *path, struct report **ret);
