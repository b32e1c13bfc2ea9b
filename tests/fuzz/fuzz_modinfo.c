/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "readers/modinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct modinfo info;
	size_t length = 0;

	error_destroy(modinfo_init(&info, (struct span){ data, size }));
	for (size_t i = 0; i < info.count; i++)
		length += strlen(info.fields[i].value) + info.fields[i].key[0];
	modinfo_get(&info, "license");
	modinfo_deinit(&info);
	return length == SIZE_MAX;
}
