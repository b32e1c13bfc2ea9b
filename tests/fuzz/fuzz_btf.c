/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF of a kernel, and of a module upon itself; every function that is named. */
#include <stdint.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(btf_types_destroy) struct btf_types *types = NULL, *module = NULL;
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_error_ struct error *error = NULL, *other = NULL;
	struct span bytes = { data, size };

	error = btf_types_create(bytes, NULL, &types);
	if (error)
		return 0;
	other = btf_types_create(bytes, types, &module);
	btf_types_declare(module ? module : types, "my_read", &out);
	btf_types_declare(types, "", &out);
	return 0;
}
