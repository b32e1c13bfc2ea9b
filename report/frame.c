/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/frame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "report/json.h"

static const char *const kind_names[] = {
	[FRAME_EXACT] = "exact",
	[FRAME_RETURN] = "return",
	[FRAME_GUESSED] = "guessed",
	[FRAME_INLINE] = "inline",
};

/* The strings of a frame, so that copying, freeing and JSON agree. */
static const struct {
	const char *key;
	size_t offset;
} strings[] = {
	{ "raw", offsetof(struct frame, raw) },
	{ "function", offsetof(struct frame, function) },
	{ "module", offsetof(struct frame, module) },
	{ "build_id", offsetof(struct frame, build_id) },
	{ "file", offsetof(struct frame, file) },
	{ "source", offsetof(struct frame, source) },
	{ "confidence", offsetof(struct frame, confidence) },
};

const char *frame_kind_name(enum frame_kind kind)
{
	return kind_names[kind];
}

static const char **string_at(const struct frame *frame, size_t index)
{
	return (const char **)((char *)frame + strings[index].offset);
}

struct error *frame_copy(const struct frame *frame, struct frame *ret)
{
	bool failed = false;

	*ret = *frame;
	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++) {
		const char *from = *string_at(frame, i);
		char *copy = from ? strdup(from) : NULL;

		failed |= from && !copy;
		*string_at(ret, i) = copy;
	}
	if (!failed)
		return NULL;
	frame_deinit(ret);
	return error_nomem();
}

void frame_deinit(struct frame *frame)
{
	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
		free((char *)*string_at(frame, i));
	*frame = (struct frame){ 0 };
}

struct error *frame_to_json(const struct frame *frame, json_t **ret)
{
	struct json_builder b;

	json_builder_init(&b);
	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
		json_builder_string(&b, strings[i].key, *string_at(frame, i));
	json_builder_string(&b, "kind", kind_names[frame->kind]);
	if (frame->address)
		json_builder_hex(&b, "address", frame->address);
	if (frame->function && frame->size) {
		json_builder_integer(&b, "offset", frame->offset);
		json_builder_integer(&b, "size", frame->size);
	}
	if (frame->line)
		json_builder_integer(&b, "line", frame->line);
	if (frame->column)
		json_builder_integer(&b, "column", frame->column);
	return json_builder_finish(&b, ret);
}

void frame_from_json(const json_t *json, struct frame *ret)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));
	const char *address = json_string_value(json_object_get(json, "address"));

	*ret = (struct frame){ 0 };
	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
		*string_at(ret, i) =
			json_string_value(json_object_get(json, strings[i].key));
	for (size_t i = 0; kind && i < ARRAY_LENGTH(kind_names); i++)
		if (!strcmp(kind, kind_names[i]))
			ret->kind = i;
	if (address)
		ret->address = strtoull(address, NULL, 16);
	ret->offset = json_integer_value(json_object_get(json, "offset"));
	ret->size = json_integer_value(json_object_get(json, "size"));
	ret->line = json_integer_value(json_object_get(json, "line"));
	ret->column = json_integer_value(json_object_get(json, "column"));
}
