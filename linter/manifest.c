/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/manifest.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/file.h"

enum { MANIFEST_MAXIMUM = 64 << 20 };

/* 64 hex digits and a blank at the start of a line. */
static bool has_digest(const char *line)
{
	for (size_t i = 0; i < DIGEST_HEX_SIZE - 1; i++)
		if (!isxdigit((unsigned char)line[i]))
			return false;
	return line[DIGEST_HEX_SIZE - 1] == ' ';
}

static struct error *add_line(struct manifest *manifest, char *line, unsigned int number)
{
	struct manifest_line entry = { .line = number };
	size_t n;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	if (has_digest(line)) {
		line[DIGEST_HEX_SIZE - 1] = '\0';
		entry.digest = line;
		line += DIGEST_HEX_SIZE;
		line += strspn(line, " *");
	}
	while (!strncmp(line, "./", 2) || *line == '/')
		line += *line == '/' ? 1 : 2;
	for (n = strlen(line); n && strchr(" \t\r/", line[n - 1]); n--)
		line[n - 1] = '\0';
	if (!array_grow(manifest->lines, manifest->count, manifest->capacity))
		return error_nomem();
	entry.glob = line;
	manifest->lines[manifest->count++] = entry;
	return NULL;
}

struct error *manifest_create(const char *path, struct manifest **ret)
{
	_cleanup_(manifest_destroy) struct manifest *manifest =
		calloc(1, sizeof(*manifest));
	struct error *error;
	char *rest, *line;
	unsigned int number = 0;

	if (!manifest)
		return error_nomem();
	error = file_read_text(path, MANIFEST_MAXIMUM, &manifest->text);
	if (error)
		return error_wrap(error, "--manifest");
	rest = manifest->text;
	while (!error && (line = strsep(&rest, "\n")))
		error = add_line(manifest, line, ++number);
	if (!error && !manifest->count)
		error = error_new(ERROR_USAGE, "--manifest: %s lists nothing", path);
	if (error)
		return error;
	*ret = take(manifest);
	return NULL;
}

void manifest_destroy(struct manifest *manifest)
{
	if (!manifest)
		return;
	free(manifest->lines);
	free(manifest->text);
	free(manifest);
}

struct manifest_line *manifest_find(struct manifest *manifest, const char *path)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (!fnmatch(manifest->lines[i].glob, path, FNM_PATHNAME))
			return &manifest->lines[i];
	return NULL;
}
