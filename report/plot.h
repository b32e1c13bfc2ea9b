/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plots as inline SVG: axes with units, colours from the page's own variables (--ink,
 * --soft, --line, --blue), so that they suit light and dark.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

enum plot_unit { PLOT_NUMBER, PLOT_BYTES, PLOT_DURATION };

/* Between low and high lies a band; equal: a line alone. Sorted by x. */
struct plot_point {
	double x, low, high;
};

struct plot {
	const char *label; /* what a reader who cannot see it is told */
	const struct plot_point *points;
	size_t count;
	enum plot_unit unit;	  /* of low and high */
	enum plot_unit x_unit;	  /* PLOT_DURATION: ns */
	const char *const *names; /* of each x, instead of numbers; or NULL */
	bool from_zero;		  /* the axis begins at 0 whatever the values are */
	bool marks;		  /* a dot for each point */
	bool steps; /* a point stands for the time since the one before it */
};

/* Adds nothing for fewer than two points. Values that are not finite are left out. */
void plot_add_svg(const struct plot *plot, struct strbuf *out);

/* A value with its unit, as the axes have it: "12 KiB", "3 min", "0.5". */
void plot_add_value(double value, enum plot_unit unit, struct strbuf *out);

/* Values as a row of block elements, NAN as a gap: "▁▃▇█". */
void plot_add_sparkline(const double *values, size_t count, struct strbuf *out);
