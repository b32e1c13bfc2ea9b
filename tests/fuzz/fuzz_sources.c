/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's lists of memory: the first byte chooses the format. */
#include <stdint.h>

#include "common/error.h"
#include "leakwatch/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modules[] = { "leaky", "a", NULL };
	_sample_ struct source_sample sample = { 0 };
	struct span text;
	struct error *error = NULL;

	if (!size)
		return 0;
	text = (struct span){ data + 1, size - 1 };
	switch (data[0] % 6) {
	case 0:
		error = source_parse_allocinfo(text, modules, &sample);
		break;
	case 1:
		error = source_parse_kmemleak(text, modules, &sample);
		break;
	case 2:
		error = source_parse_vmallocinfo(text, modules, &sample);
		break;
	case 3:
		error = source_parse_slabinfo(text, modules, &sample);
		break;
	case 4:
		error = source_parse_meminfo(text, modules, &sample);
		break;
	default:
		error = source_parse_traces(text, 128, modules, &sample);
	}
	error_destroy(error);
	return 0;
}
