/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/strbuf.h"
#include "common/style.h"
#include "report/plot.h"
#include "report/view.h"
#include "tests/check_main.h"

static void expect_value(double value, enum plot_unit unit, const char *text)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	plot_add_value(value, unit, &out);
	ck_assert_str_eq(strbuf_string(&out), text);
}

START_TEST(axes_have_units)
{
	expect_value(0, PLOT_BYTES, "0 B");
	expect_value(49152, PLOT_BYTES, "48 KiB");
	expect_value(1.5e9, PLOT_DURATION, "1.5 s");
	expect_value(1800e9, PLOT_DURATION, "30 min");
	expect_value(0.25, PLOT_NUMBER, "0.25");
}
END_TEST

/* Every number behind a letter of a path must lie in the view box. */
static void expect_within(const char *svg)
{
	for (const char *p = strstr(svg, " d=\""); p; p = strstr(p + 1, " d=\"")) {
		const char *end = strchr(p + 4, '"');

		for (const char *c = p + 4; c < end; c++) {
			double number;
			char *behind;

			if (!strchr("MLHV ", *c))
				continue;
			number = strtod(c + 1, &behind);
			ck_assert_msg(behind != c + 1 && number >= 0 && number <= 720,
				      "%.20s", c);
		}
	}
}

START_TEST(a_plot_stays_within_its_frame)
{
	struct plot_point points[] = {
		{ 0, 0, 10 }, { 1e9, 5, 9000 }, { 2e9, NAN, NAN }, { 3e9, -7, 12000 }
	};
	struct plot plot = { .label = "a <b>",
			     .points = points,
			     .count = 4,
			     .unit = PLOT_BYTES,
			     .x_unit = PLOT_DURATION };

	for (int steps = 0; steps < 2; steps++) {
		_strbuf_ struct strbuf out = STRBUF_INIT;

		plot.steps = steps;
		plot_add_svg(&plot, &out);
		ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "a &lt;b&gt;"));
		ck_assert_ptr_nonnull(strstr(strbuf_string(&out), "KiB</text>"));
		ck_assert_ptr_null(strstr(strbuf_string(&out), "nan"));
		expect_within(strbuf_string(&out));
	}
}
END_TEST

START_TEST(one_point_or_none_is_no_plot)
{
	struct plot_point points[] = { { 1, 2, 3 }, { 1, 2, 3 } };
	struct plot plot = { .label = "", .points = points };
	_strbuf_ struct strbuf out = STRBUF_INIT;

	for (plot.count = 0; plot.count < 3; plot.count++)
		plot_add_svg(&plot, &out);
	ck_assert_uint_eq(out.length, 0);
}
END_TEST

START_TEST(a_sparkline_shows_extremes_and_gaps)
{
	const double values[] = { 1, NAN, 5, 3 }, same[] = { 2, 2 };
	_strbuf_ struct strbuf out = STRBUF_INIT;

	plot_add_sparkline(values, 4, &out);
	ck_assert_str_eq(strbuf_string(&out), "▁ █▄");
	strbuf_truncate(&out, 0);
	plot_add_sparkline(same, 2, &out);
	ck_assert_str_eq(strbuf_string(&out), "▁▁");
}
END_TEST

/* What a file says may be anything: views must bear it. */
START_TEST(views_bear_sections_of_any_shape)
{
	static const char *const sections[] = {
		"{}",
		"[]",
		"3",
		"{ \"places\": 1, \"units\": {}, \"growth\": [1, [2]] }",
		"{ \"units\": [ {} ], \"places\": [ {}, 1 ], \"moments\": [ null ],"
		" \"growth\": [ [], [], [], [ \"a\" ] ], \"kernel\": [] }",
		"{ \"alive\": [ {}, 1 ], \"rows\": [ {} ], \"bound\": \"x\" }",
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		json_t *json = json_loads(sections[i], JSON_DECODE_ANY, NULL);

		ck_assert_ptr_nonnull(json);
		registry_for_each(section_view, it)
		{
			_strbuf_ struct strbuf out = STRBUF_INIT;

			if ((*it)->text)
				(*it)->text(json, &style_plain, &out);
			if ((*it)->html)
				(*it)->html(json, &out);
		}
		json_decref(json);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plot");
	TCase *tests = tcase_create("plot");

	tcase_add_test(tests, axes_have_units);
	tcase_add_test(tests, a_plot_stays_within_its_frame);
	tcase_add_test(tests, one_point_or_none_is_no_plot);
	tcase_add_test(tests, a_sparkline_shows_extremes_and_gaps);
	tcase_add_test(tests, views_bear_sections_of_any_shape);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
