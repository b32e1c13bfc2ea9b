/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/lanes.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

#define SLUB_WORDS "slub_debug=FZPU"

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool is_known(const struct report *report, const struct finding *finding)
{
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		if (same(f->rule, finding->rule) && same(f->path, finding->path) &&
		    f->line == finding->line && same(f->symbol, finding->symbol))
			return true;
	}
	return false;
}

/* Findings say which lane saw them. */
static struct error *merge(struct report *report, struct report *lane, bool alone)
{
	_cleanup_(report_destroy) struct report *marked = NULL;
	struct error *error = report_create(lane->tool, lane->subject, &marked);

	for (size_t i = 0; !error && i < lane->findings_count; i++) {
		_strbuf_ struct strbuf evidence = STRBUF_INIT;
		struct finding finding = lane->findings[i];

		if (!alone && is_known(report, &finding))
			continue;
		strbuf_addf(&evidence, "in the lane with " SLUB_WORDS "\n%s",
			    finding.evidence ? finding.evidence : "");
		finding.evidence = strbuf_string(&evidence);
		error = report_add_finding(marked, &finding);
	}
	while (lane->findings_count)
		report_drop_finding(lane, lane->findings_count - 1);
	if (!error)
		error = report_merge(report, marked, NULL);
	return error ? error : report_merge(report, lane, "slub.");
}

static struct error *run_slub(const struct plan *plan, const struct run_options *options,
			      bool alone, struct report *report)
{
	_cleanup_(report_destroy) struct report *lane = NULL;
	_free_ char *words = NULL, *folder = NULL;
	struct run_options with = *options;
	struct error *error = report_create(report->tool, report->subject, &lane);

	if (!error)
		error = file_join(options->machine.folder, "slub", &folder);
	if (error)
		return error;
	if (asprintf(&words, "%s %s", SLUB_WORDS,
		     options->machine.append ? options->machine.append : "") < 0) {
		words = NULL;
		return error_nomem();
	}
	with.machine.append = words;
	if (!alone)
		with.machine.folder = folder;
	/* each slab object has a track of its own now: what leaks is the plain lane's */
	with.no_census = true;
	with.counted_elsewhere = !alone && !options->no_census;
	lane->fail_on = report->fail_on;
	error = run_plan(plan, &with, lane);
	return error ? error_wrap(error, "lane slub") : merge(report, lane, alone);
}

struct error *lanes_run(const struct plan *plan, const struct run_options *options,
			enum lane lanes, struct report *report)
{
	struct error *error = NULL;

	if (lanes != LANE_PLAIN && strcmp(options->target, "vm"))
		return error_new(ERROR_USAGE,
				 "the lane slub boots a kernel of its own: only the "
				 "target vm can do that");
	if (lanes != LANE_SLUB)
		error = run_plan(plan, options, report);
	if (error || lanes == LANE_PLAIN)
		return error;
	if (*options->stop)
		return report_not_checked(report, true, "the lane slub", "interrupted");
	error = run_slub(plan, options, lanes == LANE_SLUB, report);
	if (!error && lanes == LANE_SLUB)
		error = report_not_checked(report, false, "leaks",
					   "the lane slub does not count allocations");
	return error;
}
