/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/error.h"
#include "cycler/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL), *legend = NULL;
	struct plan *plan = NULL;
	struct error *error = json ? plan_create(json, &plan) : NULL;

	if (plan && !plan_legend(plan, &legend)) {
		struct schedule_state state;

		schedule_start(&state, &plan->legs[0].cycles[0].schedule, 1);
		for (int i = 0; i < 100; i++)
			schedule_next(&state);
		schedule_skip(&state, 1000000);
	}
	json_decref(legend);
	error_destroy(error);
	plan_destroy(plan);
	json_decref(json);
	return 0;
}
