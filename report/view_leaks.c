/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of what is still alive: the section "leaks". */
#include <string.h>

#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "report/html.h"
#include "report/view.h"

static void text_bound(const json_t *value, struct strbuf *out)
{
	double bound = json_number_value(json_object_get(value, "bound"));

	if (bound >= 1)
		strbuf_adds(out, ", in too few passes for a bound");
	else if (bound > 0)
		strbuf_addf(out, ": below %.2g %% of passes at 99 %%", 100 * bound);
}

/* One line of what is alive and yet no leak. */
static void text_harmless(const json_t *leak, const struct style *style,
			  struct strbuf *out)
{
	const char *why = json_string_value(json_object_get(leak, "why"));
	const char *place = json_string_value(json_object_get(leak, "function"));

	strbuf_addf(out, "              %s%s: ", style->dim,
		    json_string_value(json_object_get(leak, "class")));
	units_add_count(out, view_count(leak, "objects"));
	strbuf_addf(out, " object%s of ", view_count(leak, "objects") == 1 ? "" : "s");
	units_add_size(out, view_count(leak, "bytes"));
	strbuf_addf(out, " in all%s%s%s%s%s\n", place ? ", from " : "",
		    place ? place : "", why ? ": " : "", why ? why : "", style->reset);
}

/* Other sources have neither passes nor a bound on them. */
static void text_source(const json_t *value, const char *source,
			const struct style *style, struct strbuf *out)
{
	const char *verdict = json_string_value(json_object_get(value, "verdict"));
	double limit = json_number_value(json_object_get(value, "limit_bytes"));
	bool none = verdict && !strcmp(verdict, "none");

	strbuf_addf(out, "  leaks       %s%s%s, by %s", none ? style->green : style->red,
		    none ? "none seen" : "growing", style->reset, source);
	if (limit > 0)
		strbuf_addf(out, "; below %.1f B a cycle nothing could be seen", limit);
	strbuf_addc(out, '\n');
}

static void leaks_text(const json_t *value, const struct style *style, struct strbuf *out)
{
	const char *source = json_string_value(json_object_get(value, "source"));
	const char *verdict = json_string_value(json_object_get(value, "verdict"));
	const json_t *leaks = json_object_get(value, "alive");
	uint64_t lost = view_count(value, "lost");
	const json_t *leak;
	size_t index;

	if (source && strcmp(source, "census")) {
		text_source(value, source, style, out);
		return;
	}
	strbuf_adds(out, "  leaks       ");
	if (verdict && !strcmp(verdict, "none")) {
		strbuf_addf(out, "%snone%s", style->green, style->reset);
		text_bound(value, out);
	} else {
		strbuf_addf(out, "%s%s%s in ", style->red,
			    verdict ? verdict : "not known", style->reset);
		units_add_count(out, view_count(value, "passes"));
		strbuf_adds(out, " passes");
	}
	if (lost || !json_is_true(json_object_get(value, "complete")))
		strbuf_addf(out, ", %scensus incomplete%s", style->yellow, style->reset);
	else
		strbuf_adds(out, ", census complete (0 events lost)");
	strbuf_addc(out, '\n');
	json_array_foreach((json_t *)leaks, index, leak)
	{
		const char *class = json_string_value(json_object_get(leak, "class"));

		if (class && (!strcmp(class, "kept") || !strcmp(class, "follows") ||
			      !strcmp(class, "outstanding")))
			text_harmless(leak, style, out);
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void html_alive(const json_t *leak, struct strbuf *out)
{
	const char *file = text_of(leak, "file"),
		   *slash = file ? strrchr(file, '/') : NULL;
	const char *type = text_of(leak, "type"), *object = text_of(leak, "object");
	bool likely = json_is_true(json_object_get(leak, "type_likely"));

	strbuf_adds(out, "<tr><td class=mono>");
	html_add_text(out, text_of(leak, "function"));
	if (file) {
		strbuf_adds(out, "<br><span class=soft>");
		html_add_text(out, slash ? slash + 1 : file);
		strbuf_addf(out, ":%llu</span>",
			    (unsigned long long)view_count(leak, "line"));
	}
	strbuf_adds(out, "</td><td>");
	html_add_text(out, text_of(leak, "class"));
	if (text_of(leak, "why")) {
		strbuf_adds(out, "<br><span class=soft>");
		html_add_text(out, text_of(leak, "why"));
		strbuf_adds(out, "</span>");
	}
	strbuf_addf(out, "</td><td>%s", !object && type && likely ? "probably " : "");
	html_add_text(out, object ? object : type);
	strbuf_adds(out, "</td>");
	html_add_count_cell(out, view_count(leak, "objects"));
	html_add_size_cell(out, view_count(leak, "bytes"));
	html_add_size_cell(out, view_count(leak, "taken"));
	html_add_count_cell(out, view_count(leak, "passes"));
	html_add_count_cell(out, view_count(leak, "first_pass"));
	strbuf_adds(out, "</tr>\n");
}

/* "verdict: none, below 0.46 % …" as in text, then what is alive. */
static void leaks_html(const json_t *value, struct strbuf *out)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;
	const json_t *alive = json_object_get(value, "alive");
	const char *text;
	json_t *leak;
	size_t i;

	leaks_text(value, &style_plain, &line);
	text = strbuf_string(&line) + strspn(strbuf_string(&line), " ");
	text += !strncmp(text, "leaks", 5) ? 5 : 0;
	strbuf_adds(out, "<p>");
	for (; *text && *text != '\n'; text++)
		strbuf_addc(out, *text);
	strbuf_adds(out, "</p>\n");
	if (!json_array_size(alive))
		return;
	strbuf_adds(out,
		    "<div class=scroll><table><tr><th>allocated by<th>class<th>object"
		    "<th class=n>objects<th class=n>bytes<th class=n>taken"
		    "<th class=n>passes<th class=n>first pass</tr>\n");
	json_array_foreach((json_t *)alive, i, leak)
	{
		html_alive(leak, out);
	}
	strbuf_adds(out, "</table></div>\n");
}

static const struct section_view view_leaks = {
	.name = "leaks",
	.title = "Leaks",
	.order = -10,
	.text = leaks_text,
	.html = leaks_html,
};
REGISTER(section_view, view_leaks);
