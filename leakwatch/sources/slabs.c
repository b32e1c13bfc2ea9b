/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /sys/kernel/slab: objects of every cache, after empty slabs were given back. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char folder[] = "/sys/kernel/slab";

static DIR *open_folder(const char *root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", root, folder);
	return opendir(path);
}

static struct error *available(const char *root)
{
	_closedir_ DIR *dir = open_folder(root);

	return dir ? NULL
		   : error_new(ERROR_MISSING,
			       "%s: not there: is sysfs mounted, and the "
			       "kernel built with SLUB",
			       folder);
}

/* Without it a cache counts the free objects of each CPU's slab as used. */
static void shrink(const char *root, const char *cache)
{
	_fclose_ FILE *file = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s%s/%s/shrink", root, folder, cache);
	file = fopen(path, "r+");
	if (file)
		fputs("1", file);
}

static struct error *read_cache(const char *root, const char *cache,
				struct source_sample *ret)
{
	_free_ char *objects = NULL, *size = NULL;
	_error_ struct error *gone = NULL;
	char path[512];
	uint64_t count;

	if (!*root)
		shrink(root, cache);
	snprintf(path, sizeof(path), "%s/%s/objects", folder, cache);
	gone = source_read_text(root, path, &objects);
	if (gone)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s/object_size", folder, cache);
	gone = source_read_text(root, path, &size);
	if (gone)
		return NULL;
	count = strtoull(objects, NULL, 10);
	return source_sample_add(ret, cache, count * strtoull(size, NULL, 10), count);
}

/* Names with a colon are the merged caches themselves; the others are links to them. */
static struct error *read_now(const char *root, const char *const *modules,
			      struct source_sample *ret)
{
	_closedir_ DIR *dir = open_folder(root);
	struct error *error = NULL;

	(void)modules;
	if (!dir)
		return error_new(ERROR_MISSING, "cannot read %s", folder);
	for (struct dirent *entry; !error && (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && entry->d_type != DT_LNK)
			error = read_cache(root, entry->d_name, ret);
	return error;
}

static const struct memory_source source_slabs = {
	.name = "slabs",
	.tier = 3,
	.summary = "objects of every slab cache, after shrinking",
	.proves = "growth of a cache by statistics, with its detection limit; not where",
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_slabs);
