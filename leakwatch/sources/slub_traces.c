/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alloc_traces of a kernel that was booted with slub_debug=U. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char folder[] = "/sys/kernel/debug/slab";

/* "    199 foo_open+0x1f/0x40 [foo] age=1/2/3 pid=1-2 cpus=0,1" */
struct error *source_parse_traces(struct span text, uint64_t object_size,
				  const char *const *modules, struct source_sample *ret)
{
	size_t position = 0;
	char line[512];

	while (source_line(text, &position, line, sizeof(line))) {
		char function[256], module[128], place[512];
		unsigned long long objects;
		struct error *error;

		if (!source_names_module(line, modules) ||
		    sscanf(line, "%llu %255[^+ ]%*[^[][%127[^] ]", &objects, function,
			   module) != 3)
			continue;
		snprintf(place, sizeof(place), "%s [%s]", function, module);
		error = source_sample_add(ret, place, objects * object_size, objects);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *read_cache(const char *root, const char *cache,
				const char *const *modules, struct source_sample *ret)
{
	_free_ char *text = NULL, *size = NULL;
	char path[512];
	struct error *error;

	snprintf(path, sizeof(path), "%s/%s/alloc_traces", folder, cache);
	error = source_read_text(root, path, &text);
	if (error) {
		/* a cache that went away meanwhile, or has no traces */
		error_destroy(error);
		return NULL;
	}
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/object_size", cache);
	error = source_read_text(root, path, &size);
	if (error)
		return error;
	return source_parse_traces((struct span){ (void *)text, strlen(text) },
				   strtoull(size, NULL, 10), modules, ret);
}

static DIR *open_folder(const char *root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", root, folder);
	return opendir(path);
}

static struct error *available(const char *root)
{
	_closedir_ DIR *dir = open_folder(root);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_free_ char *text = NULL;
		char path[512];
		struct error *error;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/alloc_traces", folder, entry->d_name);
		error = source_read_text(root, path, &text);
		if (!error && *text && !strstr(text, "No data"))
			return NULL;
		error_destroy(error);
	}
	return error_new(ERROR_MISSING, "%s holds no traces: boot with slub_debug=U",
			 folder);
}

static struct error *read_now(const char *root, const char *const *modules,
			      struct source_sample *ret)
{
	_closedir_ DIR *dir = open_folder(root);
	struct error *error = NULL;

	if (!dir)
		return error_new(ERROR_MISSING, "cannot read %s", folder);
	for (struct dirent *entry; !error && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			error = read_cache(root, entry->d_name, modules, ret);
	return error;
}

static const struct memory_source source_slub_traces = {
	.name = "slub_traces",
	.tier = 1,
	.summary = "slab debugging: objects by the call that allocated them",
	.proves = "slab objects of a module's own calls, exactly, 30 times slower",
	.names_places = true,
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_slub_traces);
