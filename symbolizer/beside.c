/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

const char *const beside_kallsyms[] = { "kallsyms.gz", "kallsyms", NULL };
const char *const beside_layouts[] = { "modules.json", NULL };

/*
 * Of several machines of one run the cycler numbers what it keeps: console-2.log goes
 * with modules-2.json, and with no other. The number with its dash; its length, or 0.
 */
static size_t number_of(const char *path, const char **ret)
{
	static const char *const kept[] = { "console", "memory" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		size_t length = strlen(kept[i]), digits;

		if (strncmp(name, kept[i], length) || name[length] != '-')
			continue;
		*ret = name + length;
		digits = strspn(*ret + 1, "0123456789");
		return digits && (*ret)[digits + 1] == '.' ? digits + 1 : 0;
	}
	return 0;
}

struct error *beside_find(const char *path, const char *const *names, char **ret)
{
	const char *slash = strrchr(path, '/'), *number = "";
	size_t length = number_of(path, &number);
	_free_ char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("./");

	*ret = NULL;
	for (; folder && *names; names++) {
		_free_ char *found = NULL;
		_free_ char *name = NULL;
		struct error *error;

		if (asprintf(&name, "%.*s%.*s%s", (int)strcspn(*names, "."), *names,
			     (int)length, number, *names + strcspn(*names, ".")) < 0) {
			name = NULL;
			return error_nomem();
		}
		error = file_join(folder, name, &found);

		if (error)
			return error;
		if (!access(found, R_OK)) {
			*ret = take(found);
			return NULL;
		}
	}
	return folder ? NULL : error_nomem();
}
