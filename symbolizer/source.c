/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/source.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

enum { LINE_LIMIT = 160 };

struct sources {
	char **folders;
	size_t count, capacity;
	/* The file asked for last: frames of one stack often share theirs. */
	char *path;
	struct mapping mapping;
};

struct error *sources_create(struct sources **ret)
{
	struct sources *sources = calloc(1, sizeof(*sources));

	if (!sources)
		return error_nomem();
	*ret = sources;
	return NULL;
}

static void close_file(struct sources *sources)
{
	if (sources->path)
		file_unmap(&sources->mapping);
	free(sources->path);
	sources->path = NULL;
}

void sources_destroy(struct sources *sources)
{
	if (!sources)
		return;
	close_file(sources);
	for (size_t i = 0; i < sources->count; i++)
		free(sources->folders[i]);
	free(sources->folders);
	free(sources);
}

struct error *sources_add_path(struct sources *sources, const char *path)
{
	char *copy = strdup(path);

	if (!copy || !array_grow(sources->folders, sources->count, sources->capacity)) {
		free(copy);
		return error_nomem();
	}
	sources->folders[sources->count++] = copy;
	return NULL;
}

static bool open_file(struct sources *sources, const char *path)
{
	_error_ struct error *error = NULL;
	struct mapping mapping;

	if (sources->path && !strcmp(sources->path, path))
		return true;
	if (access(path, R_OK))
		return false;
	error = file_map(path, &mapping);
	if (error)
		return false;
	close_file(sources);
	sources->mapping = mapping;
	sources->path = strdup(path);
	if (!sources->path)
		file_unmap(&mapping);
	return sources->path != NULL;
}

static bool find_file(struct sources *sources, const char *file, const char *short_file)
{
	const char *slash = strrchr(file, '/');
	const char *names[] = { short_file, slash ? slash + 1 : file };

	for (size_t i = 0; i < sources->count; i++)
		for (size_t j = 0; j < ARRAY_LENGTH(names); j++) {
			_strbuf_ struct strbuf path = STRBUF_INIT;

			strbuf_addf(&path, "%s/%s", sources->folders[i], names[j]);
			if (!path.failed && open_file(sources, path.data))
				return true;
		}
	return *file == '/' && open_file(sources, file);
}

char *sources_line(struct sources *sources, const char *file, const char *short_file,
		   unsigned int line)
{
	const char *text, *end, *stop;

	if (!line || !find_file(sources, file, short_file))
		return NULL;
	text = (const char *)sources->mapping.bytes.data;
	end = text + sources->mapping.bytes.size;
	for (; line > 1 && text; line--) {
		text = memchr(text, '\n', end - text);
		text = text ? text + 1 : NULL;
	}
	if (!text || text >= end)
		return NULL;
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	stop = memchr(text, '\n', end - text);
	stop = stop ? stop : end;
	while (stop > text && (stop[-1] == ' ' || stop[-1] == '\r' || stop[-1] == '\t'))
		stop--;
	if (stop - text > LINE_LIMIT)
		stop = text + LINE_LIMIT;
	return stop > text ? strndup(text, stop - text) : NULL;
}
