/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs over time: the section "history". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "report/html.h"
#include "report/json.h"
#include "report/plot.h"
#include "report/view.h"

static enum plot_unit unit_of(const json_t *row)
{
	const char *unit = json_text(row, "unit");

	return !strcmp(unit, "B")    ? PLOT_BYTES
	       : !strcmp(unit, "ns") ? PLOT_DURATION
				     : PLOT_NUMBER;
}

/* What is shown of a run on an axis: its label, else its day. */
static const char *run_name(const json_t *run, char room[32])
{
	const char *label = json_text(run, "label");

	strncpy(room, *label ? label : json_text(run, "at"), 31);
	room[31] = 0;
	if (!*label && strlen(room) > 10)
		room[10] = 0;
	return room;
}

static double value_at(const json_t *row, size_t i)
{
	const json_t *value = json_array_get(json_object_get(row, "values"), i);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The values of @row, NAN where there is none; owned by the caller. */
static double *values_of(const json_t *row, size_t *count)
{
	double *values;

	*count = json_array_size(json_object_get(row, "values"));
	values = calloc(*count + 1, sizeof(*values));
	for (size_t i = 0; values && i < *count; i++)
		values[i] = value_at(row, i);
	return values;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The last against the median of those before it, as a share; NAN: nothing to tell. */
static double change(const double *values, size_t count)
{
	_free_ double *before = calloc(count + 1, sizeof(*before));
	size_t used = 0;
	double median;

	for (size_t i = 0; before && i + 1 < count; i++)
		if (isfinite(values[i]))
			before[used++] = values[i];
	if (!used || !isfinite(values[count - 1]))
		return NAN;
	qsort(before, used, sizeof(*before), compare);
	median = used % 2 ? before[used / 2]
			  : (before[used / 2 - 1] + before[used / 2]) / 2;
	if (median == 0)
		return values[count - 1] == 0 ? 0 : INFINITY;
	return (values[count - 1] - median) / fabs(median);
}

static void add_change(double share, struct strbuf *out)
{
	if (isinf(share))
		strbuf_adds(out, "new");
	else if (isfinite(share) && fabs(share) >= 0.0005)
		strbuf_addf(out, "%+.1f %%", 100 * share);
	else if (isfinite(share))
		strbuf_adds(out, "=");
}

/* Fills up to @width columns; the units have two-byte letters. */
static void add_padded(struct strbuf *out, const char *text, size_t width)
{
	size_t shown = 0;

	for (const char *c = text; *c; c++)
		shown += ((unsigned char)*c & 0xc0) != 0x80;
	if (shown < width)
		strbuf_pad(out, ' ', width - shown);
	strbuf_adds(out, text);
}

static void text_row(const json_t *row, const char *key, struct strbuf *out)
{
	_strbuf_ struct strbuf last = STRBUF_INIT, moved = STRBUF_INIT;
	size_t count = 0;
	_free_ double *values = values_of(row, &count);

	if (!values || !count)
		return;
	if (isfinite(values[count - 1]))
		plot_add_value(values[count - 1], unit_of(row), &last);
	else
		strbuf_adds(&last, "-");
	if (!strcmp(json_text(row, "unit"), "1/s"))
		strbuf_adds(&last, "/s");
	add_change(change(values, count), &moved);
	strbuf_addf(out, "    %-40.40s ", json_text(row, key));
	add_padded(out, strbuf_string(&last), 11);
	add_padded(out, strbuf_string(&moved), 10);
	strbuf_adds(out, "  ");
	plot_add_sparkline(values + (count > 12 ? count - 12 : 0),
			   count > 12 ? 12 : count, out);
	strbuf_addc(out, '\n');
}

static void text_subject(const json_t *subject, const struct style *s, struct strbuf *out)
{
	const json_t *runs = json_object_get(subject, "runs");
	size_t count = json_array_size(runs), i;
	json_t *run, *row;

	strbuf_addf(out, "\n  %s%s %s%s: %zu run%s\n", s->bold,
		    json_text(subject, "tool"), json_text(subject, "subject"), s->reset,
		    count, count == 1 ? "" : "s");
	json_array_foreach((json_t *)runs, i, run)
	{
		bool clean = !strcmp(json_text(run, "verdict"), "clean");

		if (i + 5 < count)
			continue;
		strbuf_addf(out,
			    "    %s  %-12.12s %s%-10s%s %3lld errors, %lld warnings\n",
			    json_text(run, "at"), json_text(run, "label"),
			    clean ? s->green : s->red, json_text(run, "verdict"),
			    s->reset, (long long)view_count(run, "errors"),
			    (long long)view_count(run, "warnings"));
	}
	json_array_foreach(json_object_get(subject, "rules"), i, row)
	{
		text_row(row, "rule", out);
	}
	json_array_foreach(json_object_get(subject, "measurements"), i, row)
	{
		text_row(row, "name", out);
	}
}

static void history_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	json_t *subject;
	size_t i;

	json_array_foreach((json_t *)value, i, subject)
	{
		text_subject(subject, style, out);
	}
}

static void html_plot(const json_t *row, const char *title, const json_t *runs,
		      struct strbuf *out)
{
	size_t count = json_array_size(runs);
	_free_ struct plot_point *points = calloc(count + 1, sizeof(*points));
	_free_ char(*rooms)[32] = calloc(count + 1, sizeof(*rooms));
	_free_ const char **names = calloc(count + 1, sizeof(*names));
	size_t n = 0;
	_free_ double *values = values_of(row, &n);
	bool moved = false;
	struct plot plot = { .label = title,
			     .points = points,
			     .count = count,
			     .unit = unit_of(row),
			     .names = names,
			     .from_zero = true,
			     .marks = true };

	if (!points || !rooms || !names || !values)
		return;
	for (size_t i = 0; i < count; i++) {
		double y = i < n ? values[i] : NAN;

		points[i] = (struct plot_point){ (double)i, y, y };
		names[i] = run_name(json_array_get(runs, i), rooms[i]);
		moved |= i && !(y == points[i - 1].low);
	}
	strbuf_adds(out, "<h3>");
	html_add_text(out, title);
	strbuf_adds(out, " <span class=soft>");
	if (n && isfinite(values[n - 1]))
		plot_add_value(values[n - 1], plot.unit, out);
	strbuf_adds(out, !strcmp(json_text(row, "unit"), "1/s") ? "/s " : " ");
	add_change(change(values, n), out);
	strbuf_adds(out, "</span></h3>\n");
	/* what never moved needs no picture */
	if (moved)
		plot_add_svg(&plot, out);
}

static void html_runs(const json_t *runs, struct strbuf *out)
{
	json_t *run;
	size_t i;

	strbuf_adds(out,
		    "<details><summary>All runs</summary><div class=scroll><table><tr>"
		    "<th>when<th>label<th>verdict<th class=n>errors<th class=n>"
		    "warnings</tr>\n");
	json_array_foreach((json_t *)runs, i, run)
	{
		bool clean = !strcmp(json_text(run, "verdict"), "clean");

		strbuf_adds(out, "<tr>");
		html_add_cell(out, "mono", json_text(run, "at"));
		html_add_cell(out, "", json_text(run, "label"));
		html_add_cell(out, clean ? "good" : "bad", json_text(run, "verdict"));
		html_add_count_cell(out, view_count(run, "errors"));
		html_add_count_cell(out, view_count(run, "warnings"));
		strbuf_adds(out, "</tr>\n");
	}
	strbuf_adds(out, "</table></div></details>\n");
}

static void history_html(const json_t *value, struct strbuf *out)
{
	json_t *subject, *row;
	size_t i, k;

	json_array_foreach((json_t *)value, i, subject)
	{
		const json_t *runs = json_object_get(subject, "runs");

		strbuf_adds(out, "<h2>");
		html_add_text(out, json_text(subject, "tool"));
		strbuf_addc(out, ' ');
		html_add_text(out, json_text(subject, "subject"));
		strbuf_adds(out, "</h2>\n");
		html_runs(runs, out);
		json_array_foreach(json_object_get(subject, "rules"), k, row)
		{
			html_plot(row, json_text(row, "rule"), runs, out);
		}
		json_array_foreach(json_object_get(subject, "measurements"), k, row)
		{
			html_plot(row, json_text(row, "name"), runs, out);
		}
	}
}

static const struct section_view view_history = {
	.name = "history",
	.title = "History",
	.order = -10,
	.text = history_text,
	.html = history_html,
};
REGISTER(section_view, view_history);
