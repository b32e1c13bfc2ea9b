/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for people: what was found, grouped by file, then why it matters. */
#include <math.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "report/catalogue.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/view.h"

enum { WRAP = 78 };

static const char *level_colour(enum level level, const struct style *s)
{
	return level == LEVEL_ERROR	   ? s->red
	       : level == LEVEL_WARNING	   ? s->yellow
	       : level == LEVEL_SUGGESTION ? s->cyan
					   : s->dim;
}

/* @text, every line of it after @indent blanks, wrapped at words when @wrap. */
static void add_indented(struct strbuf *out, const char *text, size_t indent, bool wrap)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), column = indent;

		strbuf_pad(out, ' ', line ? indent : 0);
		for (size_t i = 0; i < line;) {
			size_t word = strcspn(text + i, " \n");

			if (wrap && column > indent && column + word > WRAP) {
				strbuf_addc(out, '\n');
				strbuf_pad(out, ' ', indent);
				column = indent;
			}
			strbuf_add(out, text + i, word);
			column += word + 1;
			i += word;
			if (i < line && text[i] == ' ') {
				strbuf_addc(out, ' ');
				i++;
			}
		}
		strbuf_addc(out, '\n');
		text += line + (text[line] == '\n');
	}
}

/* Below this folder, or below the kernel's sources, from there on. */
static const char *short_path(const char *file)
{
	static const char *const roots[] = { "/include/linux/", "/include/net/",
					     "/include/asm-generic/",
					     "/arch/x86/include/" };
	char here[PATH_MAX];
	size_t length;

	for (size_t i = 0; i < ARRAY_LENGTH(roots); i++)
		if (strstr(file, roots[i]))
			return strstr(file, roots[i]) + 1;
	if (!getcwd(here, sizeof(here)))
		return file;
	length = strlen(here);
	return !strncmp(file, here, length) && file[length] == '/' ? file + length + 1
								   : file;
}

static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* How wide a frame is, with its source behind it or without. */
static size_t frame_columns(const struct frame *f, const char *place, bool source)
{
	const char *name = f->function ? f->function : f->raw ? f->raw : "";
	size_t columns = columns_of(name);

	columns = 10 + (columns < 28 ? 28 : columns) + 1 + columns_of(place);
	columns += f->kind == FRAME_INLINE ? 9 : 0;
	columns += f->module ? 4 + columns_of(f->module) : 0;
	return columns + (source && f->source ? 2 + columns_of(f->source) : 0);
}

/*
 * @text from @column on, wrapped at words to @width (0: not at all), its further lines
 * after @indent blanks.
 */
static void add_wrapped(struct strbuf *out, const char *text, size_t column,
			size_t indent, size_t width)
{
	while (*text) {
		size_t length = strcspn(text, " "), columns = 0;

		for (size_t i = 0; i < length; i++)
			columns += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (width && column > indent && column + columns > width) {
			strbuf_addc(out, '\n');
			strbuf_pad(out, ' ', indent);
			column = indent;
		}
		strbuf_add(out, text, length);
		column += columns + 1;
		text += length;
		if (*text == ' ' && text++)
			strbuf_addc(out, ' ');
	}
	strbuf_addc(out, '\n');
}

static void add_frame(const struct frame *f, size_t number, const struct style *s,
		      struct strbuf *out)
{
	char place[512] = "";

	if (f->file)
		snprintf(place, sizeof(place), "%s:%u", short_path(f->file), f->line);
	if (f->kind == FRAME_INLINE)
		strbuf_adds(out, "          ");
	else
		strbuf_addf(out, "      #%-2zu ", number);
	strbuf_addf(out, "%s%-*s%s", s->bold, *place || f->module ? 28 : 0,
		    f->function ? f->function
		    : f->raw	? f->raw
				: "?",
		    s->reset);
	if (*place)
		strbuf_addf(out, " %s%s%s", s->cyan, place, s->reset);
	if (f->kind == FRAME_INLINE)
		strbuf_adds(out, "  inlined");
	/* a file says as much, where there is no room for both */
	if (f->module &&
	    !(*place && s->width && frame_columns(f, place, false) > s->width))
		strbuf_addf(out, "  [%s]", f->module);
	if (f->kind == FRAME_GUESSED)
		strbuf_adds(out, "  ?");
	if (f->source && s->width && frame_columns(f, place, true) > s->width)
		strbuf_addf(out, "\n%12s%s%s%s", "", s->dim, f->source, s->reset);
	else if (f->source)
		strbuf_addf(out, "  %s%s%s", s->dim, f->source, s->reset);
	strbuf_addc(out, '\n');
}

static void add_finding(const struct finding *f, const struct style *s,
			struct strbuf *out)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t number = 0;

	strbuf_addf(out, "  %s%-10s%s %s%-8s%s ", level_colour(f->level, s),
		    level_name(f->level), s->reset, s->bold, f->rule, s->reset);
	if (f->line)
		strbuf_addf(&text, "line %u: ", f->line);
	if (f->symbol)
		strbuf_addf(&text, "%s: ", f->symbol);
	strbuf_adds(&text, f->message);
	add_wrapped(out, strbuf_string(&text), 22, 6, s->width);
	if (f->evidence)
		add_indented(out, f->evidence, 6, false);
	for (size_t i = 0; i < f->stack_count; i++)
		add_frame(&f->stack[i],
			  f->stack[i].kind == FRAME_INLINE ? number : number++, s, out);
	if (f->hint) {
		strbuf_addf(out, "      %s-> ", s->dim);
		add_wrapped(out, f->hint, 9, 9, s->width);
		strbuf_adds(out, s->reset);
	}
}

static void add_findings(const struct report *report, const struct style *s,
			 struct strbuf *out)
{
	const char *path = NULL;

	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];
		const char *here = f->path ? f->path : "";

		if (f->level == LEVEL_OFF)
			continue;
		if (!path || strcmp(path, here))
			strbuf_addf(out, "\n%s%s%s\n", s->bold,
				    *here ? here : report->subject, s->reset);
		path = here;
		add_finding(f, s, out);
	}
}

static void add_latency(const struct latency *l, struct strbuf *out)
{
	/* a percentile that so few values cannot have is their maximum: not shown */
	const struct {
		const char *name;
		uint64_t value, at_least;
	} shown[] = {
		{ "p50", l->p50, 0 },	       { "p90", l->p90, 10 },
		{ "p99", l->p99, 0 },	       { "p99.9", l->p999, 1000 },
		{ "p99.99", l->p9999, 10000 }, { "p99.999", l->p99999, 100000 },
		{ "max", l->maximum, 0 },
	};

	strbuf_addf(out, "\n      %-12s", l->step);
	for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
		if (l->count < shown[i].at_least)
			continue;
		strbuf_addf(out, " %s%s ", i ? " " : "", shown[i].name);
		units_add_duration(out, shown[i].value);
	}
}

static void add_run(const struct run *run, const struct style *s, struct strbuf *out)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_addf(out, "  %-24s ", run->cycle);
	units_add_count(&text, run->passes);
	strbuf_addf(out, "%12s passes  ", strbuf_string(&text));
	strbuf_truncate(&text, 0);
	units_add_rate(&text, run->rate_kept);
	strbuf_addf(out, "%10s", strbuf_string(&text));
	if (run->rate_asked > 0) {
		strbuf_adds(out, " of ");
		units_add_rate(out, run->rate_asked);
	}
	if (run->note)
		strbuf_addf(out, " (%s)", run->note);
	if (run->failed) {
		strbuf_addf(out, "  %s", s->red);
		units_add_count(out, run->failed);
		strbuf_addf(out, " failed%s", s->reset);
	}
	for (size_t i = 0; i < run->latency_count; i++)
		add_latency(&run->latency[i], out);
	strbuf_addc(out, '\n');
}

static void add_measurement(const struct measurement *m, struct strbuf *out)
{
	strbuf_addf(out, "  %-40s ", m->name);
	if (!strcmp(m->unit, "B") && m->value >= 0)
		units_add_size(out, (uint64_t)m->value);
	else if (!strcmp(m->unit, "ns") && m->value >= 0)
		units_add_duration(out, (uint64_t)m->value);
	else if (m->value == floor(m->value) && fabs(m->value) < 1e15)
		strbuf_addf(out, "%.0f%s%s", m->value, strcmp(m->unit, "1") ? " " : "",
			    strcmp(m->unit, "1") ? m->unit : "");
	else
		strbuf_addf(out, "%.4g%s%s", m->value, strcmp(m->unit, "1") ? " " : "",
			    strcmp(m->unit, "1") ? m->unit : "");
	strbuf_addc(out, '\n');
}

static void add_explanation(const struct rule *rule, const struct style *s,
			    struct strbuf *out)
{
	strbuf_addf(out, "\n%s%s%s  %s\n", s->bold, rule->id, s->reset, rule->title);
	add_indented(out, rule->explanation, 4, true);
}

static bool fired_before(const struct report *report, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(report->findings[i].rule, report->findings[index].rule))
			return true;
	return false;
}

static struct error *add_explanations(const struct report *report, const struct style *s,
				      struct strbuf *out)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	struct error *error = NULL;
	bool any = false;

	if (report->findings_count)
		error = catalogue_create(NULL, &catalogue);
	for (size_t i = 0; !error && i < report->findings_count; i++) {
		const struct rule *rule =
			catalogue_find(catalogue, report->findings[i].rule);

		if (!rule || report->findings[i].level == LEVEL_OFF ||
		    fired_before(report, i))
			continue;
		if (!any)
			strbuf_addf(out, "\n%sWhat the rules say%s\n", s->bold, s->reset);
		any = true;
		add_explanation(rule, s, out);
	}
	return error;
}

static bool owns_runs(const struct report_section *section)
{
	const struct section_view *view = section_view_find(section->name);

	return (section->section && section->section->owns_runs) ||
	       (view && view->owns_runs);
}

static bool runs_are_owned(const struct report *report)
{
	for (size_t i = 0; i < report->sections_count; i++)
		if (owns_runs(&report->sections[i]))
			return true;
	return false;
}

static void add_sections(const struct report *report, const struct style *s, bool before,
			 struct strbuf *out)
{
	for (size_t i = 0; i < report->sections_count; i++) {
		const struct report_section *section = &report->sections[i];

		const struct section *own = section->section;
		const struct section_view *view = section_view_find(section->name);

		if (view && !view->owns_runs && runs_are_owned(report))
			continue;
		if (view && view->text && (view->order < 0) == before)
			view->text(section->value, s, out);
		else if (!view && own && own->text && (own->order < 0) == before)
			own->text(section->value, s, out);
	}
}

static void add_verdict(const struct report *report, const struct style *s,
			struct strbuf *out)
{
	static const enum level levels[] = { LEVEL_ERROR, LEVEL_WARNING, LEVEL_SUGGESTION,
					     LEVEL_INFO };
	enum verdict verdict = report_verdict(report);
	const char *colour = verdict == VERDICT_CLEAN	     ? s->green
			     : verdict == VERDICT_INCOMPLETE ? s->yellow
							     : s->red;
	const char *separator = ": ";

	strbuf_addf(out, "\n%s%s%s", colour, verdict_name(verdict), s->reset);
	if (report->failure) {
		strbuf_addf(out, "%s%s", separator, report->failure);
		separator = "; ";
	}
	for (size_t i = 0; i < 4; i++) {
		size_t count = report_count(report, levels[i]);

		if (!count)
			continue;
		strbuf_addf(out, "%s%zu %s%s", separator, count, level_name(levels[i]),
			    count == 1 || levels[i] == LEVEL_INFO ? "" : "s");
		separator = ", ";
	}
	if (report->summary)
		strbuf_addf(out, "%s%s", *separator == ':' ? ", " : "; ",
			    report->summary);
	strbuf_addc(out, '\n');
}

static struct error *write_text(const struct report *report,
				const struct format_context *context, struct strbuf *out)
{
	const struct style *s = &context->style;
	struct error *error = NULL;

	strbuf_addf(out, "%s%s%s  %s\n", s->bold, report->tool, s->reset,
		    report->subject);
	add_sections(report, s, true, out);
	if (report->runs_count && !runs_are_owned(report))
		strbuf_addc(out, '\n');
	for (size_t i = 0; i < report->runs_count && !runs_are_owned(report); i++)
		add_run(&report->runs[i], s, out);
	add_findings(report, s, out);
	add_sections(report, s, false, out);
	if (report->measurements_count)
		strbuf_addf(out, "\n%sMeasured%s\n", s->bold, s->reset);
	for (size_t i = 0; i < report->measurements_count; i++)
		add_measurement(&report->measurements[i], out);
	if (report->not_checked_count)
		strbuf_addf(out, "\n%sNot checked%s\n", s->bold, s->reset);
	for (size_t i = 0; i < report->not_checked_count; i++)
		strbuf_addf(out, "  %s: %s\n", report->not_checked[i].what,
			    report->not_checked[i].why);
	if (context->explain)
		error = add_explanations(report, s, out);
	add_verdict(report, s, out);
	return error ? error : strbuf_error(out);
}

static const struct format format_text = {
	.name = "text",
	.summary = "for people, with colours on a terminal",
	.extension = "txt",
	.write = write_text,
};
REGISTER(format, format_text);
