/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From options of the command line to a plan. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/options.h"
#include "common/units.h"

struct error;

struct plan_flags {
	const char *module, *parameters, *device;
	struct string_list probes;
	struct rate rate; /* 0: as fast as it goes */
	uint64_t passes, duration, device_passes, plain_passes, deadline, seed;
	int on_stuck; /* enum on_stuck */
	bool turbo, fail_allocs;
};

/* Whether any option of what to cycle was given. */
bool flags_given(const struct plan_flags *flags);

/* A plan in the form of docs/schema/plan.schema.json. Fails with ERROR_USAGE. */
struct error *flags_to_plan(const struct plan_flags *flags, json_t **ret);
