/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a team writes for the linter: overrides, and the matchers of its own rules. */
#include <jansson.h>
#include <stdint.h>

#include "common/error.h"
#include "linter/matcher.h"
#include "linter/overrides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_overrides(struct span text)
{
	_cleanup_(overrides_destroy) struct overrides *overrides = NULL;

	error_destroy(overrides_parse("x", text, &overrides));
	for (size_t i = 0; overrides && i < overrides->count; i++) {
		override_matches(&overrides->items[i], "SRC001", "a/b!c/d.c");
		override_expired(&overrides->items[i], "2026-01-01");
	}
}

static void look_at_matcher(const char *text, size_t size)
{
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	struct rule rule = { .id = "X001", .title = "x", .file = "x", .check = json };
	struct matcher matcher;

	if (json_is_object(json)) {
		struct error *error = matcher_read(&rule, &matcher);

		if (!error) {
			matcher_takes(&matcher, "name", "value");
			matcher_looks_at(&matcher, "a/b");
		}
		error_destroy(error);
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	look_at_overrides((struct span){ data, size });
	look_at_matcher((const char *)data, size);
	return 0;
}
