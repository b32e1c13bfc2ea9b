/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "common/array.h"
#include "common/strbuf.h"
#include "report/catalogue.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/json.h"
#include "tests/check_main.h"
#include "tests/schema.h"

static void add(struct report *report, const struct finding *finding)
{
	ck_assert_ok(report_add_finding(report, finding));
}

static struct report *sample(void)
{
	static const struct frame stack[] = {
		{ .function = "refdrv_open",
		  .kind = FRAME_RETURN,
		  .address = 0xffffffffc0001234,
		  .offset = 4,
		  .size = 64,
		  .module = "refdrv",
		  .file = "src/refdrv file.c",
		  .line = 9,
		  .column = 3 },
	};
	static const struct latency latency[] = { { "open", 10, 1, 2, 3, 4, 5, 6, 7,
						    8 } };
	struct report *report = NULL;

	ck_assert_ok(report_create("lint", "refdrv_1.4.deb", &report));
	add(report, &(struct finding){ .rule = "SRC016",
				       .level = LEVEL_WARNING,
				       .path = "src/a&b.c",
				       .line = 12,
				       .column = 4,
				       .message = "uses <__DATE__> & \"__TIME__\"" });
	add(report, &(struct finding){ .rule = "KOM013",
				       .level = LEVEL_ERROR,
				       .path = "refdrv_1.4.deb!lib/refdrv.ko",
				       .symbol = ".debug_info",
				       .message = "debug\x01 sections \xff",
				       .evidence = "two\nlines",
				       .hint = "strip them",
				       .stack = stack,
				       .stack_count = 1 });
	add(report, &(struct finding){
			    .rule = "KOM020", .level = LEVEL_INFO, .message = "12 KiB" });
	add(report, &(struct finding){
			    .rule = "KOM005", .level = LEVEL_OFF, .message = "never" });
	ck_assert_ok(report_add_run(report, &(struct run){ .cycle = "module",
							   .passes = 10,
							   .failed = 1,
							   .seconds = 2.5,
							   .note = "n",
							   .latency = latency,
							   .latency_count = 1 }));
	ck_assert_ok(report_measure(report, "wired", 4096, "B"));
	ck_assert_ok(report_not_checked(report, true, "ABI007", "no BTF"));
	report_sort(report);
	return report;
}

static char *written(const struct report *report, const char *name)
{
	struct format_context context = { .style = style_plain };
	struct strbuf out = STRBUF_INIT;
	char *text = NULL;

	ck_assert_ok(format_find(name)->write(report, &context, &out));
	ck_assert_ok(strbuf_steal(&out, &text));
	return text;
}

static json_t *written_json(const struct report *report, const char *name)
{
	_free_ char *text = written(report, name);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_ptr_nonnull(json);
	return json;
}

/* The value at a path such as "runs/0/results". */
static const json_t *at(const json_t *json, const char *path)
{
	while (json && *path) {
		size_t length = strcspn(path, "/");
		_free_ char *key = strndup(path, length);

		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
					   : json_object_get(json, key);
		path += length + (path[length] == '/');
	}
	ck_assert_ptr_nonnull(json);
	return json;
}

static const char *text_at(const json_t *json, const char *path)
{
	return json_string_value(at(json, path));
}

static void assert_valid_from(const char *place, const char *schema_name,
			      const json_t *json, const char *what)
{
	_strbuf_ struct strbuf why = STRBUF_INIT;
	json_t *schema = schema_load_from(place, schema_name);

	schema_check(schema, json, &why);
	ck_assert_msg(!why.length, "%s: %s", what, strbuf_string(&why));
	json_decref(schema);
}

static void assert_valid(const char *schema_name, const json_t *json, const char *what)
{
	assert_valid_from("docs/schema", schema_name, json, what);
}

static void assert_sarif(const json_t *log)
{
	assert_valid_from("tests/report", "sarif.schema.json", log, "sarif");
}

START_TEST(sarif_has_what_the_standard_requires)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *log = written_json(report, "sarif");
	const json_t *results = at(log, "runs/0/results"), *result;
	size_t rules = json_array_size(at(log, "runs/0/tool/driver/rules")), i;

	ck_assert_str_eq(text_at(log, "version"), "2.1.0");
	ck_assert_str_eq(text_at(log, "runs/0/tool/driver/name"), "bookend lint");
	ck_assert(json_is_true(at(log, "runs/0/invocations/0/executionSuccessful")));
	ck_assert_uint_eq(json_array_size(results), 3);
	json_array_foreach(results, i, result)
	{
		json_int_t index = json_integer_value(at(result, "ruleIndex"));

		ck_assert_int_lt(index, (json_int_t)rules);
		ck_assert_str_eq(
			text_at(json_array_get(at(log, "runs/0/tool/driver/rules"),
					       (size_t)index),
				"id"),
			text_at(result, "ruleId"));
		ck_assert_str_ne(text_at(result, "message/text"), "");
		ck_assert_int_ge(
			json_integer_value(at(
				result, "locations/0/physicalLocation/region/startLine")),
			1);
		ck_assert_ptr_nonnull(json_object_get(at(result, "partialFingerprints"),
						      "bookendFingerprint/v1"));
		ck_assert_ptr_nonnull(json_object_get(at(result, "partialFingerprints"),
						      "primaryLocationLineHash"));
	}
	json_decref(log);
}
END_TEST

START_TEST(sarif_places_nested_members_in_their_container)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *log = written_json(report, "sarif");
	const json_t *error = at(log, "runs/0/results/0");
	const json_t *place = at(error, "locations/0");

	ck_assert_str_eq(text_at(error, "level"), "error");
	ck_assert_str_eq(text_at(place, "physicalLocation/artifactLocation/uri"),
			 "refdrv_1.4.deb");
	ck_assert_str_eq(text_at(place, "logicalLocations/0/fullyQualifiedName"),
			 "lib/refdrv.ko");
	ck_assert_str_eq(text_at(place, "logicalLocations/1/name"), ".debug_info");
	ck_assert_str_eq(text_at(error, "stacks/0/frames/0/location/physicalLocation/"
					"artifactLocation/uri"),
			 "src/refdrv%20file.c");
	ck_assert_str_eq(text_at(log, "runs/0/results/1/locations/0/physicalLocation/"
				      "artifactLocation/uri"),
			 "src/a%26b.c");
	json_decref(log);
}
END_TEST

START_TEST(sarif_tells_what_was_not_checked)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *log = written_json(report, "sarif");
	const json_t *list = at(log, "runs/0/invocations/0/toolExecutionNotifications");

	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(text_at(list, "0/level"), "error");
	ck_assert_str_eq(text_at(list, "1/message/text"), "not checked: ABI007: no BTF");
	json_decref(log);
}
END_TEST

START_TEST(sarif_keeps_the_gravest_of_too_many)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	json_t *log;

	ck_assert_ok(report_create("lint", "x", &report));
	for (unsigned int i = 0; i < 25010; i++)
		add(report,
		    &(struct finding){ .rule = "KOM005",
				       .level = i == 25009 ? LEVEL_ERROR : LEVEL_INFO,
				       .path = "a.c",
				       .line = i + 1,
				       .message = "m",
				       .fingerprint = "f" });
	log = written_json(report, "sarif");
	ck_assert_uint_eq(json_array_size(at(log, "runs/0/results")), 25000);
	assert_sarif(log);
	ck_assert_str_eq(text_at(log, "runs/0/results/0/level"), "error");
	ck_assert_ptr_nonnull(
		strstr(text_at(log, "runs/0/invocations/0/toolExecutionNotifications/0/"
				    "message/text"),
		       "10 further results"));
	json_decref(log);
}
END_TEST

/* Results numbered from 1 on, as many as the plan line says. */
START_TEST(ktap_has_the_results_it_announces)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_free_ char *text = written(report, "ktap");
	unsigned long announced, number, seen = 0, off = 0;
	char *rest = text, *line;

	ck_assert_int_eq(sscanf(text, "KTAP version 1\n1..%lu\n", &announced), 1);
	while ((line = strsep(&rest, "\n"))) {
		char *name = strncmp(line, "not ", 4) ? line : line + 4;

		if (strncmp(name, "ok ", 3))
			continue;
		ck_assert_int_eq(sscanf(name, "ok %lu ", &number), 1);
		ck_assert_uint_eq(number, ++seen);
	}
	ck_assert_uint_eq(seen, announced);
	for (size_t i = 0; i < report->findings_count; i++)
		off += report->findings[i].level == LEVEL_OFF;
	ck_assert_uint_eq(seen + off, report->findings_count + report->runs_count +
					      report->not_checked_count + 1);
}
END_TEST

START_TEST(a_finding_that_fails_is_not_ok_in_ktap_and_fails_in_lava)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_free_ char *ktap = NULL, *lava = NULL;

	add(report, &(struct finding){ .rule = "CYC001",
				       .level = LEVEL_ERROR,
				       .symbol = "open now",
				       .message = "open # fails\nbadly" });
	ktap = written(report, "ktap");
	lava = written(report, "lava");
	ck_assert_ptr_nonnull(strstr(ktap, " CYC001 open   fails badly\n"));
	ck_assert_ptr_nonnull(strstr(ktap, "not ok "));
	ck_assert_ptr_nonnull(strstr(
		lava,
		"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=CYC001.open-now RESULT=fail>\n"));
	ck_assert_ptr_nonnull(strstr(lava, "open.p99.999 RESULT=pass MEASUREMENT=7 "));
	ck_assert_int_eq(strncmp(lava, "<LAVA_SIGNAL_TESTSET START ", 27), 0);
	ck_assert_ptr_nonnull(strstr(lava, "<LAVA_SIGNAL_TESTSET STOP>\n"));
}
END_TEST

START_TEST(gitlab_fingerprints_are_unique)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *list, *entry, *seen = json_object();
	size_t i;

	for (unsigned int line = 1; line < 4; line++)
		add(report, &(struct finding){ .rule = "SRC001",
					       .level = LEVEL_WARNING,
					       .path = "a.c",
					       .line = line,
					       .message = "same" });
	list = written_json(report, "gitlab");
	ck_assert_uint_eq(json_array_size(list), 6);
	json_array_foreach(list, i, entry)
	{
		const char *key = text_at(entry, "fingerprint");

		ck_assert_ptr_null(json_object_get(seen, key));
		json_object_set_new(seen, key, json_true());
		ck_assert_ptr_nonnull(text_at(entry, "description"));
		ck_assert_ptr_nonnull(text_at(entry, "check_name"));
		ck_assert_ptr_nonnull(text_at(entry, "location/path"));
		ck_assert_int_ge(json_integer_value(at(entry, "location/lines/begin")),
				 1);
	}
	json_decref(seen);
	json_decref(list);
}
END_TEST

START_TEST(gitlab_severities_follow_the_levels)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *list = written_json(report, "gitlab");

	ck_assert_str_eq(text_at(list, "0/severity"), "info");
	ck_assert_str_eq(text_at(list, "1/severity"), "critical");
	ck_assert_str_eq(text_at(list, "2/severity"), "major");
	json_decref(list);
}
END_TEST

static size_t count_elements(const xmlNode *node, const char *name)
{
	size_t count = 0;

	for (; node; node = node->next)
		count += (node->type == XML_ELEMENT_NODE &&
			  !strcmp((const char *)node->name, name)) +
			 count_elements(node->children, name);
	return count;
}

static size_t number(xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	size_t n = value ? strtoul((const char *)value, NULL, 10) : 0;

	xmlFree(value);
	return n;
}

START_TEST(junit_is_well_formed_and_its_totals_are_right)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_free_ char *text = NULL;
	xmlNode *root;
	xmlDoc *doc;

	ck_assert_ok(report_fail(report, "the target vanished"));
	text = written(report, "junit");
	doc = xmlReadMemory(text, (int)strlen(text), "junit.xml", NULL, XML_PARSE_NONET);
	ck_assert_ptr_nonnull(doc);
	root = xmlDocGetRootElement(doc);
	ck_assert_str_eq((const char *)root->name, "testsuites");
	ck_assert_uint_eq(number(root, "tests"), count_elements(root, "testcase"));
	ck_assert_uint_eq(number(root, "failures"), count_elements(root, "failure"));
	ck_assert_uint_eq(number(root, "errors"), count_elements(root, "error"));
	ck_assert_uint_eq(number(root, "skipped"), count_elements(root, "skipped"));
	ck_assert_uint_eq(number(root, "failures"), 3);
	ck_assert_uint_eq(number(root, "errors"), 1);
	xmlFreeDoc(doc);
}
END_TEST

START_TEST(junit_failures_follow_fail_on)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_free_ char *text = NULL;

	report->fail_on = LEVEL_ERROR;
	text = written(report, "junit");
	ck_assert_ptr_nonnull(strstr(text, "<failure type=\"KOM013\""));
	ck_assert_ptr_null(strstr(text, "<failure type=\"SRC016\""));
	ck_assert_ptr_null(strstr(text, "never"));
}
END_TEST

static void assert_sarif_of(const struct report *report)
{
	json_t *log = written_json(report, "sarif");

	assert_sarif(log);
	json_decref(log);
}

START_TEST(sarif_follows_what_the_standard_and_code_scanning_ask_for)
{
	_cleanup_(report_destroy) struct report *report = sample();

	assert_sarif_of(report);
	ck_assert_ok(report_fail(report, "no kernel"));
	assert_sarif_of(report);
}
END_TEST

START_TEST(sarif_of_every_rule_stays_within_the_limits)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	_cleanup_(report_destroy) struct report *report = NULL;

	ck_assert_ok(catalogue_create(NULL, &catalogue));
	ck_assert_ok(report_create("lint", "a b:c.deb", &report));
	for (size_t i = 0; i < catalogue_count(catalogue); i++)
		add(report, &(struct finding){ .rule = catalogue_at(catalogue, i)->id,
					       .level = LEVEL_ERROR,
					       .path = "c:d/\xc3\xa4 <{\"`%.c",
					       .message = "m" });
	assert_sarif_of(report);
}
END_TEST

/* Mistakes that a writer could make: the value at a place, "" takes it away. */
static const struct {
	const char *place, *key, *value;
} sarif_mistakes[] = {
	{ "", "version", "\"2.0\"" },
	{ "", "$schema", "" },
	{ "", "runs", "[]" },
	{ "runs/0", "tool", "" },
	{ "runs/0", "results", "" },
	{ "runs/0", "columnKind", "\"bytes\"" },
	{ "runs/0", "artefacts", "[]" },
	{ "runs/0/tool/driver", "name", "" },
	{ "runs/0/tool/driver/rules/0", "id", "" },
	{ "runs/0/tool/driver/rules/0", "title", "\"t\"" },
	{ "runs/0/tool/driver/rules/0", "shortDescription", "\"t\"" },
	{ "runs/0/tool/driver/rules/0", "help", "{\"markdown\": \"m\"}" },
	{ "runs/0/tool/driver/rules/0/defaultConfiguration", "level", "\"info\"" },
	{ "runs/0/tool/driver/rules/0/defaultConfiguration", "enabled", "0" },
	{ "runs/0/invocations/0", "executionSuccessful", "" },
	{ "runs/0/invocations/0/toolExecutionNotifications/0", "message", "" },
	{ "runs/0/invocations/0/toolExecutionNotifications/0", "level", "\"fatal\"" },
	{ "runs/0/results/0", "ruleIndex", "-2" },
	{ "runs/0/results/0", "ruleIndex", "25000" },
	{ "runs/0/results/0", "level", "\"suggestion\"" },
	{ "runs/0/results/0", "message", "\"m\"" },
	{ "runs/0/results/0/message", "text", "" },
	{ "runs/0/results/0", "locations", "[]" },
	{ "runs/0/results/0/partialFingerprints", "primaryLocationLineHash", "" },
	{ "runs/0/results/0/partialFingerprints", "primaryLocationLineHash", "1" },
	{ "runs/0/results/0/stacks/0", "frames", "" },
	{ "runs/0/results/0/stacks", NULL, "{\"frames\": {}}" },
	{ "runs/0/results/0/locations/0", "logicalLocations",
	  "[{\"kind\": \"member\"}]" },
	{ "runs/0/results/0/locations/0", "logicalLocations",
	  "[{\"name\": \"a\"}, {\"name\": \"a\"}]" },
	{ "runs/0/results/0/locations/0/physicalLocation/region", "startLine", "0" },
	{ "runs/0/results/0/locations/0/physicalLocation/region", "startColumn", "0" },
	{ "runs/0/results/0/locations/0/physicalLocation/artifactLocation", "uri",
	  "\"a b.c\"" },
	{ "runs/0/results/0/locations/0/physicalLocation/artifactLocation", "uri",
	  "\"/a.c\"" },
	{ "runs/0/results/0/locations/0/physicalLocation/artifactLocation", "uri",
	  "\"file:///a.c\"" },
};

START_TEST(the_sarif_schema_refuses_the_mistake)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_strbuf_ struct strbuf why = STRBUF_INIT;
	json_t *schema = schema_load_from("tests/report", "sarif.schema.json");
	json_t *log = written_json(report, "sarif");
	json_t *place = (json_t *)at(log, sarif_mistakes[_i].place);
	const char *key = sarif_mistakes[_i].key, *value = sarif_mistakes[_i].value;

	if (!key)
		json_array_append_new(place, json_loads(value, JSON_DECODE_ANY, NULL));
	else if (*value)
		json_object_set_new(place, key, json_loads(value, JSON_DECODE_ANY, NULL));
	else
		ck_assert_int_eq(json_object_del(place, key), 0);
	schema_check(schema, log, &why);
	ck_assert_msg(why.length, "%s/%s = %s passes", sarif_mistakes[_i].place,
		      key ? key : "-", value);
	json_decref(log);
	json_decref(schema);
}
END_TEST

START_TEST(a_report_carries_no_key_that_its_schema_lacks)
{
	_cleanup_(report_destroy) struct report *report = sample();
	json_t *schema = schema_load("report.schema.json"), *json, *value;
	const char *key;

	ck_assert_ok(report_fail(report, "f"));
	ck_assert_ok(report_summarize(report, "s"));
	json = written_json(report, "json");
	assert_valid("report.schema.json", json, "report");
	json_object_foreach(json, key, value)
	{
		ck_assert_msg(json_object_get(json_object_get(schema, "properties"), key),
			      "the schema lacks %s", key);
	}
	json_decref(json);
	json_decref(schema);
}
END_TEST

START_TEST(the_schema_refuses_a_foreign_key)
{
	_cleanup_(report_destroy) struct report *report = sample();
	_strbuf_ struct strbuf why = STRBUF_INIT;
	json_t *schema = schema_load("report.schema.json");
	json_t *json = written_json(report, "json");

	json_object_set_new(json_array_get(json_object_get(json, "findings"), 0),
			    "colour", json_string("red"));
	schema_check(schema, json, &why);
	ck_assert_str_eq(strbuf_string(&why),
			 "/findings/0/colour: colour is not in the schema");
	json_decref(json);
	json_decref(schema);
}
END_TEST

START_TEST(every_rule_follows_its_schema)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;

	ck_assert_ok(catalogue_create(NULL, &catalogue));
	ck_assert_uint_gt(catalogue_count(catalogue), 0);
	for (size_t i = 0; i < catalogue_count(catalogue); i++) {
		const char *file = catalogue_at(catalogue, i)->file;
		json_t *json = NULL;

		ck_assert_ok(json_load_path(file, &json));
		assert_valid("rule.schema.json", json, file);
		json_decref(json);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("formats");
	TCase *tcase = tcase_create("formats");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, sarif_has_what_the_standard_requires);
	tcase_add_test(tcase, sarif_places_nested_members_in_their_container);
	tcase_add_test(tcase, sarif_tells_what_was_not_checked);
	tcase_add_test(tcase, sarif_keeps_the_gravest_of_too_many);
	tcase_add_test(tcase, sarif_follows_what_the_standard_and_code_scanning_ask_for);
	tcase_add_test(tcase, sarif_of_every_rule_stays_within_the_limits);
	tcase_add_loop_test(tcase, the_sarif_schema_refuses_the_mistake, 0,
			    ARRAY_LENGTH(sarif_mistakes));
	tcase_add_test(tcase, ktap_has_the_results_it_announces);
	tcase_add_test(tcase, a_finding_that_fails_is_not_ok_in_ktap_and_fails_in_lava);
	tcase_add_test(tcase, gitlab_fingerprints_are_unique);
	tcase_add_test(tcase, gitlab_severities_follow_the_levels);
	tcase_add_test(tcase, junit_is_well_formed_and_its_totals_are_right);
	tcase_add_test(tcase, junit_failures_follow_fail_on);
	tcase_add_test(tcase, a_report_carries_no_key_that_its_schema_lacks);
	tcase_add_test(tcase, the_schema_refuses_a_foreign_key);
	tcase_add_test(tcase, every_rule_follows_its_schema);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
