/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GSYM files, and look-ups in what was made of them. */
#include <stdint.h>

#include "common/error.h"
#include "symbolizer/gsym.h"
#include "symbolizer/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_close) struct index *index = NULL;
	_error_ struct error *error = NULL;
	struct index_hit hit;

	error = gsym_read((struct span){ data, size }, "fuzz", &index);
	if (error)
		return 0;
	for (uint64_t a = 0; a < 4096; a += 13)
		index_lookup(index, index_head(index)->base + a, &hit);
	return 0;
}
