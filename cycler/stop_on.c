/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/stop_on.h"

#include <string.h>

#include "common/error.h"
#include "cycler/complaints.h"
#include "cycler/leaks.h"
#include "cycler/run.h"
#include "report/json.h"
#include "report/report.h"

/* Judged as it will be in the report. */
static bool leaks(const json_t *census, const struct carried_list *modules,
		  const struct run_options *options)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_error_ struct error *error = report_create("cycle", "leaks", &report);

	if (!error)
		error = leaks_add(census, NULL, modules, options, report);
	return !error && report_count(report, LEVEL_WARNING) > 0;
}

static const char *judge(unsigned int what, const json_t *event,
			 const struct carried_list *modules,
			 const struct run_options *options)
{
	const char *name = json_text(event, "event");

	if (what & STOP_ON_RESIDUE &&
	    (!strcmp(name, "residue seen") ||
	     (!strcmp(name, "residue") &&
	      json_array_size(json_object_get(event, "appeared")))))
		return "something was left behind";
	if (what & STOP_ON_WARNING && !strcmp(name, "taint") &&
	    !json_is_true(json_object_get(event, "first")))
		return "the kernel's taint grew";
	if (what & STOP_ON_LEAK && !strcmp(name, "watch") &&
	    !strcmp(json_text(event, "name"), "census") &&
	    leaks(json_object_get(event, "value"), modules, options))
		return "memory leaks";
	return NULL;
}

static const char *judge_log(const struct results *results)
{
	size_t count = json_array_size(results->complaints);

	/* what came since the last look is at the end */
	for (size_t i = count; i-- > 0 && count - i < 200;)
		if (complaint_of(
			    json_text(json_array_get(results->complaints, i), "text")))
			return "the kernel complained";
	return NULL;
}

const char *stop_on_check(unsigned int what, const struct results *results,
			  const struct journal *journal,
			  const struct carried_list *modules,
			  const struct run_options *options, size_t *judged)
{
	const char *why = NULL;

	for (; !why && *judged < json_array_size(results->events); ++*judged)
		why = judge(what, json_array_get(results->events, *judged), modules,
			    options);
	if (!why && what & STOP_ON_WARNING)
		why = judge_log(results);
	for (size_t i = 0; !why && what & STOP_ON_FAILURE && i < JOURNAL_WORKERS; i++)
		if (__atomic_load_n(&journal->workers[i].failed, __ATOMIC_RELAXED))
			why = "a step failed";
	return why;
}
