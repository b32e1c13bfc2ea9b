/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/schema.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "report/json.h"
#include "tests/check_main.h"

struct place {
	const json_t *root;
	const struct place *up;
	const char *key;
	size_t index;
	struct strbuf *why;
};

static void add_pointer(const struct place *p, struct strbuf *out)
{
	if (!p->up)
		return;
	add_pointer(p->up, out);
	if (p->key)
		strbuf_addf(out, "/%s", p->key);
	else
		strbuf_addf(out, "/%zu", p->index);
}

static void violation(const struct place *p, const char *format, const char *what)
{
	if (p->why->length)
		return;
	add_pointer(p, p->why);
	strbuf_adds(p->why, ": ");
	strbuf_addf(p->why, format, what);
}

static void check(const json_t *schema, const json_t *json, const struct place *p);

static bool is_type(const char *type, const json_t *json)
{
	return (!strcmp(type, "object") && json_is_object(json)) ||
	       (!strcmp(type, "array") && json_is_array(json)) ||
	       (!strcmp(type, "string") && json_is_string(json)) ||
	       (!strcmp(type, "integer") && json_is_integer(json)) ||
	       (!strcmp(type, "number") && json_is_number(json)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(json));
}

static void check_type(const json_t *schema, const json_t *value, const json_t *json,
		       const struct place *p)
{
	(void)schema;
	if (!is_type(json_string_value(value), json))
		violation(p, "is no %s", json_string_value(value));
}

static void check_required(const json_t *schema, const json_t *value, const json_t *json,
			   const struct place *p)
{
	const json_t *key;
	size_t i;

	(void)schema;
	json_array_foreach(value, i, key)
	{
		if (json_is_object(json) &&
		    !json_object_get(json, json_string_value(key)))
			violation(p, "lacks %s", json_string_value(key));
	}
}

static void check_properties(const json_t *schema, const json_t *value,
			     const json_t *json, const struct place *p)
{
	const json_t *others = json_object_get(schema, "additionalProperties");
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)json, key, one)
	{
		const json_t *sub = json_object_get(value, key);
		struct place here = { p->root, p, key, 0, p->why };

		if (sub)
			check(sub, one, &here);
		else if (json_is_false(others))
			violation(&here, "%s is not in the schema", key);
		else if (json_is_object(others))
			check(others, one, &here);
	}
}

static void check_additional(const json_t *schema, const json_t *value,
			     const json_t *json, const struct place *p)
{
	(void)value;
	if (!json_object_get(schema, "properties"))
		check_properties(schema, NULL, json, p);
}

static void check_items(const json_t *schema, const json_t *value, const json_t *json,
			const struct place *p)
{
	const json_t *one;
	size_t i;

	(void)schema;
	json_array_foreach(json, i, one)
	{
		struct place here = { p->root, p, NULL, i, p->why };

		check(value, one, &here);
	}
}

static void check_enum(const json_t *schema, const json_t *value, const json_t *json,
		       const struct place *p)
{
	const json_t *one;
	size_t i;

	(void)schema;
	json_array_foreach(value, i, one)
	{
		if (json_equal(one, json))
			return;
	}
	violation(p, "is not one of the values allowed%s", "");
}

static void check_const(const json_t *schema, const json_t *value, const json_t *json,
			const struct place *p)
{
	(void)schema;
	if (!json_equal(value, json))
		violation(p, "is not %s", json_string_value(value));
}

static void check_minimum(const json_t *schema, const json_t *value, const json_t *json,
			  const struct place *p)
{
	(void)schema;
	if (json_is_number(json) && json_number_value(json) < json_number_value(value))
		violation(p, "is too small%s", "");
}

static void check_maximum(const json_t *schema, const json_t *value, const json_t *json,
			  const struct place *p)
{
	(void)schema;
	if (json_is_number(json) && json_number_value(json) > json_number_value(value))
		violation(p, "is too large%s", "");
}

static size_t size_of(const json_t *json)
{
	return json_is_string(json) ? json_string_length(json) : json_array_size(json);
}

static void check_size_limit(const json_t *schema, const json_t *value,
			     const json_t *json, const struct place *p)
{
	(void)schema;
	if (size_of(json) > (size_t)json_integer_value(value))
		violation(p, "is too long%s", "");
}

static void check_unique(const json_t *schema, const json_t *value, const json_t *json,
			 const struct place *p)
{
	(void)schema, (void)value;
	for (size_t i = 0; i < json_array_size(json); i++)
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(json, i), json_array_get(json, k)))
				violation(p, "holds the same item twice%s", "");
}

static void check_size(const json_t *schema, const json_t *value, const json_t *json,
		       const struct place *p)
{
	(void)schema;
	if (size_of(json) < (size_t)json_integer_value(value))
		violation(p, "is too short%s", "");
}

static void check_pattern(const json_t *schema, const json_t *value, const json_t *json,
			  const struct place *p)
{
	regex_t regex;

	(void)schema;
	ck_assert_int_eq(
		regcomp(&regex, json_string_value(value), REG_EXTENDED | REG_NOSUB), 0);
	if (json_is_string(json) && regexec(&regex, json_string_value(json), 0, NULL, 0))
		violation(p, "does not match %s", json_string_value(value));
	regfree(&regex);
}

static void check_ref(const json_t *schema, const json_t *value, const json_t *json,
		      const struct place *p)
{
	const char *name = strrchr(json_string_value(value), '/') + 1;
	const json_t *to = json_object_get(json_object_get(p->root, "$defs"), name);

	(void)schema;
	if (to)
		check(to, json, p);
	else
		violation(p, "the schema has no $defs/%s", name);
}

static void check_one_of(const json_t *schema, const json_t *value, const json_t *json,
			 const struct place *p)
{
	const json_t *one;
	size_t i, matches = 0;

	(void)schema;
	json_array_foreach(value, i, one)
	{
		_strbuf_ struct strbuf why = STRBUF_INIT;
		struct place here = { p->root, NULL, NULL, 0, &why };

		check(one, json, &here);
		matches += !why.length;
	}
	if (matches != 1)
		violation(p, "matches not exactly one of the choices%s", "");
}

static void check_nothing(const json_t *schema, const json_t *value, const json_t *json,
			  const struct place *p)
{
	(void)schema, (void)value, (void)json, (void)p;
}

static const struct {
	const char *name;
	void (*check)(const json_t *schema, const json_t *value, const json_t *json,
		      const struct place *p);
} keywords[] = {
	{ "type", check_type },
	{ "required", check_required },
	{ "properties", check_properties },
	{ "additionalProperties", check_additional },
	{ "items", check_items },
	{ "enum", check_enum },
	{ "const", check_const },
	{ "minimum", check_minimum },
	{ "maximum", check_maximum },
	{ "minLength", check_size },
	{ "maxLength", check_size_limit },
	{ "maxItems", check_size_limit },
	{ "uniqueItems", check_unique },
	{ "minItems", check_size },
	{ "pattern", check_pattern },
	{ "$ref", check_ref },
	{ "oneOf", check_one_of },
	{ "$schema", check_nothing },
	{ "$comment", check_nothing },
	{ "$defs", check_nothing },
	{ "title", check_nothing },
	{ "description", check_nothing },
};

static void check(const json_t *schema, const json_t *json, const struct place *p)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)schema, key, value)
	{
		size_t i = 0;

		while (i < ARRAY_LENGTH(keywords) && strcmp(keywords[i].name, key))
			i++;
		if (i < ARRAY_LENGTH(keywords))
			keywords[i].check(schema, value, json, p);
		else
			violation(p, "keyword %s is not implemented", key);
	}
}

void schema_check(const json_t *root, const json_t *json, struct strbuf *why)
{
	struct place here = { root, NULL, NULL, 0, why };

	check(root, json, &here);
}

json_t *schema_load_from(const char *place, const char *name)
{
	_free_ char *folder = NULL, *path = NULL;
	json_t *json = NULL;

	ck_assert_ok(file_data_folder(place, &folder));
	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(json_load_path(path, &json));
	return json;
}

json_t *schema_load(const char *name)
{
	return schema_load_from("docs/schema", name);
}
