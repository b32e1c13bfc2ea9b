/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as one page that can be mailed: no script, no foreign resource. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "common/version.h"
#include "report/catalogue.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/view.h"

/* Rows of a section's table that are shown; the JSON has them all. */
enum { ROWS_SHOWN = 500, COLUMNS_SHOWN = 12 };

static const char style_sheet[] =
	":root{--ink:#1c2024;--soft:#60646c;--line:#e0e2e6;--paper:#fff;--card:#f7f8f9;"
	"--red:#c62a2f;--amber:#ad5700;--green:#18794e;--blue:#0b68cb}"
	"@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--soft:#a0a4ab;--line:#34383f;"
	"--paper:#15171a;--card:#1d2024;--red:#ff8589;--amber:#f1a10d;--green:#4cc38a;"
	"--blue:#70b8ff}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:64rem;padding:2rem 1.5rem 4rem;"
	"background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,sans-serif}"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}"
	"code,pre,td.n,.mono{font-family:ui-monospace,monospace;font-size:.92em}"
	"header{border-bottom:1px solid var(--line);padding-bottom:1rem;margin-bottom:1rem}"
	".verdict{display:inline-block;padding:.15rem .7rem;border-radius:1rem;color:#fff;"
	"font-weight:600}.clean{background:#18794e}.findings,.failed{background:#c62a2f}"
	".incomplete{background:#ad5700}.soft{color:var(--soft)}.good{color:var(--green)}"
	".bad{color:var(--red)}.warn{color:var(--amber)}"
	"table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;"
	"color:var(--soft);font-size:.85rem}td,th{padding:.3rem .8rem .3rem 0;"
	"border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;"
	"white-space:nowrap}.scroll{overflow-x:auto}"
	".finding{border:1px solid var(--line);border-left:4px solid var(--soft);"
	"border-radius:.4rem;background:var(--card);padding:.6rem .9rem;margin:.6rem 0}"
	".finding.error{border-left-color:var(--red)}"
	".finding.warning{border-left-color:var(--amber)}"
	".finding.suggestion{border-left-color:var(--blue)}"
	".finding p{margin:.2rem 0}pre{margin:.4rem 0;overflow-x:auto;white-space:pre-wrap}"
	".stack td{border:0;padding:.05rem .8rem .05rem 0}.inline{padding-left:1.2rem}"
	"details{margin:.5rem 0}summary{cursor:pointer}a{color:var(--blue)}"
	"h3{font-size:.95rem;margin:1.4rem 0 .4rem}tr.advice td{border-bottom:2px solid "
	"var(--line);color:var(--blue);padding-top:0}tr:has(+tr.advice) td{border:0}"
	"svg.plot{display:block;width:100%;min-width:32rem}"
	".plot text{fill:var(--soft);font-size:12px}.plot .grid{stroke:var(--line)}"
	"@media(max-width:40rem){body{padding:1rem .8rem 3rem}.steps tr{display:block;"
	"padding:.4rem 0;border-bottom:1px solid var(--line)}.steps td{display:inline;"
	"border:0;padding:0 .5rem 0 0}.steps td:first-child{display:block;font-weight:600}"
	".finding .stack{display:block;overflow-x:auto}}"
	".plot .line{fill:none;stroke:var(--blue);stroke-width:2;stroke-linejoin:round}"
	".plot .band{fill:var(--blue);opacity:.18}.plot .dot{fill:var(--blue)}";

static void add_head(const struct report *report, struct strbuf *out)
{
	const char *verdict = verdict_name(report_verdict(report));

	strbuf_adds(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
			 "<meta name=viewport content=\"width=device-width\"><title>");
	html_add_text(out, report->subject);
	strbuf_addf(out, ": %s</title><style>%s</style></head><body>\n<header>", verdict,
		    style_sheet);
	strbuf_addf(out, "<p class=soft>bookend %s %s</p><h1>", report->tool,
		    BOOKEND_VERSION);
	html_add_text(out, report->subject);
	strbuf_addf(out, "</h1><p><span class=\"verdict %s\">%s</span> ", verdict,
		    verdict);
	html_add_text(out, report->failure ? report->failure : report->summary);
	strbuf_adds(out, "</p></header>\n");
}

static void add_runs(const struct report *report, struct strbuf *out)
{
	if (!report->runs_count)
		return;
	strbuf_adds(out,
		    "<h2>Runs</h2><div class=scroll><table><tr><th>cycle<th class=n>"
		    "passes<th class=n>failed<th class=n>rate kept<th>step<th class=n>p50"
		    "<th class=n>p99<th class=n>max</tr>\n");
	for (size_t i = 0; i < report->runs_count; i++) {
		const struct run *run = &report->runs[i];

		for (size_t k = 0; k < run->latency_count || k == 0; k++) {
			strbuf_adds(out, "<tr>");
			html_add_cell(out, "", k ? "" : run->cycle);
			strbuf_adds(out, "<td class=n>");
			if (!k)
				units_add_count(out, run->passes);
			strbuf_adds(out, "</td><td class=n>");
			if (!k)
				units_add_count(out, run->failed);
			strbuf_adds(out, "</td><td class=n>");
			if (!k)
				units_add_rate(out, run->rate_kept);
			strbuf_adds(out, "</td>");
			if (k < run->latency_count) {
				html_add_cell(out, "mono", run->latency[k].step);
				html_add_duration_cell(out, run->latency[k].p50);
				html_add_duration_cell(out, run->latency[k].p99);
				html_add_duration_cell(out, run->latency[k].maximum);
			}
			strbuf_adds(out, "</tr>\n");
		}
		if (run->note) {
			strbuf_adds(out, "<tr><td colspan=8 class=soft>");
			html_add_text(out, run->note);
			strbuf_adds(out, "</tr>\n");
		}
	}
	strbuf_adds(out, "</table></div>\n");
}

static void add_stack(const struct finding *finding, struct strbuf *out)
{
	size_t number = 0;

	if (!finding->stack_count)
		return;
	strbuf_adds(out, "<table class=\"stack mono\">");
	for (size_t i = 0; i < finding->stack_count; i++) {
		const struct frame *f = &finding->stack[i];
		bool inlined = f->kind == FRAME_INLINE;

		strbuf_adds(out, "<tr><td class=soft>");
		if (!inlined)
			strbuf_addf(out, "#%zu", number++);
		strbuf_addf(out, "</td><td%s>", inlined ? " class=inline" : "");
		html_add_text(out, f->function ? f->function : f->raw);
		strbuf_adds(out, inlined ? " <span class=soft>inlined</span>"
				 : f->kind == FRAME_GUESSED ? " <span class=soft>?</span>"
							    : "");
		strbuf_adds(out, "</td><td>");
		html_add_text(out, f->file);
		if (f->file && f->line)
			strbuf_addf(out, ":%u", f->line);
		strbuf_adds(out, "</td><td class=soft>");
		html_add_text(out, f->source ? f->source : f->module);
		strbuf_adds(out, "</td></tr>");
	}
	strbuf_adds(out, "</table>");
}

static void add_finding(const struct finding *f, struct strbuf *out)
{
	strbuf_addf(out, "<div class=\"finding %s\"><p><b>", level_name(f->level));
	html_add_text(out, f->rule);
	strbuf_addf(out, "</b> <span class=soft>%s</span> ", level_name(f->level));
	if (f->symbol) {
		strbuf_adds(out, "<code>");
		html_add_text(out, f->symbol);
		strbuf_adds(out, "</code>: ");
	}
	html_add_text(out, f->message);
	strbuf_adds(out, "</p>");
	if (f->path) {
		strbuf_adds(out, "<p class=\"soft mono\">");
		html_add_text(out, f->path);
		if (f->line)
			strbuf_addf(out, ":%u", f->line);
		strbuf_adds(out, "</p>");
	}
	if (f->evidence) {
		strbuf_adds(out, "<pre>");
		html_add_text(out, f->evidence);
		strbuf_adds(out, "</pre>");
	}
	add_stack(f, out);
	if (f->hint) {
		strbuf_adds(out, "<p>→ ");
		html_add_text(out, f->hint);
		strbuf_adds(out, "</p>");
	}
	strbuf_adds(out, "</div>\n");
}

static void add_findings(const struct report *report, struct strbuf *out)
{
	size_t shown = 0;

	for (int level = LEVEL_ERROR; level >= LEVEL_INFO; level--)
		for (size_t i = 0; i < report->findings_count; i++) {
			if ((int)report->findings[i].level != level)
				continue;
			if (!shown++)
				strbuf_adds(out, "<h2>Findings</h2>\n");
			add_finding(&report->findings[i], out);
		}
}

static void add_json_value(const json_t *value, struct strbuf *out)
{
	_free_ char *text = NULL;

	if (json_is_string(value)) {
		html_add_text(out, json_string_value(value));
		return;
	}
	text = json_dumps(value,
			  JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	html_add_text(out, text);
}

/* The columns of an array of objects: the keys of its rows, in the order they appear. */
static size_t table_columns(const json_t *array, const char *ret[COLUMNS_SHOWN])
{
	size_t count = 0, i;
	json_t *row, *value;
	const char *key;

	json_array_foreach(array, i, row)
	{
		json_object_foreach(row, key, value)
		{
			bool known = json_is_array(value) || json_is_object(value);

			for (size_t k = 0; k < count; k++)
				known |= !strcmp(ret[k], key);
			if (!known && count < COLUMNS_SHOWN)
				ret[count++] = key;
		}
	}
	return count;
}

static void add_table(const json_t *array, struct strbuf *out)
{
	const char *columns[COLUMNS_SHOWN];
	size_t count = table_columns(array, columns), i;
	json_t *row;

	strbuf_adds(out, "<div class=scroll><table><tr>");
	for (size_t k = 0; k < count; k++) {
		strbuf_adds(out, "<th>");
		html_add_text(out, columns[k]);
	}
	strbuf_adds(out, "</tr>\n");
	json_array_foreach(array, i, row)
	{
		if (i >= ROWS_SHOWN)
			break;
		strbuf_adds(out, "<tr>");
		for (size_t k = 0; k < count; k++) {
			const json_t *value = json_object_get(row, columns[k]);

			strbuf_adds(out, json_is_number(value) ? "<td class=n>" : "<td>");
			if (value)
				add_json_value(value, out);
			strbuf_adds(out, "</td>");
		}
		strbuf_adds(out, "</tr>\n");
	}
	strbuf_adds(out, "</table></div>");
	if (json_array_size(array) > ROWS_SHOWN)
		strbuf_addf(out, "<p class=soft>and %zu more: see report.json</p>",
			    json_array_size(array) - ROWS_SHOWN);
}

/* A series [[x, y], …] as a plot. */
static void add_plot(const char *name, const json_t *series, struct strbuf *out)
{
	_free_ struct plot_point *points =
		calloc(json_array_size(series), sizeof(*points));
	struct plot plot = { .label = name, .points = points };
	json_t *point;
	size_t i;

	json_array_foreach(series, i, point)
	{
		double y = json_number_value(json_array_get(point, 1));

		if (points)
			points[plot.count++] = (struct plot_point){
				json_number_value(json_array_get(point, 0)), y, y
			};
	}
	strbuf_adds(out, "<p>");
	html_add_text(out, name);
	strbuf_adds(out, "</p>");
	plot_add_svg(&plot, out);
}

static bool is_series(const json_t *value)
{
	const json_t *first = json_array_get(value, 0);

	return json_array_size(value) > 1 && json_array_size(first) == 2 &&
	       json_is_number(json_array_get(first, 0));
}

static void add_section_value(const char *name, const json_t *value, struct strbuf *out)
{
	const char *key;
	json_t *part;

	if (is_series(value)) {
		add_plot(name, value, out);
	} else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
		add_table(value, out);
	} else if (json_is_object(value)) {
		strbuf_adds(out, "<table>");
		json_object_foreach((json_t *)value, key, part)
		{
			if (json_array_size(part) || json_object_size(part))
				continue;
			strbuf_adds(out, "<tr><td class=soft>");
			html_add_text(out, key);
			strbuf_adds(out, "</td><td>");
			add_json_value(part, out);
			strbuf_adds(out, "</td></tr>");
		}
		strbuf_adds(out, "</table>");
		json_object_foreach((json_t *)value, key, part)
		{
			if (!json_array_size(part) && !json_object_size(part))
				continue;
			strbuf_adds(out, "<details><summary>");
			html_add_text(out, key);
			strbuf_adds(out, "</summary>");
			add_section_value(key, part, out);
			strbuf_adds(out, "</details>");
		}
	} else {
		strbuf_adds(out, "<p class=mono>");
		add_json_value(value, out);
		strbuf_adds(out, "</p>");
	}
}

/* Those that sum up the others stand first, before the findings. */
static void add_sections(const struct report *report, bool summing, struct strbuf *out)
{
	for (size_t i = 0; i < report->sections_count; i++) {
		const struct report_section *section = &report->sections[i];
		const struct section_view *view = section_view_find(section->name);

		if ((view && view->owns_runs) != summing)
			continue;

		strbuf_adds(out, "<h2>");
		html_add_text(out, view && view->title ? view->title : section->name);
		strbuf_adds(out, "</h2>\n");
		if (view && view->html)
			view->html(section->value, out);
		else
			add_section_value(section->name, section->value, out);
	}
}

static void add_measurements(const struct report *report, struct strbuf *out)
{
	if (!report->measurements_count)
		return;
	strbuf_adds(out, "<h2>Measured</h2><table>");
	for (size_t i = 0; i < report->measurements_count; i++) {
		const struct measurement *m = &report->measurements[i];

		strbuf_adds(out, "<tr>");
		html_add_cell(out, "mono", m->name);
		strbuf_adds(out, "<td class=n>");
		if (!strcmp(m->unit, "B") && m->value >= 0)
			units_add_size(out, (uint64_t)m->value);
		else if (!strcmp(m->unit, "ns") && m->value >= 0)
			units_add_duration(out, (uint64_t)m->value);
		else
			strbuf_addf(out, "%.6g %s", m->value,
				    strcmp(m->unit, "1") ? m->unit : "");
		strbuf_adds(out, "</td></tr>\n");
	}
	strbuf_adds(out, "</table>\n");
}

static void add_not_checked(const struct report *report, struct strbuf *out)
{
	if (!report->not_checked_count)
		return;
	strbuf_adds(out, "<h2>Not checked</h2><table>");
	for (size_t i = 0; i < report->not_checked_count; i++) {
		strbuf_adds(out, "<tr>");
		html_add_cell(out, "", report->not_checked[i].what);
		html_add_cell(out, "soft", report->not_checked[i].why);
		strbuf_adds(out, "</tr>\n");
	}
	strbuf_adds(out, "</table>\n");
}

static struct error *add_rules(const struct report *report, struct strbuf *out)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	struct error *error =
		report->findings_count ? catalogue_create(NULL, &catalogue) : NULL;
	bool any = false;

	for (size_t r = 0; catalogue && r < catalogue_count(catalogue); r++) {
		const struct rule *rule = catalogue_at(catalogue, r);
		bool fired = false;

		for (size_t i = 0; !fired && i < report->findings_count; i++)
			fired = !strcmp(report->findings[i].rule, rule->id);
		if (!fired)
			continue;
		strbuf_adds(out, any ? "" : "<h2>What the rules say</h2>");
		any = true;
		strbuf_addf(out, "<details><summary><b>%s</b> ", rule->id);
		html_add_text(out, rule->title);
		strbuf_adds(out, "</summary><pre>");
		html_add_text(out, rule->explanation);
		strbuf_adds(out, "</pre></details>\n");
	}
	return error;
}

static struct error *write_html(const struct report *report,
				const struct format_context *context, struct strbuf *out)
{
	struct error *error;

	(void)context;
	add_head(report, out);
	add_sections(report, true, out);
	add_findings(report, out);
	add_runs(report, out);
	add_sections(report, false, out);
	add_measurements(report, out);
	add_not_checked(report, out);
	error = add_rules(report, out);
	strbuf_adds(out, "</body></html>\n");
	return error ? error : strbuf_error(out);
}

static const struct format format_html = {
	.name = "html",
	.summary = "one page to look at and to mail",
	.extension = "html",
	.write = write_html,
};
REGISTER(format, format_html);
