/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/beside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

const char *const beside_kallsyms[] = { "kallsyms.gz", "kallsyms", NULL };
const char *const beside_layouts[] = { "modules.json", NULL };

struct error *beside_find(const char *path, const char *const *names, char **ret)
{
	const char *slash = strrchr(path, '/');
	_free_ char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("./");

	*ret = NULL;
	for (; folder && *names; names++) {
		_free_ char *found = NULL;
		struct error *error = file_join(folder, *names, &found);

		if (error)
			return error;
		if (!access(found, R_OK)) {
			*ret = take(found);
			return NULL;
		}
	}
	return folder ? NULL : error_nomem();
}
