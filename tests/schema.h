/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of JSON Schema 2020-12 that docs/schema uses, to hold documents against it. */
#pragma once

#include <jansson.h>

struct strbuf;

/*
 * Adds to @why the JSON pointer and reason of the first violation, nothing when @json
 * is valid. A keyword that is not implemented here is a violation too.
 */
void schema_check(const json_t *root, const json_t *json, struct strbuf *why);

/* Reads docs/schema/NAME of the source tree; aborts when it cannot. */
json_t *schema_load(const char *name);

/* The same of another folder of the source tree. */
json_t *schema_load_from(const char *place, const char *name);
