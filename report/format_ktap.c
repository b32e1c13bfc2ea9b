/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KTAP (Documentation/dev-tools/ktap.rst), as kernel test runners read it: a result for
 * the verdict, and for each run, finding and thing not checked.
 */
#include <string.h>

#include "common/cleanup.h"
#include "common/strbuf.h"
#include "report/format.h"
#include "report/frame.h"

/* A description ends at its line, and at "#", which begins a directive. */
static void add_text(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_addc(out,
			    (unsigned char)*text < 0x20 || *text == '#' ? ' ' : *text);
}

/* Lines of diagnosis, which belong to the result behind them. */
static void add_diagnosis(struct strbuf *out, const char *text)
{
	while (text && *text) {
		size_t n = strcspn(text, "\n");

		strbuf_addf(out, "# %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static bool fails(const struct report *report, const struct finding *f)
{
	return f->level != LEVEL_OFF && f->level >= report->fail_on;
}

static void add_finding(const struct report *report, const struct finding *f, size_t n,
			struct strbuf *out)
{
	if (f->path)
		strbuf_addf(out, "# at %s:%u\n", f->path, f->line);
	add_diagnosis(out, f->evidence);
	for (size_t i = 0; i < f->stack_count; i++) {
		const struct frame *frame = &f->stack[i];

		strbuf_addf(out, "#   %s",
			    frame->function ? frame->function : frame->raw);
		if (frame->file)
			strbuf_addf(out, " %s:%u", frame->file, frame->line);
		strbuf_addc(out, '\n');
	}
	strbuf_addf(out, "%s %zu %s ", fails(report, f) ? "not ok" : "ok", n, f->rule);
	add_text(out, f->message);
	strbuf_addc(out, '\n');
}

static void add_run(const struct run *run, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < run->latency_count; i++) {
		const struct latency *l = &run->latency[i];

		strbuf_addf(out,
			    "# %s ns: p50 %llu p90 %llu p99 %llu p99.9 %llu p99.99 %llu "
			    "p99.999 %llu max %llu\n",
			    l->step, (unsigned long long)l->p50,
			    (unsigned long long)l->p90, (unsigned long long)l->p99,
			    (unsigned long long)l->p999, (unsigned long long)l->p9999,
			    (unsigned long long)l->p99999,
			    (unsigned long long)l->maximum);
	}
	strbuf_addf(out, "# %llu passes, %llu failed, %.6g/s kept, %.3f s\n",
		    (unsigned long long)run->passes, (unsigned long long)run->failed,
		    run->rate_kept, run->seconds);
	strbuf_addf(out, "%s %zu ", run->failed ? "not ok" : "ok", n);
	add_text(out, run->cycle);
	strbuf_addc(out, '\n');
}

static struct error *write_ktap(const struct report *report,
				const struct format_context *context, struct strbuf *out)
{
	size_t n = 0, findings = 0;

	(void)context;
	for (size_t i = 0; i < report->findings_count; i++)
		findings += report->findings[i].level != LEVEL_OFF;
	strbuf_addf(out, "KTAP version 1\n1..%zu\n",
		    findings + report->runs_count + report->not_checked_count + 1);
	for (size_t i = 0; i < report->runs_count; i++)
		add_run(&report->runs[i], ++n, out);
	for (size_t i = 0; i < report->findings_count; i++)
		if (report->findings[i].level != LEVEL_OFF)
			add_finding(report, &report->findings[i], ++n, out);
	for (size_t i = 0; i < report->not_checked_count; i++) {
		strbuf_addf(out, "ok %zu ", ++n);
		add_text(out, report->not_checked[i].what);
		strbuf_adds(out, " # SKIP ");
		add_text(out, report->not_checked[i].why);
		strbuf_addc(out, '\n');
	}
	add_diagnosis(out, report->failure);
	strbuf_addf(out, "%s %zu ",
		    report_exit_status(report) == EXIT_FINDINGS ? "not ok" : "ok", ++n);
	add_text(out, report->tool);
	strbuf_addc(out, ' ');
	add_text(out, report->subject);
	if (report_exit_status(report) == EXIT_INCOMPLETE)
		strbuf_adds(out, " # SKIP not all of it was checked");
	strbuf_addc(out, '\n');
	return strbuf_error(out);
}

static const struct format format_ktap = {
	.name = "ktap",
	.summary = "KTAP, as the kernel's test runners read it",
	.extension = "ktap",
	.write = write_ktap,
};
REGISTER(format, format_ktap);
