/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/slabinfo: objects of every slab cache, where sysfs does not tell. */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char path[] = "/proc/slabinfo";

/* "kmalloc-128  1984  1984  128  32  1 : tunables …": name, active, all, size, … */
SOURCE_PARSER(slabinfo)
{
	size_t position = 0;
	char line[512];

	(void)modules;
	while (source_line(text, &position, line, sizeof(line))) {
		unsigned long long active, size;
		struct error *error;
		char name[128];

		if (sscanf(line, "%127s %llu %*u %llu", name, &active, &size) != 3 ||
		    name[0] == '#')
			continue;
		error = source_sample_add(ret, name, active * size, active);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *available(const char *root)
{
	return source_file_available(root, path, "not there: is /proc mounted");
}

static struct error *read_now(const char *root, const char *const *modules,
			      struct source_sample *ret)
{
	return source_read_parsed(root, path, source_parse_slabinfo, modules, ret);
}

static const struct memory_source source_slabinfo = {
	.name = "slabinfo",
	.tier = 4,
	.summary = "slab caches, with what each CPU holds ready",
	.proves = "growth of a cache by statistics, coarser than slabs; not where",
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_slabinfo);
