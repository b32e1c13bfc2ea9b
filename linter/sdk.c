/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/sdk.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

struct error *sdk_headers_folder(const char *sdk, char **ret)
{
	static const char *const places[] = {
		"System/Library/Frameworks/Kernel.framework/Headers", "Headers", "."
	};

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		_free_ char *folder = NULL, *probe = NULL;
		struct error *error = file_join(sdk, places[i], &folder);

		if (!error)
			error = file_join(folder, "IOKit", &probe);
		if (error)
			return error;
		if (access(probe, R_OK))
			continue;
		*ret = realpath(folder, NULL);
		return *ret ? NULL : error_nomem();
	}
	return error_new(ERROR_USAGE,
			 "--sdk %s: has no kernel headers (IOKit), neither in its "
			 "Kernel.framework nor in Headers",
			 sdk);
}
