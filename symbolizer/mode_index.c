/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/progress.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/gsym.h"
#include "symbolizer/modes.h"
#include "symbolizer/object.h"

enum { DEPTH_LIMIT = 24 };

struct indexing {
	struct progress progress;
	uint64_t done;
	uint64_t skipped; /* found in folders, but no debug files */
};

static struct error *index_file(struct indexing *state, const char *path, bool named)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	struct error *error;
	char build_id[64];
	bool lines = false;

	error = debugfile_glance(path, NULL, build_id, &lines);
	if (!named && (error || !lines)) {
		error_destroy(error);
		state->skipped++;
		return NULL;
	}
	if (!error)
		error = object_create(path, NULL, true, &object);
	if (!error)
		error = object_index(object);
	if (!error)
		progress_update(&state->progress, ++state->done, path);
	return error;
}

static struct error *index_path(struct indexing *state, const char *path, int depth);

static struct error *index_folder(struct indexing *state, const char *folder, int depth)
{
	struct dirent **entries = NULL;
	struct error *error = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		_strbuf_ struct strbuf path = STRBUF_INIT;

		if (!error && entries[i]->d_name[0] != '.') {
			strbuf_addf(&path, "%s/%s", folder, entries[i]->d_name);
			error = strbuf_error(&path);
			if (!error)
				error = index_path(state, path.data, depth + 1);
		}
		free(entries[i]);
	}
	free(entries);
	return error;
}

static struct error *index_path(struct indexing *state, const char *path, int depth)
{
	struct stat status;

	if (depth ? lstat(path, &status) : stat(path, &status))
		return error_errno(errno, "cannot index %s", path);
	if (S_ISDIR(status.st_mode))
		return depth < DEPTH_LIMIT ? index_folder(state, path, depth) : NULL;
	return S_ISREG(status.st_mode) ? index_file(state, path, !depth) : NULL;
}

struct error *mode_index(const struct string_list *paths, bool quiet)
{
	struct indexing state = { .done = 0 };
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct error *error = NULL;

	progress_init(&state.progress, "indexes", 0, quiet);
	for (size_t i = 0; !error && i < paths->count; i++)
		error = index_path(&state, paths->items[i], 0);
	progress_deinit(&state.progress);
	if (error || quiet)
		return error;
	units_add_count(&text, state.done);
	printf("%s debug files indexed\n", strbuf_string(&text));
	return strbuf_error(&text);
}

struct error *mode_gsym(const char *debug_file, const char *to, bool cache)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct error *error = object_create(debug_file, NULL, cache, &object);

	if (!error)
		error = object_index(object);
	if (!error)
		error = gsym_write(object_whole(object), &out);
	return error ? error : file_write(to, out.data, out.length, 0644);
}
