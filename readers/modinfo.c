/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/modinfo.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

static struct error *add_field(struct modinfo *info, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text) {
		info->malformed++;
		return NULL;
	}
	if (!array_grow(info->fields, info->count, info->capacity))
		return error_nomem();
	info->fields[info->count++] =
		(struct modinfo_field){ text, equals - text, equals + 1 };
	return NULL;
}

struct error *modinfo_init(struct modinfo *info, struct span section)
{
	struct error *error = NULL;
	size_t at = 0;

	*info = (struct modinfo){ 0 };
	while (!error && at < section.size) {
		const char *text;

		if (!section.data[at]) {
			at++;
			continue;
		}
		text = span_string(section, at);
		if (!text) {
			info->malformed++;
			break;
		}
		error = add_field(info, text);
		at += strlen(text) + 1;
	}
	if (error)
		modinfo_deinit(info);
	return error;
}

void modinfo_deinit(struct modinfo *info)
{
	free(info->fields);
	*info = (struct modinfo){ 0 };
}

const char *modinfo_next(const struct modinfo *info, const char *key, size_t *at)
{
	size_t length = strlen(key);

	while (*at < info->count) {
		const struct modinfo_field *field = &info->fields[(*at)++];

		if (field->key_length == length && !memcmp(field->key, key, length))
			return field->value;
	}
	return NULL;
}

const char *modinfo_get(const struct modinfo *info, const char *key)
{
	size_t at = 0;

	return modinfo_next(info, key, &at);
}
