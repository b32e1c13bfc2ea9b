/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "report/frame.h"

enum { FINGERPRINT_DIGITS = 16 };

struct error *report_create(const char *tool, const char *subject, struct report **ret)
{
	_cleanup_(report_destroy) struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return error_nomem();
	report->fail_on = LEVEL_WARNING;
	report->tool = strdup(tool);
	report->subject = strdup(subject);
	if (!report->tool || !report->subject)
		return error_nomem();
	*ret = take(report);
	return NULL;
}

static void finding_deinit(struct finding *finding)
{
	free((char *)finding->rule);
	free((char *)finding->path);
	free((char *)finding->symbol);
	free((char *)finding->message);
	free((char *)finding->evidence);
	free((char *)finding->hint);
	free((char *)finding->fingerprint);
	for (size_t i = 0; i < finding->stack_count; i++)
		frame_deinit((struct frame *)&finding->stack[i]);
	free((struct frame *)finding->stack);
}

static void run_deinit(struct run *run)
{
	for (size_t i = 0; i < run->latency_count; i++)
		free((char *)run->latency[i].step);
	free((struct latency *)run->latency);
	free((char *)run->cycle);
	free((char *)run->note);
}

void report_destroy(struct report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->findings_count; i++)
		finding_deinit(&report->findings[i]);
	for (size_t i = 0; i < report->measurements_count; i++) {
		free((char *)report->measurements[i].name);
		free((char *)report->measurements[i].unit);
	}
	for (size_t i = 0; i < report->runs_count; i++)
		run_deinit(&report->runs[i]);
	for (size_t i = 0; i < report->not_checked_count; i++) {
		free((char *)report->not_checked[i].what);
		free((char *)report->not_checked[i].why);
	}
	for (size_t i = 0; i < report->sections_count; i++) {
		free(report->sections[i].name);
		json_decref(report->sections[i].value);
	}
	free(report->findings);
	free(report->measurements);
	free(report->runs);
	free(report->not_checked);
	free(report->sections);
	free(report->summary);
	free(report->failure);
	free(report->tool);
	free(report->subject);
	free(report);
}

static bool copy_string(const char **slot)
{
	if (!*slot)
		return true;
	*slot = strdup(*slot);
	return *slot;
}

static char *make_fingerprint(const struct finding *finding)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	char digest[DIGEST_HEX_SIZE];

	strbuf_addf(&text, "%s\n%s\n%s\n%s", finding->rule,
		    finding->path ? finding->path : "",
		    finding->symbol ? finding->symbol : "", finding->message);
	if (text.failed)
		return NULL;
	digest_sha256(text.data, text.length, digest);
	return strndup(digest, FINGERPRINT_DIGITS);
}

static bool copy_stack(const struct finding *finding, struct finding *copy)
{
	struct frame *stack;

	copy->stack = NULL;
	copy->stack_count = 0;
	if (!finding->stack_count)
		return true;
	copy->stack = stack = calloc(finding->stack_count, sizeof(*stack));
	for (size_t i = 0; stack && i < finding->stack_count; i++) {
		_error_ struct error *error = frame_copy(&finding->stack[i], &stack[i]);

		if (error)
			return false;
		copy->stack_count++;
	}
	return stack;
}

struct error *report_add_finding(struct report *report, const struct finding *finding)
{
	struct finding copy = *finding;
	bool ok = true;

	if (!array_grow(report->findings, report->findings_count,
			report->findings_capacity))
		return error_nomem();
	ok &= copy_string(&copy.rule);
	ok &= copy_string(&copy.path);
	ok &= copy_string(&copy.symbol);
	ok &= copy_string(&copy.message);
	ok &= copy_string(&copy.evidence);
	ok &= copy_string(&copy.hint);
	if (finding->fingerprint)
		ok &= copy_string(&copy.fingerprint);
	else
		ok &= !!(copy.fingerprint = make_fingerprint(finding));
	ok &= copy_stack(finding, &copy);
	if (!ok) {
		finding_deinit(&copy);
		return error_nomem();
	}
	report->findings[report->findings_count++] = copy;
	return NULL;
}

struct error *report_measure(struct report *report, const char *name, double value,
			     const char *unit)
{
	struct measurement m = { strdup(name), value, strdup(unit) };

	if (!m.name || !m.unit ||
	    !array_grow(report->measurements, report->measurements_count,
			report->measurements_capacity)) {
		free((char *)m.name);
		free((char *)m.unit);
		return error_nomem();
	}
	report->measurements[report->measurements_count++] = m;
	return NULL;
}

static bool copy_latency(const struct run *run, struct run *copy)
{
	struct latency *latency;

	copy->latency = NULL;
	copy->latency_count = 0;
	if (!run->latency_count)
		return true;
	copy->latency = latency = calloc(run->latency_count, sizeof(*latency));
	for (size_t i = 0; latency && i < run->latency_count; i++) {
		latency[i] = run->latency[i];
		copy->latency_count++;
		if (!copy_string(&latency[i].step))
			return false;
	}
	return latency;
}

struct error *report_add_run(struct report *report, const struct run *run)
{
	struct run copy = *run;
	bool ok = true;

	if (!array_grow(report->runs, report->runs_count, report->runs_capacity))
		return error_nomem();
	ok &= copy_string(&copy.cycle);
	ok &= copy_string(&copy.note);
	ok &= copy_latency(run, &copy);
	if (!ok) {
		run_deinit(&copy);
		return error_nomem();
	}
	report->runs[report->runs_count++] = copy;
	return NULL;
}

struct error *report_not_checked(struct report *report, bool asked, const char *what,
				 const char *why, ...)
{
	struct not_checked n = { strdup(what), NULL, asked };
	va_list args;
	char *text;

	va_start(args, why);
	if (vasprintf(&text, why, args) < 0)
		text = NULL;
	va_end(args);
	n.why = text;
	if (!n.what || !n.why ||
	    !array_grow(report->not_checked, report->not_checked_count,
			report->not_checked_capacity)) {
		free((char *)n.what);
		free(text);
		return error_nomem();
	}
	report->not_checked[report->not_checked_count++] = n;
	report->incomplete |= asked;
	return NULL;
}

static struct error *set_text(char **slot, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return error_nomem();
	free(*slot);
	*slot = text;
	return NULL;
}

struct error *report_fail(struct report *report, const char *why, ...)
{
	struct error *error;
	va_list args;

	if (report->failure)
		return NULL; /* the first reason is the one that counts */
	va_start(args, why);
	error = set_text(&report->failure, why, args);
	va_end(args);
	return error;
}

struct error *report_summarize(struct report *report, const char *format, ...)
{
	struct error *error;
	va_list args;

	va_start(args, format);
	error = set_text(&report->summary, format, args);
	va_end(args);
	return error;
}

static struct report_section *find_section(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->sections_count; i++)
		if (!strcmp(report->sections[i].name, name))
			return &report->sections[i];
	return NULL;
}

static struct error *add_section(struct report *report, const struct section *section,
				 const char *name, json_t *value)
{
	struct report_section *old = find_section(report, name);
	char *copy;

	if (!value)
		return error_nomem();
	if (old) {
		json_decref(old->value);
		old->value = value;
		return NULL;
	}
	copy = strdup(name);
	if (!copy || !array_grow(report->sections, report->sections_count,
				 report->sections_capacity)) {
		free(copy);
		json_decref(value);
		return error_nomem();
	}
	report->sections[report->sections_count++] =
		(struct report_section){ section, copy, value };
	return NULL;
}

struct error *report_add_section(struct report *report, const struct section *section,
				 json_t *value)
{
	return add_section(report, section, section->name, value);
}

const json_t *report_section(const struct report *report, const char *name)
{
	const struct report_section *section = find_section(report, name);

	return section ? section->value : NULL;
}

static struct error *merge_section(struct report *report,
				   const struct report_section *from)
{
	struct report_section *old = find_section(report, from->name);

	if (old && json_is_array(old->value) && json_is_array(from->value))
		return json_array_extend(old->value, from->value) ? error_nomem() : NULL;
	return add_section(report, from->section, from->name, json_incref(from->value));
}

static struct error *merge_lists(struct report *report, const struct report *other,
				 const char *prefix)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < other->measurements_count; i++) {
		const struct measurement *m = &other->measurements[i];
		_free_ char *name = NULL;

		if (asprintf(&name, "%s%s", prefix ? prefix : "", m->name) < 0)
			return name = NULL, error_nomem();
		error = report_measure(report, name, m->value, m->unit);
	}
	for (size_t i = 0; !error && i < other->runs_count; i++)
		error = report_add_run(report, &other->runs[i]);
	for (size_t i = 0; !error && i < other->not_checked_count; i++)
		error = report_not_checked(report, other->not_checked[i].asked,
					   other->not_checked[i].what, "%s",
					   other->not_checked[i].why);
	for (size_t i = 0; !error && i < other->sections_count; i++)
		error = merge_section(report, &other->sections[i]);
	return error;
}

struct error *report_merge(struct report *report, const struct report *other,
			   const char *prefix)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < other->findings_count; i++)
		error = report_add_finding(report, &other->findings[i]);
	if (!error)
		error = merge_lists(report, other, prefix);
	if (!error && other->failure)
		error = report_fail(report, "%s", other->failure);
	report->incomplete |= other->incomplete;
	return error;
}

static int compare_strings(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int order = compare_strings(x->path, y->path);

	if (!order)
		order = (x->line > y->line) - (x->line < y->line);
	if (!order)
		order = strcmp(x->rule, y->rule);
	if (!order)
		order = compare_strings(x->symbol, y->symbol);
	if (!order)
		order = strcmp(x->message, y->message);
	if (!order)
		order = compare_strings(x->evidence, y->evidence);
	return order;
}

void report_drop_finding(struct report *report, size_t index)
{
	finding_deinit(&report->findings[index]);
	report->findings_count--;
	memmove(&report->findings[index], &report->findings[index + 1],
		(report->findings_count - index) * sizeof(*report->findings));
}

void report_sort(struct report *report)
{
	size_t kept = 0;

	if (report->findings_count > 1)
		qsort(report->findings, report->findings_count, sizeof(*report->findings),
		      compare_findings);
	for (size_t i = 0; i < report->findings_count; i++) {
		struct finding *finding = &report->findings[i];

		if (kept && !compare_findings(&report->findings[kept - 1], finding))
			finding_deinit(finding);
		else
			report->findings[kept++] = *finding;
	}
	report->findings_count = kept;
}

enum verdict report_verdict(const struct report *report)
{
	if (report->failure)
		return VERDICT_FAILED;
	for (size_t i = 0; i < report->runs_count; i++)
		if (report->runs[i].failed)
			return VERDICT_FAILED;
	for (size_t i = 0; i < report->findings_count; i++)
		if (report->findings[i].level != LEVEL_OFF &&
		    report->findings[i].level >= report->fail_on)
			return VERDICT_FINDINGS;
	return report->incomplete ? VERDICT_INCOMPLETE : VERDICT_CLEAN;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_CLEAN] = "clean",
		[VERDICT_INCOMPLETE] = "incomplete",
		[VERDICT_FINDINGS] = "findings",
		[VERDICT_FAILED] = "failed",
	};

	return names[verdict];
}

enum exit_status report_exit_status(const struct report *report)
{
	static const enum exit_status status[] = {
		[VERDICT_CLEAN] = EXIT_CLEAN,
		[VERDICT_INCOMPLETE] = EXIT_INCOMPLETE,
		[VERDICT_FINDINGS] = EXIT_FINDINGS,
		[VERDICT_FAILED] = EXIT_FINDINGS,
	};

	return status[report_verdict(report)];
}

size_t report_count(const struct report *report, enum level level)
{
	size_t count = 0;

	for (size_t i = 0; i < report->findings_count; i++)
		count += report->findings[i].level == level;
	return count;
}
