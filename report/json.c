/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/utf8.h"

void json_builder_init(struct json_builder *b)
{
	b->object = json_object();
	b->failed = !b->object;
}

void json_builder_value(struct json_builder *b, const char *key, json_t *value)
{
	if (!value || b->failed) {
		b->failed = true;
		json_decref(value);
	} else if (json_object_set_new(b->object, key, value)) {
		b->failed = true;
	}
}

json_t *json_any_string(const char *value)
{
	_strbuf_ struct strbuf buf = STRBUF_INIT;
	json_t *json = json_string(value);

	if (json)
		return json;
	while (*value) {
		size_t n = utf8_length((const unsigned char *)value);

		if (n)
			strbuf_add(&buf, value, n);
		else
			strbuf_adds(&buf, "\xef\xbf\xbd");
		value += n ? n : 1;
	}
	return buf.failed ? NULL : json_string(strbuf_string(&buf));
}

void json_builder_string(struct json_builder *b, const char *key, const char *value)
{
	if (value)
		json_builder_value(b, key, json_any_string(value));
}

void json_builder_integer(struct json_builder *b, const char *key, uint64_t value)
{
	json_builder_value(b, key, json_integer((json_int_t)value));
}

void json_builder_real(struct json_builder *b, const char *key, double value)
{
	json_builder_value(b, key, json_real(value));
}

void json_builder_bool(struct json_builder *b, const char *key, bool value)
{
	json_builder_value(b, key, json_boolean(value));
}

void json_builder_hex(struct json_builder *b, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_builder_value(b, key, json_string(text));
}

struct error *json_builder_finish(struct json_builder *b, json_t **ret)
{
	if (b->failed) {
		json_decref(b->object);
		return error_nomem();
	}
	*ret = b->object;
	return NULL;
}

struct error *json_load_path(const char *path, json_t **ret)
{
	_mapping_ struct mapping file = { { NULL, 0 }, 0 };
	struct error *error = file_map(path, &file);
	json_error_t why;
	json_t *json;

	if (error)
		return error;
	json = json_loadb((const char *)file.bytes.data, file.bytes.size,
			  JSON_REJECT_DUPLICATES, &why);
	if (!json)
		return error_new(ERROR_INPUT, "%s:%d:%d: %s", path, why.line, why.column,
				 why.text);
	*ret = json;
	return NULL;
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}
