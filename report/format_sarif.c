/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SARIF 2.1.0 (OASIS), one run, within what GitHub's code scanning takes: at most
 * 25,000 results (the gravest are kept, the rest is counted in a notification), each
 * with a location, relative URIs, and fingerprints of our own.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/version.h"
#include "report/catalogue.h"
#include "report/format.h"
#include "report/format_common.h"
#include "report/frame.h"
#include "report/json.h"

#define SCHEMA \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

enum { RESULTS_LIMIT = 25000 };

struct writer {
	const struct report *report;
	struct catalogue *catalogue;
	json_t *rules;	 /* array of reportingDescriptor */
	json_t *indices; /* rule id: its index in rules */
	json_t *results;
};

static const char *sarif_level(enum level level)
{
	return level == LEVEL_ERROR	? "error"
	       : level == LEVEL_WARNING ? "warning"
					: "note";
}

static json_t *message(const char *text)
{
	return json_pack("{s:o}", "text", json_any_string(text));
}

static json_t *uri_json(const char *path)
{
	_strbuf_ struct strbuf uri = STRBUF_INIT;

	strbuf_add_uri(&uri, path);
	return uri.failed ? NULL : json_string(strbuf_string(&uri));
}

static json_t *physical_location(const char *path, unsigned int line, unsigned int column)
{
	json_t *region = json_pack("{s:i}", "startLine", line ? (int)line : 1);

	if (region && line && column &&
	    json_object_set_new(region, "startColumn", json_integer(column))) {
		json_decref(region);
		return NULL;
	}
	return json_pack("{s:{s:o}, s:o}", "artifactLocation", "uri", uri_json(path),
			 "region", region);
}

/* Where in a container or binary it is: the member, then the symbol. */
static json_t *logical_locations(const struct finding *f)
{
	json_t *array = json_array();
	const char *member = finding_member(f);

	if (array && member)
		json_array_append_new(array, json_pack("{s:o, s:s}", "fullyQualifiedName",
						       json_any_string(member), "kind",
						       "resource"));
	if (array && f->symbol)
		json_array_append_new(array, json_pack("{s:o}", "name",
						       json_any_string(f->symbol)));
	return array;
}

static json_t *location(const struct writer *w, const struct finding *f)
{
	json_t *logical = logical_locations(f), *json;
	_free_ char *place = NULL;
	struct error *error = finding_place(w->report, f, &place);

	if (error) {
		error_destroy(error);
		json_decref(logical);
		return NULL;
	}
	json = json_pack("{s:o}", "physicalLocation",
			 physical_location(place, f->line, f->column));
	if (json && json_array_size(logical) &&
	    json_object_set(json, "logicalLocations", logical)) {
		json_decref(json);
		json = NULL;
	}
	json_decref(logical);
	return json;
}

static json_t *frame_json(const struct frame *frame)
{
	const char *name = frame->function ? frame->function : frame->raw;
	json_t *where = json_object(), *json;

	if (where && name)
		json_object_set_new(where, "message", message(name));
	if (where && frame->file)
		json_object_set_new(where, "physicalLocation",
				    physical_location(frame->file, frame->line,
						      frame->column));
	json = json_pack("{s:o}", "location", where);
	if (json && frame->module)
		json_object_set_new(json, "module", json_any_string(frame->module));
	return json;
}

static json_t *stacks(const struct finding *f)
{
	json_t *frames = json_array();

	for (size_t i = 0; frames && i < f->stack_count; i++)
		if (json_array_append_new(frames, frame_json(&f->stack[i]))) {
			json_decref(frames);
			return NULL;
		}
	return json_pack("[{s:o}]", "frames", frames);
}

static json_t *rule_json(const struct rule *rule, const char *id)
{
	struct json_builder b;
	_strbuf_ struct strbuf help = STRBUF_INIT;
	json_t *json = NULL;

	json_builder_init(&b);
	json_builder_string(&b, "id", id);
	if (rule) {
		strbuf_adds(&help, rule->explanation);
		if (rule->bad)
			strbuf_addf(&help, "\n\nBad:\n%s", rule->bad);
		if (rule->good)
			strbuf_addf(&help, "\n\nGood:\n%s", rule->good);
		json_builder_value(&b, "shortDescription", message(rule->title));
		json_builder_value(&b, "fullDescription", message(rule->explanation));
		json_builder_value(&b, "help", message(strbuf_string(&help)));
		json_builder_value(
			&b, "defaultConfiguration",
			rule->levels[PROFILE_CI] == LEVEL_OFF
				? json_pack("{s:b}", "enabled", 0)
				: json_pack("{s:s}", "level",
					    sarif_level(rule->levels[PROFILE_CI])));
	}
	error_destroy(json_builder_finish(&b, &json));
	return json;
}

static struct error *rule_index(struct writer *w, const char *id, json_int_t *ret)
{
	json_t *known = json_object_get(w->indices, id);
	size_t index = json_array_size(w->rules);

	if (known) {
		*ret = json_integer_value(known);
		return NULL;
	}
	if (json_array_append_new(w->rules,
				  rule_json(catalogue_find(w->catalogue, id), id)) ||
	    json_object_set_new(w->indices, id, json_integer((json_int_t)index)))
		return error_nomem();
	*ret = (json_int_t)index;
	return NULL;
}

static struct error *add_result(struct writer *w, const struct finding *f)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct json_builder b;
	json_int_t index = 0;
	json_t *result = NULL;
	struct error *error = rule_index(w, f->rule, &index);

	if (error)
		return error;
	strbuf_adds(&text, f->message);
	if (f->evidence)
		strbuf_addf(&text, "\n\n%s", f->evidence);
	if (f->hint)
		strbuf_addf(&text, "\n\n%s", f->hint);
	json_builder_init(&b);
	json_builder_string(&b, "ruleId", f->rule);
	json_builder_integer(&b, "ruleIndex", (uint64_t)index);
	json_builder_string(&b, "level", sarif_level(f->level));
	json_builder_value(&b, "message", message(strbuf_string(&text)));
	json_builder_value(&b, "locations", json_pack("[o]", location(w, f)));
	json_builder_value(
		&b, "partialFingerprints",
		json_pack("{s:s, s:s}", "bookendFingerprint/v1", f->fingerprint,
			  /* the only one that GitHub reads; without it, all findings of
			   * a rule in one binary would be one alert */
			  "primaryLocationLineHash", f->fingerprint));
	if (f->stack_count)
		json_builder_value(&b, "stacks", stacks(f));
	error = json_builder_finish(&b, &result);
	if (!error && json_array_append_new(w->results, result))
		error = error_nomem();
	return error;
}

/* The gravest first decide what is kept; the order of the report stays within a level. */
static struct error *add_results(struct writer *w, size_t *dropped)
{
	for (int level = LEVEL_ERROR; level >= LEVEL_INFO; level--)
		for (size_t i = 0; i < w->report->findings_count; i++) {
			const struct finding *f = &w->report->findings[i];
			struct error *error;

			if ((int)f->level != level)
				continue;
			if (json_array_size(w->results) == RESULTS_LIMIT) {
				(*dropped)++;
				continue;
			}
			error = add_result(w, f);
			if (error)
				return error;
		}
	return NULL;
}

static struct error *notify(json_t *list, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static struct error *notify(json_t *list, const char *level, const char *format, ...)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_addv(&text, format, args);
	va_end(args);
	if (text.failed ||
	    json_array_append_new(list, json_pack("{s:s, s:o}", "level", level, "message",
						  message(strbuf_string(&text)))))
		return error_nomem();
	return NULL;
}

static struct error *notifications(const struct report *report, size_t dropped,
				   json_t *list)
{
	struct error *error = NULL;

	if (report->failure)
		error = notify(list, "error", "%s", report->failure);
	for (size_t i = 0; !error && i < report->runs_count; i++)
		if (report->runs[i].failed)
			error = notify(list, "error", "%s: %llu of %llu passes failed",
				       report->runs[i].cycle,
				       (unsigned long long)report->runs[i].failed,
				       (unsigned long long)report->runs[i].passes);
	for (size_t i = 0; !error && i < report->not_checked_count; i++)
		error = notify(list, report->not_checked[i].asked ? "warning" : "note",
			       "not checked: %s: %s", report->not_checked[i].what,
			       report->not_checked[i].why);
	if (!error && dropped)
		error = notify(list, "warning",
			       "%zu further results left out: the format's readers "
			       "refuse more than %d",
			       dropped, RESULTS_LIMIT);
	return error;
}

static struct error *make_document(struct writer *w, json_t **ret)
{
	_free_ char *name = NULL;
	json_t *list = json_array();
	size_t dropped = 0;
	struct error *error = list ? add_results(w, &dropped) : error_nomem();

	if (!error)
		error = notifications(w->report, dropped, list);
	if (!error && asprintf(&name, "bookend %s", w->report->tool) < 0)
		name = NULL, error = error_nomem();
	if (error) {
		json_decref(list);
		return error;
	}
	*ret = json_pack(
		"{s:s, s:s, s:[{s:{s:{s:s, s:s, s:O}}, s:[{s:b, s:o}], s:s, s:O}]}",
		"$schema", SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name",
		name, "version", BOOKEND_VERSION, "rules", w->rules, "invocations",
		"executionSuccessful", !w->report->failure, "toolExecutionNotifications",
		list, "columnKind", "unicodeCodePoints", "results", w->results);
	return *ret ? NULL : error_nomem();
}

static struct error *write_sarif(const struct report *report,
				 const struct format_context *context, struct strbuf *out)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	struct error *error = catalogue_create(NULL, &catalogue);
	struct writer w = { .report = report, .catalogue = catalogue };
	json_t *document = NULL;
	_free_ char *text = NULL;

	(void)context;
	if (error)
		return error;
	w.rules = json_array();
	w.indices = json_object();
	w.results = json_array();
	error = w.rules && w.indices && w.results ? make_document(&w, &document)
						  : error_nomem();
	if (!error) {
		text = json_dumps(document, JSON_INDENT(2));
		error = text ? NULL : error_nomem();
	}
	json_decref(document);
	json_decref(w.rules);
	json_decref(w.indices);
	json_decref(w.results);
	if (error)
		return error;
	strbuf_addf(out, "%s\n", text);
	return strbuf_error(out);
}

static const struct format format_sarif = {
	.name = "sarif",
	.summary = "SARIF 2.1.0, for code scanning and editors",
	.extension = "sarif",
	.write = write_sarif,
};
REGISTER(format, format_sarif);
