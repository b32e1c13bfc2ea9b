/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "linter/extract.h"
#include "readers/bundle.h"
#include "report/json.h"

#define SCHEMA "bookend-extract/1"

enum { WIDTH = 88, INDENT = 16 };

struct error *extraction_init(struct extraction *extraction)
{
	extraction->drivers = json_array();
	extraction->not_read = json_array();
	return extraction->drivers && extraction->not_read ? NULL : error_nomem();
}

void extraction_deinit(struct extraction *extraction)
{
	json_decref(extraction->drivers);
	json_decref(extraction->not_read);
}

struct error *extraction_not_read(struct extraction *extraction, const char *path,
				  const char *why)
{
	json_t *entry = json_pack("{s:o, s:o}", "path", json_any_string(path), "why",
				  json_any_string(why));

	return entry && !json_array_append_new(extraction->not_read, entry)
		       ? NULL
		       : error_nomem();
}

static bool is_document(const json_t *json)
{
	const char *schema = json_string_value(json_object_get(json, "schema"));

	return schema && !strcmp(schema, SCHEMA);
}

static struct error *add_document(struct extraction *extraction, const char *path,
				  bool *taken)
{
	json_t *json = NULL;
	struct error *error = json_load_path(path, &json);
	const json_t *drivers = json_object_get(json, "drivers");

	*taken = false;
	if (error) {
		/* any other .json is none of ours: told, not fatal */
		struct error *told =
			extraction_not_read(extraction, path, error_message(error));

		error_destroy(error);
		return told;
	}
	if (is_document(json) && json_is_array(drivers)) {
		*taken = true;
		if (json_array_extend(extraction->drivers, (json_t *)drivers))
			error = error_nomem();
	}
	json_decref(json);
	return error;
}

static struct error *add_documents(struct extraction *extraction,
				   const struct bundle *bundle)
{
	struct error *error = NULL;
	bool taken;

	for (size_t i = 0; !error && i < bundle->count; i++)
		if (bundle->members[i].kind == MEMBER_FILE && bundle->members[i].disk &&
		    path_ends_with(bundle->members[i].path, ".json"))
			error = add_document(extraction, bundle->members[i].disk, &taken);
	return error;
}

struct error *extraction_add(struct extraction *extraction, const char *path)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	size_t before = json_array_size(extraction->drivers);
	struct error *error = bundle_open(path, NULL, &bundle);

	if (!error)
		error = add_documents(extraction, bundle);
	registry_for_each(extractor, it)
	{
		if (!error)
			error = (*it)->extract(extraction, bundle);
	}
	if (!error && json_array_size(extraction->drivers) == before &&
	    !json_array_size(extraction->not_read))
		error = error_new(ERROR_INPUT,
				  "%s holds no driver, and no document that 'bookend "
				  "extract' wrote",
				  path);
	return error;
}

static int compare_drivers(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	return strcmp(json_text(x, "path"), json_text(y, "path"));
}

struct error *extraction_to_json(const struct extraction *extraction, json_t **ret)
{
	size_t count = json_array_size(extraction->drivers);
	_free_ json_t **sorted = calloc(count + 1, sizeof(*sorted));
	json_t *drivers = json_array();

	if (!sorted || !drivers)
		return error_nomem();
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_array_get(extraction->drivers, i);
	qsort(sorted, count, sizeof(*sorted), compare_drivers);
	for (size_t i = 0; i < count; i++)
		json_array_append(drivers, sorted[i]);
	*ret = json_pack("{s:s, s:o, s:O}", "schema", SCHEMA, "drivers", drivers,
			 "not_read", extraction->not_read);
	return *ret ? NULL : error_nomem();
}

static void add_scalar(const json_t *value, struct strbuf *out)
{
	if (json_is_string(value))
		strbuf_adds(out, json_string_value(value));
	else if (json_is_integer(value))
		strbuf_addf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		strbuf_addf(out, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		strbuf_adds(out, json_is_true(value) ? "yes" : "no");
	else
		strbuf_adds(out, "-");
}

/* [{"name": "__TEXT", "size": 4096, …}] as "__TEXT:4096": what a member is, and how much.
 */
static void add_brief(const json_t *array, struct strbuf *out)
{
	const json_t *one, *value;
	const char *key;
	size_t i;

	json_array_foreach((json_t *)array, i, one)
	{
		size_t told = 0;

		strbuf_adds(out, i ? "," : "");
		if (!json_is_object(one))
			add_scalar(one, out);
		json_object_foreach((json_t *)one, key, value)
		{
			if (told == 2)
				break;
			strbuf_adds(out, told++ ? ":" : "");
			add_scalar(value, out);
		}
	}
}

/* "kmalloc crc=0x…; yes" on one line: the first value bare, the others with their key. */
static void add_object(const json_t *object, struct strbuf *out)
{
	const json_t *value;
	const char *key;
	bool first = true;

	json_object_foreach((json_t *)object, key, value)
	{
		const json_t *below;
		const char *name;

		if (json_is_object(value)) {
			json_object_foreach((json_t *)value, name, below)
			{
				strbuf_addf(out, "  %s=", name);
				add_scalar(below, out);
			}
			continue;
		}
		if (!first)
			strbuf_addf(out, "  %s=", key);
		if (json_is_array(value))
			add_brief(value, out);
		else
			add_scalar(value, out);
		first = false;
	}
}

/* {"pci": 3, "usb": 1} as "pci=3, usb=1". */
static void add_map(const json_t *object, struct strbuf *out)
{
	const json_t *value;
	const char *key;
	bool first = true;

	json_object_foreach((json_t *)object, key, value)
	{
		strbuf_addf(out, "%s%s=", first ? "" : ", ", key);
		add_scalar(value, out);
		first = false;
	}
}

static void add_list(const json_t *array, struct strbuf *out)
{
	size_t column = INDENT + 2;

	for (size_t i = 0; i < json_array_size(array); i++) {
		_strbuf_ struct strbuf item = STRBUF_INIT;
		const json_t *value = json_array_get(array, i);

		if (json_is_object(value)) {
			add_object(value, &item);
			if (i) {
				strbuf_addc(out, '\n');
				strbuf_pad(out, ' ', INDENT + 2);
			}
			strbuf_adds(out, strbuf_string(&item));
			continue;
		}
		add_scalar(value, &item);
		if (i && column + item.length + 2 > WIDTH) {
			strbuf_adds(out, ",\n");
			strbuf_pad(out, ' ', INDENT + 2);
			column = INDENT + 2;
		} else if (i) {
			strbuf_adds(out, ", ");
			column += 2;
		}
		strbuf_adds(out, strbuf_string(&item));
		column += item.length;
	}
}

void extraction_print(const json_t *drivers, const struct style *s, struct strbuf *out)
{
	for (size_t i = 0; i < json_array_size(drivers); i++) {
		const json_t *driver = json_array_get(drivers, i), *value;
		const char *key;

		strbuf_addf(out, "%s%s%s%s  %s\n", i ? "\n" : "", s->bold,
			    json_text(driver, "path"), s->reset,
			    json_text(driver, "kind"));
		json_object_foreach((json_t *)driver, key, value)
		{
			if (!strcmp(key, "path") || !strcmp(key, "kind") ||
			    (json_is_array(value) && !json_array_size(value)) ||
			    (json_is_object(value) && !json_object_size(value)))
				continue;
			strbuf_addf(out, "  %s%-*s%s", s->dim, INDENT, key, s->reset);
			if (json_is_array(value))
				add_list(value, out);
			else if (json_is_object(value))
				add_map(value, out);
			else
				add_scalar(value, out);
			strbuf_addc(out, '\n');
		}
	}
}

static const json_t *find_import(const json_t *driver, const char *symbol)
{
	const json_t *imports = json_object_get(driver, "imports");

	for (size_t i = 0; i < json_array_size(imports); i++) {
		const json_t *import = json_array_get(imports, i);

		if (!strcmp(json_text(import, "symbol"), symbol))
			return import;
	}
	return NULL;
}

struct error *extraction_who_uses(const struct extraction *extraction, const char *symbol,
				  json_t **ret)
{
	json_t *users = json_array(), *document = NULL;
	struct error *error = extraction_to_json(extraction, &document);
	const json_t *drivers = json_object_get(document, "drivers");

	for (size_t i = 0; !error && i < json_array_size(drivers); i++) {
		const json_t *driver = json_array_get(drivers, i);
		const json_t *import = find_import(driver, symbol);
		struct json_builder b;
		json_t *user = NULL;

		if (!import)
			continue;
		json_builder_init(&b);
		json_builder_string(&b, "path", json_text(driver, "path"));
		json_builder_string(&b, "kind", json_text(driver, "kind"));
		json_builder_string(&b, "name", json_text(driver, "name"));
		if (*json_text(driver, "version"))
			json_builder_string(&b, "version", json_text(driver, "version"));
		json_builder_value(&b, "import", json_deep_copy(import));
		error = json_builder_finish(&b, &user);
		if (!error && json_array_append_new(users, user))
			error = error_nomem();
	}
	json_decref(document);
	if (error) {
		json_decref(users);
		return error;
	}
	*ret = users;
	return NULL;
}
