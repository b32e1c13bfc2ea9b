/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "readers/symvers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(symvers_destroy) struct symvers *symvers = NULL;

	error_destroy(symvers_create("fuzz", (struct span){ data, size }, &symvers));
	if (symvers)
		symvers_find(symvers, "printk");
	return 0;
}
