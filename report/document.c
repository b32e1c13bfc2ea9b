/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a JSON document, and back. */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/version.h"
#include "report/frame.h"
#include "report/json.h"
#include "report/report.h"

#define SCHEMA "bookend-report/1"

/* The latency figures by their keys, so that writing and reading agree. */
static const struct {
	const char *key;
	size_t offset;
} latency_keys[] = {
	{ "count", offsetof(struct latency, count) },
	{ "min", offsetof(struct latency, minimum) },
	{ "p50", offsetof(struct latency, p50) },
	{ "p90", offsetof(struct latency, p90) },
	{ "p99", offsetof(struct latency, p99) },
	{ "p999", offsetof(struct latency, p999) },
	{ "p9999", offsetof(struct latency, p9999) },
	{ "p99999", offsetof(struct latency, p99999) },
	{ "max", offsetof(struct latency, maximum) },
};

static uint64_t *latency_value(const struct latency *latency, size_t index)
{
	return (uint64_t *)((char *)latency + latency_keys[index].offset);
}

static json_t *stack_json(const struct finding *finding)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < finding->stack_count; i++) {
		json_t *frame = NULL;
		_error_ struct error *error = frame_to_json(&finding->stack[i], &frame);

		if (error || json_array_append_new(array, frame)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *finding_json(const struct finding *finding)
{
	struct json_builder b;
	json_t *json = NULL;

	json_builder_init(&b);
	json_builder_string(&b, "rule", finding->rule);
	json_builder_string(&b, "level", level_name(finding->level));
	json_builder_string(&b, "path", finding->path);
	if (finding->line)
		json_builder_integer(&b, "line", finding->line);
	if (finding->column)
		json_builder_integer(&b, "column", finding->column);
	if (finding->offset)
		json_builder_integer(&b, "offset", finding->offset);
	json_builder_string(&b, "symbol", finding->symbol);
	json_builder_string(&b, "message", finding->message);
	json_builder_string(&b, "evidence", finding->evidence);
	json_builder_string(&b, "hint", finding->hint);
	json_builder_string(&b, "fingerprint", finding->fingerprint);
	if (finding->stack_count)
		json_builder_value(&b, "stack", stack_json(finding));
	error_destroy(json_builder_finish(&b, &json));
	return json;
}

static json_t *measurement_json(const struct measurement *m)
{
	return json_pack("{s:s, s:f, s:s}", "name", m->name, "value", m->value, "unit",
			 m->unit);
}

static json_t *latency_json(const struct run *run)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < run->latency_count; i++) {
		struct json_builder b;
		json_t *one = NULL;

		json_builder_init(&b);
		for (size_t k = 0; k < ARRAY_LENGTH(latency_keys); k++)
			json_builder_integer(&b, latency_keys[k].key,
					     *latency_value(&run->latency[i], k));
		error_destroy(json_builder_finish(&b, &one));
		if (!one || json_object_set_new(object, run->latency[i].step, one)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *run_json(const struct run *run)
{
	struct json_builder b;
	json_t *json = NULL;

	json_builder_init(&b);
	json_builder_string(&b, "cycle", run->cycle);
	json_builder_integer(&b, "passes", run->passes);
	json_builder_integer(&b, "failed", run->failed);
	json_builder_real(&b, "rate_asked", run->rate_asked);
	json_builder_real(&b, "rate_kept", run->rate_kept);
	json_builder_real(&b, "seconds", run->seconds);
	json_builder_string(&b, "note", run->note);
	json_builder_value(&b, "latency", latency_json(run));
	error_destroy(json_builder_finish(&b, &json));
	return json;
}

static json_t *not_checked_json(const struct not_checked *n)
{
	return json_pack("{s:o, s:o, s:b}", "what", json_any_string(n->what), "why",
			 json_any_string(n->why), "asked", n->asked);
}

#define LIST_JSON(report, list, one)                                                   \
	({                                                                             \
		json_t *array_ = json_array();                                         \
		for (size_t i_ = 0; array_ && i_ < (report)->list##_count; i_++)       \
			if (json_array_append_new(array_, one(&(report)->list[i_]))) { \
				json_decref(array_);                                   \
				array_ = NULL;                                         \
			}                                                              \
		array_;                                                                \
	})

struct error *report_to_json(const struct report *report, json_t **ret)
{
	struct json_builder b;

	json_builder_init(&b);
	json_builder_string(&b, "schema", SCHEMA);
	json_builder_string(&b, "tool", report->tool);
	json_builder_string(&b, "version", BOOKEND_VERSION);
	json_builder_string(&b, "subject", report->subject);
	json_builder_string(&b, "verdict", verdict_name(report_verdict(report)));
	json_builder_string(&b, "failure", report->failure);
	json_builder_string(&b, "summary", report->summary);
	json_builder_string(&b, "fail_on", level_name(report->fail_on));
	json_builder_value(&b, "findings", LIST_JSON(report, findings, finding_json));
	json_builder_value(&b, "measurements",
			   LIST_JSON(report, measurements, measurement_json));
	json_builder_value(&b, "runs", LIST_JSON(report, runs, run_json));
	json_builder_value(&b, "not_checked",
			   LIST_JSON(report, not_checked, not_checked_json));
	for (size_t i = 0; i < report->sections_count; i++)
		json_builder_value(&b, report->sections[i].name,
				   json_incref(report->sections[i].value));
	return json_builder_finish(&b, ret);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static struct error *read_finding(struct report *report, const json_t *json, size_t index)
{
	const json_t *stack = json_object_get(json, "stack");
	size_t count = json_array_size(stack);
	_free_ struct frame *frames = calloc(count ? count : 1, sizeof(*frames));
	const char *level = text_of(json, "level");
	struct finding finding = {
		.rule = text_of(json, "rule"),
		.path = text_of(json, "path"),
		.line = json_integer_value(json_object_get(json, "line")),
		.column = json_integer_value(json_object_get(json, "column")),
		.offset = json_integer_value(json_object_get(json, "offset")),
		.symbol = text_of(json, "symbol"),
		.message = text_of(json, "message"),
		.evidence = text_of(json, "evidence"),
		.hint = text_of(json, "hint"),
		.fingerprint = text_of(json, "fingerprint"),
		.stack = frames,
		.stack_count = count,
	};

	if (!frames)
		return error_nomem();
	if (!finding.rule || !finding.message || !level ||
	    !level_parse(level, &finding.level))
		return error_new(ERROR_INPUT,
				 "/findings/%zu: rule, level or message missing", index);
	for (size_t i = 0; i < count; i++)
		frame_from_json(json_array_get(stack, i), &frames[i]);
	return report_add_finding(report, &finding);
}

static struct error *read_run(struct report *report, const json_t *json)
{
	json_t *latency = json_object_get(json, "latency");
	size_t count = json_object_size(latency), i = 0;
	_free_ struct latency *list = calloc(count ? count : 1, sizeof(*list));
	struct run run = {
		.cycle = text_of(json, "cycle"),
		.passes = json_integer_value(json_object_get(json, "passes")),
		.failed = json_integer_value(json_object_get(json, "failed")),
		.rate_asked = json_number_value(json_object_get(json, "rate_asked")),
		.rate_kept = json_number_value(json_object_get(json, "rate_kept")),
		.seconds = json_number_value(json_object_get(json, "seconds")),
		.note = text_of(json, "note"),
		.latency = list,
		.latency_count = count,
	};
	const char *step;
	json_t *one;

	if (!list)
		return error_nomem();
	json_object_foreach(latency, step, one)
	{
		list[i].step = step;
		for (size_t k = 0; k < ARRAY_LENGTH(latency_keys); k++)
			*latency_value(&list[i], k) = json_integer_value(
				json_object_get(one, latency_keys[k].key));
		i++;
	}
	if (!run.cycle)
		run.cycle = "";
	return report_add_run(report, &run);
}

static struct error *read_lists(struct report *report, const json_t *json)
{
	struct error *error = NULL;
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(json, "findings"), i, one)
	{
		if (error)
			return error;
		error = read_finding(report, one, i);
	}
	json_array_foreach(json_object_get(json, "measurements"), i, one)
	{
		const char *name = text_of(one, "name"), *unit = text_of(one, "unit");

		if (!error && name)
			error = report_measure(
				report, name,
				json_number_value(json_object_get(one, "value")),
				unit ? unit : "1");
	}
	json_array_foreach(json_object_get(json, "runs"), i, one)
	{
		if (!error)
			error = read_run(report, one);
	}
	json_array_foreach(json_object_get(json, "not_checked"), i, one)
	{
		const char *what = text_of(one, "what"), *why = text_of(one, "why");

		if (!error && what && why)
			error = report_not_checked(
				report, json_is_true(json_object_get(one, "asked")), what,
				"%s", why);
	}
	return error;
}

static struct error *read_sections(struct report *report, const json_t *json)
{
	static const char *const known[] = { "schema",	"tool",	       "version",
					     "subject", "verdict",     "failure",
					     "summary", "fail_on",     "findings",
					     "runs",	"not_checked", "measurements" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value)
	{
		struct section section = { .name = key };
		struct error *error;
		bool mine = false;

		for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
			mine |= !strcmp(known[i], key);
		if (mine)
			continue;
		error = report_add_section(report, &section, json_incref(value));
		if (error)
			return error;
		report->sections[report->sections_count - 1].section = NULL;
	}
	return NULL;
}

struct error *report_from_json(const json_t *json, struct report **ret)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	const char *schema = text_of(json, "schema"), *tool = text_of(json, "tool");
	const char *subject = text_of(json, "subject"), *text;
	struct error *error;

	if (!schema || strcmp(schema, SCHEMA))
		return error_new(ERROR_INPUT, "/schema: not a \"" SCHEMA "\" document");
	if (!tool || !subject)
		return error_new(ERROR_INPUT, "/tool or /subject missing");
	error = report_create(tool, subject, &report);
	if (!error)
		error = read_lists(report, json);
	if (!error)
		error = read_sections(report, json);
	text = text_of(json, "failure");
	if (!error && text)
		error = report_fail(report, "%s", text);
	text = text_of(json, "summary");
	if (!error && text)
		error = report_summarize(report, "%s", text);
	if (error)
		return error;
	text = text_of(json, "fail_on");
	if (text)
		level_parse(text, &report->fail_on);
	*ret = take(report);
	return NULL;
}

struct error *report_load(const char *path, struct report **ret)
{
	json_t *json = NULL;
	struct error *error = json_load_path(path, &json);

	if (error)
		return error;
	error = error_wrap(report_from_json(json, ret), "%s", path);
	json_decref(json);
	return error;
}
