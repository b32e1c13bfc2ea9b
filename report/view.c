/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/view.h"

#include <string.h>

const struct section_view *section_view_find(const char *name)
{
	registry_for_each(section_view, it)
	{
		if (!strcmp((*it)->name, name))
			return *it;
	}
	return NULL;
}

uint64_t view_count(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}
