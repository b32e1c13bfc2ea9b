/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/error.h"
#include "common/strbuf.h"

#include "readers/plist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(property_list_destroy) struct property_list *list = NULL;
	_strbuf_ struct strbuf path = STRBUF_INIT;

	error_destroy(property_list_create((struct span){ data, size }, &list));
	if (list && list->root && list->root->last)
		property_add_path(list->root->last, &path);
	return 0;
}
