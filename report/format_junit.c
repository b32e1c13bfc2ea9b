/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JUnit XML, as CI servers read it: findings at or above --fail-on are failed test
 * cases, those below are passed ones with their text, what was not checked is skipped.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/utf8.h"
#include "report/catalogue.h"
#include "report/format.h"
#include "report/frame.h"

/* U+FFFD, for bytes that XML 1.0 cannot hold. */
#define REPLACEMENT "\xef\xbf\xbd"

/* U+FFFE and U+FFFF are no characters of XML. */
static size_t sequence_length(const unsigned char *s)
{
	if (s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
		return 0;
	return utf8_length(s);
}

static void add_escaped(struct strbuf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = sequence_length(s);

		if (*s == '&')
			strbuf_adds(out, "&amp;");
		else if (*s == '<')
			strbuf_adds(out, "&lt;");
		else if (*s == '>')
			strbuf_adds(out, "&gt;");
		else if (*s == '"')
			strbuf_adds(out, "&quot;");
		else if (*s == '\n' || *s == '\t')
			strbuf_addf(out, "&#%d;", *s);
		else if (*s < 0x20 || !n)
			strbuf_adds(out, REPLACEMENT);
		else
			strbuf_add(out, s, n);
		s += n ? n : 1;
	}
}

static void add_attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, " %s=\"", name);
	add_escaped(out, value);
	strbuf_addc(out, '"');
}

static bool fails(const struct report *report, const struct finding *f)
{
	return f->level != LEVEL_OFF && f->level >= report->fail_on;
}

static void add_details(const struct finding *f, struct strbuf *out)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s: %s", level_name(f->level), f->message);
	if (f->path)
		strbuf_addf(&text, "\nat %s", f->path);
	if (f->path && f->line)
		strbuf_addf(&text, ":%u", f->line);
	if (f->evidence)
		strbuf_addf(&text, "\n%s", f->evidence);
	for (size_t i = 0; i < f->stack_count; i++) {
		const struct frame *frame = &f->stack[i];

		strbuf_addf(&text, "\n  %s",
			    frame->function ? frame->function : frame->raw);
		if (frame->file)
			strbuf_addf(&text, " %s:%u", frame->file, frame->line);
	}
	if (f->hint)
		strbuf_addf(&text, "\n-> %s", f->hint);
	add_escaped(out, strbuf_string(&text));
}

static void add_finding(const struct report *report, const struct finding *f,
			struct strbuf *out)
{
	const char *path = f->path ? f->path : report->subject;
	_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_adds(&name, f->rule);
	if (f->line)
		strbuf_addf(&name, " line %u", f->line);
	if (f->symbol)
		strbuf_addf(&name, " %s", f->symbol);
	strbuf_addf(&name, ": %s", f->message);
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "classname", path);
	add_attribute(out, "name", strbuf_string(&name));
	if (f->path && f->path[0] != '/')
		add_attribute(out, "file", path);
	if (f->line)
		strbuf_addf(out, " line=\"%u\"", f->line);
	strbuf_adds(out, ">\n      ");
	if (fails(report, f)) {
		strbuf_adds(out, "<failure");
		add_attribute(out, "type", f->rule);
		add_attribute(out, "message", f->message);
		strbuf_addc(out, '>');
		add_details(f, out);
		strbuf_adds(out, "</failure>");
	} else {
		strbuf_adds(out, "<system-out>");
		add_details(f, out);
		strbuf_adds(out, "</system-out>");
	}
	strbuf_adds(out, "\n    </testcase>\n");
}

static void add_run(const struct report *report, const struct run *run,
		    struct strbuf *out)
{
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "classname", report->subject);
	add_attribute(out, "name", run->cycle);
	strbuf_addf(out, " time=\"%.3f\"", run->seconds);
	if (!run->failed) {
		strbuf_adds(out, "/>\n");
		return;
	}
	strbuf_addf(out,
		    ">\n      <failure type=\"run\" message=\"%llu of %llu passes "
		    "failed\"/>\n    </testcase>\n",
		    (unsigned long long)run->failed, (unsigned long long)run->passes);
}

static void add_not_checked(const struct report *report, const struct not_checked *n,
			    struct strbuf *out)
{
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "classname", report->subject);
	add_attribute(out, "name", n->what);
	strbuf_adds(out, ">\n      <skipped");
	add_attribute(out, "message", n->why);
	strbuf_adds(out, "/>\n    </testcase>\n");
}

struct totals {
	size_t tests, failures, errors, skipped;
	double seconds;
};

static struct totals count(const struct report *report)
{
	struct totals t = { .skipped = report->not_checked_count };

	for (size_t i = 0; i < report->findings_count; i++) {
		t.tests += report->findings[i].level != LEVEL_OFF;
		t.failures += fails(report, &report->findings[i]);
	}
	for (size_t i = 0; i < report->runs_count; i++) {
		t.failures += !!report->runs[i].failed;
		t.seconds += report->runs[i].seconds;
	}
	t.errors = !!report->failure;
	t.tests += report->runs_count + t.skipped + 1;
	return t;
}

/* The verdict as a test case of its own: no suite is empty, and a failed run shows. */
static void add_verdict(const struct report *report, struct strbuf *out)
{
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "classname", report->subject);
	add_attribute(out, "name", report->tool);
	if (!report->failure) {
		strbuf_adds(out, "/>\n");
		return;
	}
	strbuf_adds(out, ">\n      <error type=\"failed\"");
	add_attribute(out, "message", report->failure);
	strbuf_adds(out, "/>\n    </testcase>\n");
}

static void add_totals(const char *tag, const char *name, const struct totals *t,
		       struct strbuf *out)
{
	strbuf_addf(out, "<%s", tag);
	add_attribute(out, "name", name);
	strbuf_addf(out,
		    " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
		    "time=\"%.3f\">\n",
		    t->tests, t->failures, t->errors, t->skipped, t->seconds);
}

static struct error *write_junit(const struct report *report,
				 const struct format_context *context, struct strbuf *out)
{
	struct totals t = count(report);
	_strbuf_ struct strbuf name = STRBUF_INIT;

	(void)context;
	strbuf_addf(&name, "bookend %s", report->tool);
	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	add_totals("testsuites", strbuf_string(&name), &t, out);
	strbuf_adds(out, "  ");
	add_totals("testsuite", report->subject, &t, out);
	add_verdict(report, out);
	for (size_t i = 0; i < report->findings_count; i++)
		if (report->findings[i].level != LEVEL_OFF)
			add_finding(report, &report->findings[i], out);
	for (size_t i = 0; i < report->runs_count; i++)
		add_run(report, &report->runs[i], out);
	for (size_t i = 0; i < report->not_checked_count; i++)
		add_not_checked(report, &report->not_checked[i], out);
	strbuf_adds(out, "  </testsuite>\n</testsuites>\n");
	return strbuf_error(out);
}

static const struct format format_junit = {
	.name = "junit",
	.summary = "JUnit XML, a test case for each finding and run",
	.extension = "xml",
	.write = write_junit,
};
REGISTER(format, format_junit);
