/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

void source_sample_deinit(struct source_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		free(sample->items[i].place);
	free(sample->items);
	*sample = (struct source_sample){ 0 };
}

/* The index of @place, or where it belongs. */
static size_t search(const struct source_sample *sample, const char *place, bool *found)
{
	size_t low = 0, high = sample->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(sample->items[middle].place, place);

		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct error *source_sample_add(struct source_sample *sample, const char *place,
				uint64_t bytes, uint64_t objects)
{
	bool found;
	size_t at = search(sample, place, &found);
	char *copy;

	if (!found) {
		copy = strdup(place);
		if (!copy ||
		    !array_grow(sample->items, sample->count, sample->capacity)) {
			free(copy);
			return error_nomem();
		}
		memmove(sample->items + at + 1, sample->items + at,
			(sample->count - at) * sizeof(*sample->items));
		sample->items[at] = (struct source_value){ .place = copy };
		sample->count++;
	}
	sample->items[at].bytes += bytes;
	sample->items[at].objects += objects;
	return NULL;
}

const struct source_value *source_sample_find(const struct source_sample *sample,
					      const char *place)
{
	bool found;
	size_t at = search(sample, place, &found);

	return found ? &sample->items[at] : NULL;
}

const struct memory_source *source_find(const char *name)
{
	registry_for_each(memory_source, it) if (!strcmp((*it)->name, name)) return *it;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct memory_source *x = *(const struct memory_source *const *)a;
	const struct memory_source *y = *(const struct memory_source *const *)b;

	return x->tier != y->tier ? (x->tier < y->tier ? -1 : 1)
				  : strcmp(x->name, y->name);
}

size_t source_list(const struct memory_source **ret, size_t room)
{
	size_t count = 0;

	registry_for_each(memory_source, it) if (count < room) ret[count++] = *it;
	qsort(ret, count, sizeof(*ret), compare);
	return count;
}

bool source_line(struct span text, size_t *position, char *line, size_t size)
{
	const uint8_t *begin = text.data + *position, *end;
	size_t length;

	if (*position >= text.size)
		return false;
	end = memchr(begin, '\n', text.size - *position);
	length = end ? (size_t)(end - begin) : text.size - *position;
	*position += length + 1;
	if (length >= size)
		length = size - 1;
	memcpy(line, begin, length);
	line[length] = 0;
	return true;
}

bool source_names_module(const char *text, const char *const *modules)
{
	const char *bracket = strchr(text, '[');

	for (; bracket; bracket = strchr(bracket + 1, '['))
		for (size_t i = 0; modules && modules[i]; i++) {
			size_t length = strlen(modules[i]);

			if (!strncmp(bracket + 1, modules[i], length) &&
			    (bracket[1 + length] == ']' || bracket[1 + length] == ' '))
				return true;
		}
	return false;
}

struct error *source_read_text(const char *root, const char *path, char **ret)
{
	_free_ char *full = NULL;

	if (asprintf(&full, "%s%s", root, path) < 0) {
		full = NULL;
		return error_nomem();
	}
	return file_read_text(full, 256 << 20, ret);
}

struct error *source_read_parsed(const char *root, const char *path,
				 struct error *(*parse)(struct span, const char *const *,
							struct source_sample *),
				 const char *const *modules, struct source_sample *ret)
{
	_free_ char *text = NULL;
	struct error *error = source_read_text(root, path, &text);

	if (error)
		return error;
	return parse((struct span){ (void *)text, strlen(text) }, modules, ret);
}

struct error *source_file_available(const char *root, const char *path,
				    const char *lacking)
{
	_free_ char *full = NULL;

	if (asprintf(&full, "%s%s", root, path) < 0) {
		full = NULL;
		return error_nomem();
	}
	if (access(full, R_OK))
		return error_new(ERROR_MISSING, "%s: %s", path,
				 errno == ENOENT ? lacking : strerror(errno));
	return NULL;
}
