/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "linter/arena.h"

/* The value is the rest of the word or, where the word ends, the next one. */
static const struct {
	const char *name;
	bool searched; /* along the include path too */
} takers[] = {
	{ "-include", true },	{ "-imacros", true },	 { "-isystem", false },
	{ "-iquote", false },	{ "-idirafter", false }, { "-iframework", false },
	{ "-isysroot", false }, { "--sysroot=", false }, { "-I", false },
	{ "-F", false },
};

void path_tidy(char *path)
{
	char *out = path;
	const char *in = path;

	while (*in) {
		if (!strncmp(in, "/./", 3)) {
			in += 2;
		} else if (!strncmp(in, "//", 2)) {
			in++;
		} else if (!strncmp(in, "/../", 4) && out > path) {
			in += 3;
			while (out > path && *--out != '/')
				;
		} else {
			*out++ = *in++;
		}
	}
	*out = 0;
}

static struct error *settle(struct arena *arena, const char *directory,
			    const char *option, const char *path, bool searched,
			    const char **ret)
{
	_free_ char *full = NULL, *word = NULL;

	if (asprintf(&full, "%s/%s", directory, path) < 0)
		return full = NULL, error_nomem();
	if (searched && access(full, F_OK))
		return NULL;
	if (asprintf(&word, "%s%s", option, full) < 0)
		return word = NULL, error_nomem();
	*ret = arena_string(arena, word);
	return *ret ? NULL : error_nomem();
}

struct error *paths_settle(struct arena *arena, const char *directory,
			   const char *const *arguments, size_t count, const char **ret)
{
	struct error *error = NULL;

	for (size_t i = 0; i < count; i++)
		ret[i] = arguments[i];
	for (size_t i = 0; directory && !error && i < count; i++) {
		for (size_t k = 0; k < ARRAY_LENGTH(takers); k++) {
			const char *name = takers[k].name;
			size_t length = strlen(name);
			bool next;

			if (strncmp(arguments[i], name, length))
				continue;
			next = !arguments[i][length];
			if (next && ++i == count)
				break;
			if (arguments[i][next ? 0 : length] != '/' &&
			    arguments[i][next ? 0 : length])
				error = settle(arena, directory, next ? "" : name,
					       arguments[i] + (next ? 0 : length),
					       takers[k].searched, &ret[i]);
			break;
		}
	}
	return error;
}
