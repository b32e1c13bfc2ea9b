/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/plot.h"

#include <math.h>

#include "common/array.h"
#include "common/strbuf.h"
#include "report/html.h"

/* In units of the view box. */
enum { WIDTH = 720, HEIGHT = 220, LEFT = 72, RIGHT = 16, TOP = 14, BOTTOM = 30 };
enum { Y_TICKS = 4, X_TICKS = 6 };

struct range {
	double low, high;
};

struct scale {
	double size;
	const char *name;
};

static const struct scale bytes_scale[] = { { 1, "B" },
					    { 1024, "KiB" },
					    { 1048576, "MiB" },
					    { 1073741824, "GiB" },
					    { 1099511627776, "TiB" } };
static const struct scale duration_scale[] = {
	{ 1, "ns" },	 { 1e3, "µs" },	  { 1e6, "ms" },    { 1e9, "s" },
	{ 60e9, "min" }, { 3600e9, "h" }, { 86400e9, "d" },
};

/* Values of an axis are round: in the largest unit that leaves no long fraction. */
static void add_scaled(double value, const struct scale *scale, size_t count,
		       struct strbuf *out)
{
	size_t i = 0;

	while (i + 1 < count && fabs(value) >= scale[i + 1].size)
		i++;
	strbuf_addf(out, "%.4g %s", value / scale[i].size, scale[i].name);
}

void plot_add_value(double value, enum plot_unit unit, struct strbuf *out)
{
	if (unit == PLOT_BYTES)
		add_scaled(value, bytes_scale, ARRAY_LENGTH(bytes_scale), out);
	else if (unit == PLOT_DURATION)
		add_scaled(value, duration_scale, ARRAY_LENGTH(duration_scale), out);
	else
		strbuf_addf(out, "%.6g", value);
}

/* The least of 1, 2, 5 × 10^n that is not below @least. */
static double decimal_step(double least)
{
	double step = pow(10, floor(log10(least)));

	if (step >= least)
		return step;
	return 2 * step >= least ? 2 * step : 5 * step >= least ? 5 * step : 10 * step;
}

/* Steps that are round in the unit. */
static double round_step(double least, enum plot_unit unit)
{
	static const double seconds[] = { 1,	 2,	5,     10,    15,     30,    60,
					  120,	 300,	600,   900,   1800,   3600,  7200,
					  10800, 21600, 43200, 86400, 172800, 604800 };

	if (!(least > 0))
		return 1;
	if (unit == PLOT_BYTES)
		return least < 1 ? 1 : exp2(ceil(log2(least)));
	if (unit == PLOT_DURATION && least > 1e9)
		for (size_t i = 0; i < ARRAY_LENGTH(seconds); i++)
			if (seconds[i] * 1e9 >= least)
				return seconds[i] * 1e9;
	return decimal_step(least);
}

static struct range range_of(const struct plot *plot, bool x)
{
	struct range r = { INFINITY, -INFINITY };

	for (size_t i = 0; i < plot->count; i++) {
		const struct plot_point *p = &plot->points[i];

		if (!isfinite(p->low) || !isfinite(p->high))
			continue;
		r.low = fmin(r.low, x ? p->x : p->low);
		r.high = fmax(r.high, x ? p->x : p->high);
	}
	return r;
}

/* Widened to whole steps. */
static struct range axis_range(const struct plot *plot, double *step)
{
	struct range r = range_of(plot, false);

	if (plot->from_zero && r.low > 0)
		r.low = 0;
	if (r.high <= r.low)
		r.high = r.low + fmax(fabs(r.low) / 10, 1);
	*step = round_step((r.high - r.low) / Y_TICKS, plot->unit);
	r.low = floor(r.low / *step) * *step;
	r.high = ceil(r.high / *step) * *step;
	return r;
}

static double place_x(const struct range *r, double x)
{
	return LEFT + (x - r->low) / (r->high - r->low) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct range *r, double y)
{
	return HEIGHT - BOTTOM -
	       (y - r->low) / (r->high - r->low) * (HEIGHT - TOP - BOTTOM);
}

static void add_y_axis(const struct plot *plot, const struct range *y, double step,
		       struct strbuf *out)
{
	for (double at = y->low; at <= y->high + step / 2; at += step) {
		strbuf_addf(out,
			    "<path class=grid d=\"M%d %.1fH%d\"/>"
			    "<text x=%d y=%.1f text-anchor=end>",
			    LEFT, place_y(y, at), WIDTH - RIGHT, LEFT - 8,
			    place_y(y, at) + 4);
		plot_add_value(fabs(at) < step / 1e6 ? 0 : at, plot->unit, out);
		strbuf_adds(out, "</text>");
	}
}

static void add_x_label(double x, const char *anchor, struct strbuf *out)
{
	strbuf_addf(out, "<text x=%.1f y=%d text-anchor=%s>", x, HEIGHT - 10, anchor);
}

static void add_x_numbers(const struct plot *plot, const struct range *x,
			  struct strbuf *out)
{
	double step = round_step((x->high - x->low) / X_TICKS, plot->x_unit);

	for (double at = ceil(x->low / step) * step; at <= x->high; at += step) {
		add_x_label(place_x(x, at),
			    place_x(x, at) > WIDTH - 60 ? "end" : "middle", out);
		if (fabs(at) < step / 1e6)
			strbuf_adds(out, "0");
		else
			plot_add_value(at, plot->x_unit, out);
		strbuf_adds(out, "</text>");
	}
}

/* The first, the last, and those between that have room. */
static void add_x_names(const struct plot *plot, const struct range *x,
			struct strbuf *out)
{
	size_t every = (plot->count + X_TICKS - 1) / X_TICKS;

	for (size_t i = 0; i < plot->count; i += every ? every : 1) {
		add_x_label(place_x(x, plot->points[i].x),
			    i == 0		   ? "start"
			    : i + 1 == plot->count ? "end"
						   : "middle",
			    out);
		html_add_text(out, plot->names[i]);
		strbuf_adds(out, "</text>");
	}
}

struct path {
	const struct plot *plot;
	const struct range *x, *y;
	struct strbuf *out;
	bool begun;
};

static bool is_shown(const struct plot_point *p)
{
	return isfinite(p->low) && isfinite(p->high);
}

/* To point : in steps first across, or on the way back first up. */
static void path_to(struct path *path, size_t i, double value, bool back)
{
	const struct plot_point *points = path->plot->points;
	double x = place_x(path->x, points[i].x), y = place_y(path->y, value);

	if (!is_shown(&points[i]))
		return;
	if (path->begun && path->plot->steps && !back)
		strbuf_addf(path->out, "V%.1f", y);
	if (!path->begun)
		strbuf_addf(path->out, "M%.1f %.1f",
			    i && path->plot->steps ? place_x(path->x, points[i - 1].x)
						   : x,
			    y);
	else if (back && path->plot->steps)
		strbuf_addf(path->out, "H%.1fV%.1f", x, y);
	if (path->plot->steps && !back)
		strbuf_addf(path->out, "H%.1f", x);
	else if (path->begun && !path->plot->steps)
		strbuf_addf(path->out, "L%.1f %.1f", x, y);
	path->begun = true;
}

static void add_line(const struct plot *plot, const struct range *x,
		     const struct range *y, struct strbuf *out)
{
	struct path path = { plot, x, y, out, false };

	strbuf_adds(out, "<path class=line d=\"");
	for (size_t i = 0; i < plot->count; i++)
		path_to(&path, i, plot->points[i].low, false);
	strbuf_adds(out, "\"/>");
	for (size_t i = 0; plot->marks && i < plot->count; i++)
		if (is_shown(&plot->points[i]))
			strbuf_addf(out, "<circle class=dot cx=%.1f cy=%.1f r=3 />",
				    place_x(x, plot->points[i].x),
				    place_y(y, plot->points[i].low));
}

/* There along the high values, back along the low ones. */
static void add_band(const struct plot *plot, const struct range *x,
		     const struct range *y, struct strbuf *out)
{
	struct path path = { plot, x, y, out, false };

	strbuf_adds(out, "<path class=band d=\"");
	for (size_t i = 0; i < plot->count; i++)
		path_to(&path, i, plot->points[i].high, false);
	for (size_t i = plot->count; i-- > 0;)
		path_to(&path, i, plot->points[i].low, true);
	strbuf_adds(out, "Z\"/>");
}

void plot_add_svg(const struct plot *plot, struct strbuf *out)
{
	struct range x = range_of(plot, true), y;
	double step;

	if (plot->count < 2 || !(x.high > x.low))
		return;
	y = axis_range(plot, &step);
	strbuf_addf(out,
		    "<div class=scroll><svg class=plot viewBox=\"0 0 %d %d\" role=img "
		    "aria-label=\"",
		    WIDTH, HEIGHT);
	html_add_text(out, plot->label);
	strbuf_adds(out, "\">");
	add_y_axis(plot, &y, step, out);
	if (plot->names)
		add_x_names(plot, &x, out);
	else
		add_x_numbers(plot, &x, out);
	add_band(plot, &x, &y, out);
	add_line(plot, &x, &y, out);
	strbuf_adds(out, "</svg></div>\n");
}

void plot_add_sparkline(const double *values, size_t count, struct strbuf *out)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = high > low ? (size_t)((values[i] - low) / (high - low) * 7.99)
				       : 0;

		strbuf_adds(out, isfinite(values[i]) ? blocks[at < 8 ? at : 7] : " ");
	}
}
