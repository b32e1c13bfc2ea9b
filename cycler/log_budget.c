/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/log_budget.h"

#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"

enum { FEW_LINES = 20 /* below this no budget is overrun */ };

/* 0 or less: no budget. */
struct budget {
	double lines, bytes;		       /* a pass */
	double lines_a_second, bytes_a_second; /* in any second */
};

/*
 * A load may say a word, the data path may not. Where the kernel itself talks (a CPU
 * goes off line, a file system is mounted, an allocation was made to fail) only a plan
 * can say what is due.
 */
static const struct {
	const char *kind;
	struct budget budget;
} defaults[] = {
	{ "device", { .lines = 0.1, .lines_a_second = 50 } },
	{ "sysfs", { .lines = 0.1, .lines_a_second = 50 } },
	{ "netdev", { .lines = 1 } },
	{ "module", { .lines = 4 } },
	{ "bind", { .lines = 4 } },
};

static const struct budget *default_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++)
		if (!strcmp(defaults[i].kind, kind))
			return &defaults[i].budget;
	return NULL;
}

/* Of the kind that may say most. */
static struct budget default_budget(const struct plan_leg *leg)
{
	struct budget most = { 0 };

	for (size_t i = 0; i < leg->cycle_count; i++) {
		const struct budget *b = default_of(leg->cycles[i].pair.kind->name);

		if (!b || leg->cycles[i].fail_allocs)
			return (struct budget){ 0 };
		if (b->lines > most.lines)
			most = *b;
	}
	return most;
}

static struct budget budget_of(const struct plan *plan, const struct plan_leg *leg)
{
	struct budget b = default_budget(leg);

	if (plan->log_lines > 0)
		b.lines = plan->log_lines;
	if (plan->log_bytes > 0)
		b.bytes = plan->log_bytes;
	if (plan->log_rate > 0)
		b.lines_a_second = plan->log_rate;
	if (plan->log_byte_rate > 0)
		b.bytes_a_second = plan->log_byte_rate;
	return b;
}

/* Says what of the budget was overrun; nothing when nothing was. */
static void compare(const struct budget *b, const struct leg_log *log, uint64_t passes,
		    struct strbuf *out)
{
	const struct {
		double had, budget;
		const char *what;
	} all[] = {
		{ (double)log->lines / (double)passes, b->lines, "lines a pass" },
		{ (double)log->bytes / (double)passes, b->bytes, "bytes a pass" },
		{ (double)log->peak_lines, b->lines_a_second,
		  "lines in the busiest second" },
		{ (double)log->peak_bytes, b->bytes_a_second,
		  "bytes in the busiest second" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (all[i].budget > 0 && all[i].had > all[i].budget)
			strbuf_addf(out, "%.2f %s, budget %.2f; ", all[i].had,
				    all[i].what, all[i].budget);
}

struct error *log_budget_add(const struct results *r, size_t leg, struct report *report)
{
	const struct plan_leg *l = &r->plan->legs[leg];
	const struct leg_log *log = &r->logs[leg];
	const struct budget budget = budget_of(r->plan, l);
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "LOG002", .level = LEVEL_WARNING };
	const json_t *line;
	uint64_t passes = 0;
	size_t i;

	for (i = 0; i < l->cycle_count; i++)
		passes += r->accounts[leg][i].passes;
	if (log->lines < FEW_LINES || !passes)
		return NULL;
	compare(&budget, log, passes, &evidence);
	if (!evidence.length)
		return strbuf_error(&evidence);
	strbuf_adds(&message, "the kernel logs ");
	units_add_count(&message, log->lines);
	strbuf_adds(&message, " lines in ");
	units_add_count(&message, passes);
	strbuf_addf(&message, " passes of %s", l->name);
	units_add_size(&evidence, log->bytes);
	strbuf_adds(&evidence, " in all; as\n");
	json_array_foreach(json_array_get(r->samples, leg), i, line)
		strbuf_addf(&evidence, "%s\n", json_string_value(line));
	finding.symbol = l->name;
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint = "Take it out, make it pr_debug(), or limit its rate; 50 lines a "
		       "second fill a customer's disk.";
	return report_add_finding(report, &finding);
}
