/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/allocinfo: every allocation by file and line (kernels since 6.10). */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char path[] = "/proc/allocinfo";

/* "    12288        3 drivers/foo/foo.c:123 [foo] func:foo_open" */
SOURCE_PARSER(allocinfo)
{
	size_t position = 0;
	char line[1024];

	while (source_line(text, &position, line, sizeof(line))) {
		unsigned long long bytes, objects;
		char place[1024], where[512], module[128], function[256];
		struct error *error;

		if (sscanf(line, "%llu %llu %511s [%127[^]]] func:%255s", &bytes,
			   &objects, where, module, function) != 5 ||
		    !source_names_module(line, modules))
			continue;
		snprintf(place, sizeof(place), "%s %s [%s]", where, function, module);
		error = source_sample_add(ret, place, bytes, objects);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *available(const char *root)
{
	return source_file_available(root, path,
				     "not there: the kernel must be 6.10 or newer and "
				     "built with memory allocation profiling");
}

static struct error *read_now(const char *root, const char *const *modules,
			      struct source_sample *ret)
{
	return source_read_parsed(root, path, source_parse_allocinfo, modules, ret);
}

static const struct memory_source source_allocinfo = {
	.name = "allocinfo",
	.tier = 1,
	.summary = "allocation profiling: bytes and calls by file and line",
	.proves = "what a module holds, exactly, by line; not when and not by whom freed",
	.names_places = true,
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_allocinfo);
