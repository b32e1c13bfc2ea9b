/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/finding.h"

#include <string.h>

#include "common/array.h"

static const char *const names[] = {
	[LEVEL_INFO] = "info",	     [LEVEL_SUGGESTION] = "suggestion",
	[LEVEL_WARNING] = "warning", [LEVEL_ERROR] = "error",
	[LEVEL_OFF] = "off",
};

const char *level_name(enum level level)
{
	return names[level];
}

bool level_parse(const char *name, enum level *ret)
{
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strcmp(name, names[i])) {
			*ret = i;
			return true;
		}
	return false;
}
