/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A census document from a machine that may have died while it wrote it. */
#include <stdint.h>

#include "common/error.h"
#include "leakwatch/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct leak_options options = { 0 };
	struct report *report = NULL;
	struct error *error;

	if (!json)
		return 0;
	error = report_create("leakwatch", "fuzz", &report);
	if (!error)
		error = leak_judge(json, &options, report);
	error_destroy(error);
	report_destroy(report);
	json_decref(json);
	return 0;
}
