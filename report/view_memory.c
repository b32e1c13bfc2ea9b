/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a driver costs: the section "memory" of leakwatch and of whoever runs it. */
#include <string.h>

#include "common/cleanup.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/view.h"

enum { SHOWN = 6, SHOWN_ON_PAGE = 25, GROWTH_ROOM = 512 };

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* "refdrv_open", or what takes its place where there are no symbols. */
static const char *place_name(const json_t *place)
{
	const char *function = text_of(place, "function");

	return function ? function : "(no symbol)";
}

static uint64_t each(const json_t *place, const char *key)
{
	uint64_t allocated = view_count(place, "allocated");

	return allocated ? view_count(place, key) / allocated : 0;
}

/* "5.2 KiB a load, 2.1 KiB an instance (2 of them), 512 B an open" */
static void add_units(const json_t *units, struct strbuf *out)
{
	size_t i, shown = 0;
	json_t *unit;

	json_array_foreach((json_t *)units, i, unit)
	{
		const char *what = text_of(unit, "what");
		uint64_t count = view_count(unit, "count");

		/* steps that allocate nothing go without saying */
		if (!view_count(unit, "bytes"))
			continue;
		strbuf_adds(out, shown++ ? ", " : "              ");
		units_add_size(out, view_count(unit, "bytes"));
		strbuf_addf(out, " %s %s", what && strchr("aeiou", *what) ? "an" : "a",
			    what ? what : "step");
		if (count > 1)
			strbuf_addf(out, " (%llu of them)", (unsigned long long)count);
	}
	if (shown)
		strbuf_addc(out, '\n');
}

static void text_place(const json_t *place, const struct style *style, struct strbuf *out)
{
	const char *advice = text_of(place, "advice");
	const json_t *life = json_object_get(place, "median_life_ns");

	strbuf_addf(out, "    %-24.24s %-7.7s ", place_name(place),
		    text_of(place, "when") ? text_of(place, "when") : "");
	units_add_count(out, view_count(place, "allocated"));
	strbuf_adds(out, " × ");
	units_add_size(out, each(place, "asked"));
	strbuf_adds(out, ", at most ");
	units_add_size(out, view_count(place, "peak_bytes"));
	if (life) {
		strbuf_adds(out, ", half < ");
		units_add_duration(out, (uint64_t)json_integer_value(life));
	}
	strbuf_addc(out, '\n');
	if (advice)
		strbuf_addf(out, "      %s-> %s%s\n", style->cyan, advice, style->reset);
}

static void text_kernel(const json_t *kernel, struct strbuf *out)
{
	uint64_t before = view_count(kernel, "before"), most = view_count(kernel, "most");
	uint64_t after = view_count(kernel, "after");

	if (!kernel)
		return;
	strbuf_adds(out, "              kernel: ");
	units_add_size(out, before);
	strbuf_adds(out, " before, at most ");
	units_add_size(out, most > before ? most - before : 0);
	strbuf_addf(out, " more, %s", after < before ? "-" : "+");
	units_add_size(out, after < before ? before - after : after - before);
	strbuf_adds(out, " at the end\n");
}

/* Places that advise something come first: they are why one looks. */
static void text_places(const json_t *places, const struct style *style,
			struct strbuf *out)
{
	const char *before = "";
	size_t shown = 0, i;
	json_t *place;

	for (int advised = 1; advised >= 0; advised--)
		json_array_foreach((json_t *)places, i, place)
		{
			if (shown >= SHOWN ||
			    !!json_object_get(place, "advice") != advised)
				continue;
			/* one line a function: the document has them all */
			if (!advised && !strcmp(before, place_name(place)))
				continue;
			text_place(place, style, out);
			before = place_name(place);
			shown++;
		}
	if (json_array_size(places) > shown)
		strbuf_addf(out, "    %sand %zu more places: in report.json%s\n",
			    style->dim, json_array_size(places) - shown, style->reset);
}

static void memory_text(const json_t *value, const struct style *style,
			struct strbuf *out)
{
	const json_t *units = json_object_get(value, "units");

	strbuf_adds(out, "  wired       ");
	units_add_size(out, view_count(value, "loaded"));
	strbuf_adds(out, " loaded (text ");
	units_add_size(out, view_count(value, "text"));
	strbuf_adds(out, ", read-only ");
	units_add_size(out, view_count(value, "read_only"));
	strbuf_adds(out, ", data ");
	units_add_size(out, view_count(value, "data"));
	strbuf_adds(out, ")\n              ");
	units_add_size(out, view_count(value, "init"));
	strbuf_adds(out, " more during init; at most ");
	units_add_size(out, view_count(value, "peak"));
	strbuf_adds(out, " allocated\n");
	add_units(units, out);
	text_kernel(json_object_get(value, "kernel"), out);
	text_places(json_object_get(value, "places"), style, out);
}

static void html_row(const char *what, uint64_t bytes, const char *note,
		     struct strbuf *out)
{
	strbuf_adds(out, "<tr>");
	html_add_cell(out, "", what);
	html_add_size_cell(out, bytes);
	html_add_cell(out, "soft", note);
	strbuf_adds(out, "</tr>\n");
}

static void html_units(const json_t *units, struct strbuf *out)
{
	json_t *unit;
	size_t i;

	json_array_foreach((json_t *)units, i, unit)
	{
		_strbuf_ struct strbuf what = STRBUF_INIT, note = STRBUF_INIT;
		const char *subject = text_of(unit, "subject");

		if (!view_count(unit, "bytes"))
			continue;
		strbuf_addf(&what, "allocated by each %s", text_of(unit, "what"));
		if (subject)
			strbuf_addf(&what, " of %s", subject);
		if (json_is_true(json_object_get(unit, "measured"))) {
			strbuf_addf(&note, "measured in %llu passes",
				    (unsigned long long)view_count(unit, "passes"));
			if (view_count(unit, "first") > view_count(unit, "bytes")) {
				strbuf_adds(&note, "; the first took ");
				units_add_size(&note, view_count(unit, "first"));
			}
		} else {
			strbuf_addf(&note, "of %llu, from what probing allocates",
				    (unsigned long long)view_count(unit, "count"));
		}
		html_row(strbuf_string(&what), view_count(unit, "bytes"),
			 strbuf_string(&note), out);
	}
}

static void html_costs(const json_t *value, struct strbuf *out)
{
	const json_t *kernel = json_object_get(value, "kernel");
	uint64_t before = view_count(kernel, "before"), most = view_count(kernel, "most");

	strbuf_adds(out,
		    "<div class=scroll><table><tr><th>what<th class=n>wired<th></tr>\n");
	html_row("code (text)", view_count(value, "text"), "while it is loaded", out);
	html_row("read-only data", view_count(value, "read_only"), "while it is loaded",
		 out);
	html_row("data", view_count(value, "data"), "while it is loaded", out);
	html_row("loaded, in whole pages", view_count(value, "loaded"),
		 "the sum of the three", out);
	html_row("init code and data", view_count(value, "init"),
		 "given back when init has returned", out);
	html_units(json_object_get(value, "units"), out);
	html_row("allocated at the peak", view_count(value, "peak"),
		 "with the rounding of slabs and pages", out);
	if (kernel && most > before)
		html_row(
			"the whole kernel, at most", most - before,
			"more than before: unreclaimable slabs, vmalloc, per-CPU, stacks, "
			"page tables",
			out);
	strbuf_adds(out, "</table></div>\n");
}

static void html_growth(const json_t *growth, struct strbuf *out)
{
	struct plot_point points[GROWTH_ROOM];
	struct plot plot = { .label = "bytes allocated by the driver over the run",
			     .points = points,
			     .unit = PLOT_BYTES,
			     .x_unit = PLOT_DURATION,
			     .from_zero = true,
			     .steps = true };
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)growth, i, row)
	{
		if (plot.count >= GROWTH_ROOM)
			break;
		points[plot.count++] = (struct plot_point){
			json_number_value(json_array_get(row, 0)),
			json_number_value(json_array_get(row, 2)),
			json_number_value(json_array_get(row, 3)),
		};
	}
	if (plot.count < 3)
		return;
	strbuf_adds(out, "<h3>Allocated over the run</h3>\n");
	plot_add_svg(&plot, out);
	strbuf_adds(out,
		    "<p class=soft>The line is the least that was allocated at any "
		    "moment, what grows there is not given back; the band reaches to "
		    "the most.</p>\n");
}

static void html_moments(const json_t *moments, struct strbuf *out)
{
	json_t *moment;
	size_t i;

	if (!json_array_size(moments))
		return;
	strbuf_adds(out, "<h3>When it allocates</h3><div class=scroll><table><tr><th>in"
			 "<th class=n>places<th class=n>objects made<th class=n>at most"
			 "<th class=n>asked for<th class=n>taken</tr>\n");
	json_array_foreach((json_t *)moments, i, moment)
	{
		strbuf_adds(out, "<tr>");
		html_add_cell(out, "", text_of(moment, "when"));
		html_add_count_cell(out, view_count(moment, "places"));
		html_add_count_cell(out, view_count(moment, "allocated"));
		html_add_count_cell(out, view_count(moment, "objects"));
		html_add_size_cell(out, view_count(moment, "asked"));
		html_add_size_cell(out, view_count(moment, "bytes"));
		strbuf_adds(out, "</tr>\n");
	}
	strbuf_adds(out, "</table></div>\n");
}

static void html_place(const json_t *place, struct strbuf *out)
{
	const char *file = text_of(place, "file"),
		   *slash = file ? strrchr(file, '/') : NULL;
	const json_t *life = json_object_get(place, "median_life_ns");

	strbuf_adds(out, "<tr><td class=mono>");
	html_add_text(out, place_name(place));
	if (file) {
		strbuf_adds(out, "<br><span class=soft>");
		html_add_text(out, slash ? slash + 1 : file);
		strbuf_addf(out, ":%llu</span>",
			    (unsigned long long)view_count(place, "line"));
	}
	strbuf_adds(out, "</td>");
	html_add_cell(out, "", text_of(place, "when"));
	html_add_cell(out, "",
		      text_of(place, "cache") ? text_of(place, "cache")
					      : text_of(place, "kind"));
	html_add_count_cell(out, view_count(place, "allocated"));
	html_add_size_cell(out, each(place, "asked"));
	html_add_size_cell(out, each(place, "given"));
	html_add_count_cell(out, view_count(place, "peak_objects"));
	strbuf_addf(out, "<td class=n>%.3g</td>",
		    json_number_value(json_object_get(place, "average_objects")));
	html_add_size_cell(out, view_count(place, "peak_bytes"));
	if (life)
		html_add_duration_cell(out, (uint64_t)json_integer_value(life));
	else
		strbuf_adds(out, "<td class=n>-</td>");
	strbuf_adds(out, "</tr>\n");
	if (!text_of(place, "advice"))
		return;
	strbuf_adds(out, "<tr class=advice><td colspan=10>→ ");
	html_add_text(out, text_of(place, "advice"));
	strbuf_adds(out, "</td></tr>\n");
}

static void html_places(const json_t *places, struct strbuf *out)
{
	json_t *place;
	size_t i;

	if (!json_array_size(places))
		return;
	strbuf_adds(out,
		    "<h3>Places that allocate</h3><div class=scroll><table><tr>"
		    "<th>function<th>in<th>allocator<th class=n>made<th class=n>asked"
		    "<th class=n>taken<th class=n>at most<th class=n>on average"
		    "<th class=n>peak<th class=n>median life</tr>\n");
	json_array_foreach((json_t *)places, i, place)
	{
		if (i >= SHOWN_ON_PAGE)
			break;
		html_place(place, out);
	}
	strbuf_adds(out, "</table></div>\n");
}

static void memory_html(const json_t *value, struct strbuf *out)
{
	html_costs(value, out);
	html_growth(json_object_get(value, "growth"), out);
	html_moments(json_object_get(value, "moments"), out);
	html_places(json_object_get(value, "places"), out);
}

static const struct section_view view_memory = {
	.name = "memory",
	.title = "What the driver costs",
	.order = -9,
	.text = memory_text,
	.html = memory_html,
};
REGISTER(section_view, view_memory);
