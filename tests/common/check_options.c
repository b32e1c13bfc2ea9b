/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/options.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "tests/check_main.h"

struct values {
	bool given;
	bool loud;
	const char *name;
	uint64_t passes;
	struct rate rate;
	int colour;
	struct string_list includes;
};

static const char *const colours[] = { "red", "green", NULL };

static const struct option table[] = {
	{ OPTION_FLAG, 'l', "loud", NULL, offsetof(struct values, loud), "be loud" },
	{ OPTION_STRING, 'n', "name", "NAME", offsetof(struct values, name), "its name" },
	{ OPTION_COUNT, 'p', "passes", "N", offsetof(struct values, passes), "passes" },
	{ OPTION_RATE, 'r', "rate", "RATE", offsetof(struct values, rate), "rate" },
	{ OPTION_CHOICE, 0, "colour", "red|green", offsetof(struct values, colour),
	  "colour", colours },
	{ OPTION_LIST, 'I', "include", "DIR", offsetof(struct values, includes),
	  "folders" },
	OPTIONS_END,
};

static const struct command command = {
	.name = "try", .usage = "[OPTION]… PATH…", .summary = "Tries.", .options = table
};

static struct values values;
static struct string_list operands;
static enum options_answer answer;

static struct error *parse(struct strbuf *text, const char *const *words)
{
	char *argv[16] = { (char *)"try" };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	values = (struct values){ 0 };
	operands = (struct string_list){ 0 };
	return options_parse(&command, argc, argv, &values, &operands, text, &answer);
}

#define PARSE(...) parse(NULL, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(reads_every_kind)
{
	ck_assert_ok(PARSE("-l", "--name=x", "-p100k", "a", "--rate", "300/s", "--colour",
			   "green", "-Ione", "-I", "two", "b"));
	ck_assert(values.loud);
	ck_assert_str_eq(values.name, "x");
	ck_assert_uint_eq(values.passes, 100000);
	ck_assert_double_eq(values.rate.per_second, 300);
	ck_assert_int_eq(values.colour, 1);
	ck_assert_uint_eq(values.includes.count, 2);
	ck_assert_str_eq(values.includes.items[1], "two");
	ck_assert_uint_eq(operands.count, 2);
	ck_assert_str_eq(operands.items[1], "b");
	string_list_deinit(&values.includes);
	string_list_deinit(&operands);
}
END_TEST

START_TEST(two_dashes_end_options)
{
	ck_assert_ok(PARSE("--", "-l"));
	ck_assert(!values.loud);
	ck_assert_str_eq(operands.items[0], "-l");
	string_list_deinit(&operands);
}
END_TEST

START_TEST(suggests_the_near_name)
{
	ck_assert_fails(PARSE("--pases=1"), "did you mean --passes");
}
END_TEST

START_TEST(names_the_bad_value)
{
	ck_assert_fails(PARSE("--rate", "fast"), "--rate: 'fast' is not a rate");
	ck_assert_fails(PARSE("--colour", "blue"), "'blue' is none of its choices");
	ck_assert_fails(PARSE("--passes"), "needs a value");
	ck_assert_fails(PARSE("--loud=yes"), "takes no value");
}
END_TEST

START_TEST(help_names_every_option)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	ck_assert_ok(parse(&text, (const char *const[]){ "--help", NULL }));
	ck_assert_int_eq(answer, OPTIONS_TEXT);
	for (const struct option *o = table; o->kind != OPTION_END; o++)
		ck_assert_ptr_nonnull(strstr(strbuf_string(&text), o->name));
	ck_assert_ptr_null(strstr(strbuf_string(&text), " \n"));
}
END_TEST

START_TEST(words_for_the_shell_name_every_option_and_its_values)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	ck_assert_ok(parse(&text, (const char *const[]){ "--help=words", NULL }));
	ck_assert_int_eq(answer, OPTIONS_TEXT);
	ck_assert_ptr_nonnull(strstr(strbuf_string(&text), "--loud\t\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&text), "--include\tDIR\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&text), "--colour\t|red|green\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&text), "--version\t\n"));
}
END_TEST

START_TEST(durations_and_rates_are_read)
{
	uint64_t ns;
	struct rate rate;

	ck_assert_ok(units_parse_duration("1h30m", &ns));
	ck_assert_uint_eq(ns, 5400000000000ull);
	ck_assert_ok(units_parse_duration("250ms", &ns));
	ck_assert_uint_eq(ns, 250000000ull);
	ck_assert_ok(units_parse_duration("90", &ns));
	ck_assert_uint_eq(ns, 90000000000ull);
	ck_assert_fails(units_parse_duration("", &ns), "not a duration");
	ck_assert_fails(units_parse_duration("1x", &ns), "not a duration");
	ck_assert_ok(units_parse_rate("6/h", &rate));
	ck_assert_double_eq_tol(rate.per_second, 6 / 3600.0, 1e-9);
	ck_assert_ok(units_parse_rate("max", &rate));
	ck_assert_double_eq(rate.per_second, 0);
	ck_assert_fails(units_parse_rate("-3/s", &rate), "not a rate");
	ck_assert_fails(units_parse_rate("0/s", &rate), "not a rate");
}
END_TEST

START_TEST(quantities_read_well)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} durations[] = { { 41, "41 ns" },
			  { 2900000, "2.90 ms" },
			  { 41000, "41 µs" },
			  { 71000000000, "71 s" },
			  { 605000000000, "10 min 05 s" } };

	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		_strbuf_ struct strbuf text = STRBUF_INIT;

		units_add_duration(&text, durations[i].ns);
		ck_assert_str_eq(strbuf_string(&text), durations[i].text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_test(tcase, reads_every_kind);
	tcase_add_test(tcase, two_dashes_end_options);
	tcase_add_test(tcase, suggests_the_near_name);
	tcase_add_test(tcase, names_the_bad_value);
	tcase_add_test(tcase, help_names_every_option);
	tcase_add_test(tcase, words_for_the_shell_name_every_option_and_its_values);
	tcase_add_test(tcase, durations_and_rates_are_read);
	tcase_add_test(tcase, quantities_read_well);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
