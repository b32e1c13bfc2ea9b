/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one page of a gate: a row a step. */
#include <string.h>

#include "common/strbuf.h"
#include "common/style.h"
#include "report/html.h"
#include "report/view.h"

/* Columns, not bytes: the page has µ and × in it. */
static size_t shown(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static size_t widest(const json_t *rows, const char *key, size_t least)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(json_object_get(row, key));

		if (text && shown(text) > least)
			least = shown(text);
	}
	return least;
}

static void add_column(struct strbuf *out, const char *text, size_t width)
{
	text = text ? text : "";
	strbuf_adds(out, text);
	strbuf_pad(out, ' ', width > shown(text) ? width - shown(text) : 0);
}

static const char *result_colour(const char *result, const struct style *s)
{
	if (!result)
		return "";
	if (!strcmp(result, "clean") || !strcmp(result, "done"))
		return s->green;
	if (!strcmp(result, "measured"))
		return "";
	if (!strcmp(result, "incomplete") || !strncmp(result, "skipped", 7))
		return s->yellow;
	return s->red;
}

static void gate_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	const json_t *rows = json_object_get(value, "rows");
	const char *on = json_string_value(json_object_get(value, "on"));
	size_t step = widest(rows, "step", 8), detail = widest(rows, "detail", 20);
	size_t result = widest(rows, "result", 5), i;
	json_t *row;

	if (on)
		strbuf_addf(out, "%s%s%s\n", s->dim, on, s->reset);
	strbuf_addc(out, '\n');
	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(json_object_get(row, "result"));
		const char *more = json_string_value(json_object_get(row, "more"));

		strbuf_adds(out, "  ");
		add_column(out, json_string_value(json_object_get(row, "step")),
			   step + 2);
		add_column(out, json_string_value(json_object_get(row, "detail")),
			   detail + 2);
		strbuf_adds(out, result_colour(text, s));
		add_column(out, text, more ? result + 2 : 0);
		strbuf_adds(out, s->reset);
		strbuf_addf(out, "%s\n", more ? more : "");
	}
}

static const char *result_class(const char *result)
{
	if (!result)
		return "";
	if (!strcmp(result, "clean") || !strcmp(result, "done"))
		return "good";
	if (!strcmp(result, "measured"))
		return "soft";
	if (!strcmp(result, "incomplete") || !strncmp(result, "skipped", 7))
		return "warn";
	return "bad";
}

static void gate_html(const json_t *value, struct strbuf *out)
{
	const char *on = json_string_value(json_object_get(value, "on"));
	json_t *row;
	size_t i;

	if (on) {
		strbuf_adds(out, "<p class=soft>");
		html_add_text(out, on);
		strbuf_adds(out, "</p>\n");
	}
	strbuf_adds(out, "<table class=steps>\n");
	json_array_foreach(json_object_get(value, "rows"), i, row)
	{
		const char *result = json_string_value(json_object_get(row, "result"));

		strbuf_adds(out, "<tr>");
		html_add_cell(out, "", json_string_value(json_object_get(row, "step")));
		html_add_cell(out, "", json_string_value(json_object_get(row, "detail")));
		html_add_cell(out, result_class(result), result);
		html_add_cell(out, "soft",
			      json_string_value(json_object_get(row, "more")));
		strbuf_adds(out, "</tr>\n");
	}
	strbuf_adds(out, "</table>\n");
}

static const struct section_view view_gate = {
	.name = "gate",
	.title = "Steps",
	.order = -10,
	.owns_runs = true,
	.text = gate_text,
	.html = gate_html,
};
REGISTER(section_view, view_gate);
