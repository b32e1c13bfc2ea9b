/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of LAVA, the board farm's scheduler: a line of its own for each result, which
 * it takes out of a job's output (https://docs.lavasoftware.org, "Test definitions").
 */
#include <ctype.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/strbuf.h"
#include "report/format.h"

/* Names of test cases hold no spaces; what is left must fit into a URL. */
static void add_id(struct strbuf *out, const char *text)
{
	bool gap = false;

	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("._-", *text)) {
			strbuf_addc(out, *text);
			gap = false;
		} else if (!gap) {
			strbuf_addc(out, '-');
			gap = true;
		}
	}
}

static void begin_case(struct strbuf *out, const char *id, const char *more,
		       const char *result)
{
	strbuf_adds(out, "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=");
	add_id(out, id);
	if (more && *more) {
		strbuf_addc(out, '.');
		add_id(out, more);
	}
	strbuf_addf(out, " RESULT=%s", result);
}

static void add_value(struct strbuf *out, const char *id, const char *more,
		      const char *result, double value, const char *unit)
{
	begin_case(out, id, more, result);
	strbuf_addf(out, " MEASUREMENT=%.10g UNITS=", value);
	add_id(out, unit);
	strbuf_adds(out, ">\n");
}

static const struct {
	const char *name;
	size_t offset;
} quantiles[] = {
	{ "p50", offsetof(struct latency, p50) },
	{ "p90", offsetof(struct latency, p90) },
	{ "p99", offsetof(struct latency, p99) },
	{ "p99.9", offsetof(struct latency, p999) },
	{ "p99.99", offsetof(struct latency, p9999) },
	{ "p99.999", offsetof(struct latency, p99999) },
	{ "max", offsetof(struct latency, maximum) },
};

static void add_run(const struct run *run, struct strbuf *out)
{
	const char *result = run->failed ? "fail" : "pass";

	add_value(out, run->cycle, NULL, result, (double)run->passes, "passes");
	add_value(out, run->cycle, "rate", result, run->rate_kept, "per-second");
	for (size_t i = 0; i < run->latency_count; i++)
		for (size_t k = 0; k < sizeof(quantiles) / sizeof(*quantiles); k++) {
			const struct latency *l = &run->latency[i];
			_strbuf_ struct strbuf name = STRBUF_INIT;
			uint64_t value;

			memcpy(&value, (const char *)l + quantiles[k].offset,
			       sizeof(value));
			strbuf_addf(&name, "%s.%s", l->step, quantiles[k].name);
			add_value(out, run->cycle, strbuf_string(&name), "pass",
				  (double)value, "ns");
		}
}

static struct error *write_lava(const struct report *report,
				const struct format_context *context, struct strbuf *out)
{
	enum exit_status status = report_exit_status(report);

	(void)context;
	strbuf_adds(out, "<LAVA_SIGNAL_TESTSET START bookend-");
	add_id(out, report->tool);
	strbuf_addc(out, '-');
	add_id(out, report->subject);
	strbuf_adds(out, ">\n");
	for (size_t i = 0; i < report->runs_count; i++)
		add_run(&report->runs[i], out);
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		if (f->level == LEVEL_OFF)
			continue;
		begin_case(out, f->rule, f->symbol,
			   f->level >= report->fail_on ? "fail" : "pass");
		strbuf_adds(out, ">\n");
	}
	for (size_t i = 0; i < report->measurements_count; i++)
		add_value(out, report->measurements[i].name, NULL, "pass",
			  report->measurements[i].value, report->measurements[i].unit);
	for (size_t i = 0; i < report->not_checked_count; i++) {
		begin_case(out, report->not_checked[i].what, NULL, "skip");
		strbuf_adds(out, ">\n");
	}
	begin_case(out, report->tool, report->subject,
		   status == EXIT_CLEAN	       ? "pass"
		   : status == EXIT_INCOMPLETE ? "unknown"
					       : "fail");
	strbuf_adds(out, ">\n<LAVA_SIGNAL_TESTSET STOP>\n");
	return strbuf_error(out);
}

static const struct format format_lava = {
	.name = "lava",
	.summary = "signals of LAVA, for standard output of a job",
	.extension = "lava",
	.write = write_lava,
};
REGISTER(format, format_lava);
