/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building JSON objects without asking after each key, and reading files. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

struct json_builder {
	json_t *object;
	bool failed; /* sticky: told by json_builder_finish() */
};

void json_builder_init(struct json_builder *b);
/* NULL is left out. Bytes that are not UTF-8 are replaced by U+FFFD. */
void json_builder_string(struct json_builder *b, const char *key, const char *value);
void json_builder_integer(struct json_builder *b, const char *key, uint64_t value);
void json_builder_real(struct json_builder *b, const char *key, double value);
void json_builder_bool(struct json_builder *b, const char *key, bool value);
/* As "0x…": numbers above 2^53 would lose digits elsewhere. */
void json_builder_hex(struct json_builder *b, const char *key, uint64_t value);
/* Steals the reference; NULL counts as failure. */
void json_builder_value(struct json_builder *b, const char *key, json_t *value);
struct error *json_builder_finish(struct json_builder *b, json_t **ret);

/* A JSON string of any bytes, those that are not UTF-8 replaced. NULL: out of memory. */
json_t *json_any_string(const char *value);

/* The string at @key of @object, borrowed; "" when there is none. */
const char *json_text(const json_t *object, const char *key);

/* Reads a file; a syntax error names the line. */
struct error *json_load_path(const char *path, json_t **ret);
