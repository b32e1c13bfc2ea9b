/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "report/json.h"
#include "report/report.h"

#define SCHEMA "bookend-baseline/1"

void baseline_destroy(struct baseline *baseline)
{
	if (!baseline)
		return;
	json_decref(baseline->json);
	free(baseline->entries);
	free(baseline);
}

static int compare_entries(const void *a, const void *b)
{
	const struct baseline_entry *x = a, *y = b;

	return strcmp(x->fingerprint, y->fingerprint);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static struct error *read_entries(const char *path, struct baseline *baseline)
{
	const json_t *list = json_object_get(baseline->json, "findings"), *one;
	const char *schema = text_of(baseline->json, "schema");
	size_t i;

	if (!schema || strcmp(schema, SCHEMA))
		return error_new(ERROR_INPUT, "%s: /schema: must be \"" SCHEMA "\"",
				 path);
	if (!json_is_array(list))
		return error_new(ERROR_INPUT, "%s: /findings: must be an array", path);
	baseline->entries = calloc(json_array_size(list) + 1, sizeof(*baseline->entries));
	if (!baseline->entries)
		return error_nomem();
	json_array_foreach(list, i, one)
	{
		struct baseline_entry *entry = &baseline->entries[i];
		json_int_t count = json_integer_value(json_object_get(one, "count"));

		*entry =
			(struct baseline_entry){ .fingerprint =
							 text_of(one, "fingerprint"),
						 .rule = text_of(one, "rule"),
						 .path = text_of(one, "path"),
						 .message = text_of(one, "message"),
						 .count = count > 0 ? (size_t)count : 1 };
		if (!entry->fingerprint || !entry->rule || !entry->message)
			return error_new(ERROR_INPUT,
					 "%s: /findings/%zu: needs fingerprint, rule "
					 "and message",
					 path, i);
	}
	baseline->count = json_array_size(list);
	qsort(baseline->entries, baseline->count, sizeof(*baseline->entries),
	      compare_entries);
	return NULL;
}

struct error *baseline_read(const char *path, struct baseline **ret)
{
	_cleanup_(baseline_destroy) struct baseline *baseline =
		calloc(1, sizeof(*baseline));
	struct error *error =
		baseline ? json_load_path(path, &baseline->json) : error_nomem();

	if (!error)
		error = read_entries(path, baseline);
	if (error)
		return error;
	*ret = take(baseline);
	return NULL;
}

struct baseline_entry *baseline_find(const struct baseline *baseline,
				     const char *fingerprint)
{
	struct baseline_entry key = { .fingerprint = fingerprint };

	return baseline->count ? bsearch(&key, baseline->entries, baseline->count,
					 sizeof(key), compare_entries)
			       : NULL;
}

/* One more of an entry that is there already; false when it is new. */
static bool count_up(json_t *index, const char *fingerprint)
{
	json_t *entry = json_object_get(index, fingerprint);

	if (!entry)
		return false;
	json_object_set_new(
		entry, "count",
		json_integer(json_integer_value(json_object_get(entry, "count")) + 1));
	return true;
}

static struct error *add_entry(json_t *list, json_t *index, const struct finding *f)
{
	struct json_builder b;
	json_t *entry = NULL;
	struct error *error;

	if (f->level == LEVEL_OFF || count_up(index, f->fingerprint))
		return NULL;
	json_builder_init(&b);
	json_builder_string(&b, "fingerprint", f->fingerprint);
	json_builder_string(&b, "rule", f->rule);
	json_builder_string(&b, "path", f->path);
	json_builder_string(&b, "message", f->message);
	json_builder_integer(&b, "count", 1);
	error = json_builder_finish(&b, &entry);
	if (!error && (json_array_append(list, entry) ||
		       json_object_set(index, f->fingerprint, entry)))
		error = error_nomem();
	json_decref(entry);
	return error;
}

struct error *baseline_write(const char *path, const struct report *report)
{
	json_t *list = json_array(), *index = json_object(), *document = NULL;
	struct error *error = list && index ? NULL : error_nomem();
	_free_ char *text = NULL;
	_strbuf_ struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; !error && i < report->findings_count; i++)
		error = add_entry(list, index, &report->findings[i]);
	json_decref(index);
	if (error) {
		json_decref(list);
		return error;
	}
	document = json_pack("{s:s, s:o}", "schema", SCHEMA, "findings", list);
	text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
	json_decref(document);
	if (!text)
		return error_nomem();
	strbuf_addf(&out, "%s\n", text);
	error = strbuf_error(&out);
	return error ? error : file_write(path, out.data, out.length, 0666);
}
