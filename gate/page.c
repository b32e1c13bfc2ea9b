/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one page of a gate: a row a step. */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "gate/gate.h"
#include "report/json.h"

struct error *gate_row(struct gate *gate, const char *step, const char *detail,
		       const char *result, const char *more)
{
	struct json_builder b;
	json_t *row = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "step", step);
	json_builder_string(&b, "detail", detail);
	json_builder_string(&b, "result", result);
	json_builder_string(&b, "more", more);
	error = json_builder_finish(&b, &row);
	if (error)
		return error;
	return json_array_append_new(gate->rows, row) ? error_nomem() : NULL;
}

struct error *gate_result(const struct report *report, char **ret)
{
	static const enum level levels[] = { LEVEL_ERROR, LEVEL_WARNING };
	_strbuf_ struct strbuf text = STRBUF_INIT;
	enum verdict verdict = report_verdict(report);

	if (verdict == VERDICT_CLEAN || verdict == VERDICT_INCOMPLETE)
		strbuf_adds(&text, verdict_name(verdict));
	else if (verdict == VERDICT_FAILED)
		strbuf_adds(&text, "failed");
	for (size_t i = 0; verdict >= VERDICT_FINDINGS && i < 2; i++) {
		size_t count = report_count(report, levels[i]);

		if (count)
			strbuf_addf(&text, "%s%zu %s%s", text.length ? ", " : "", count,
				    level_name(levels[i]), count == 1 ? "" : "s");
	}
	return strbuf_steal(&text, ret);
}

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

const struct section gate_section = {
	.name = "gate",
	.text = gate_text,
	.order = -10,
	.owns_runs = true,
};
