/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/vmallocinfo: every vmalloc area with its caller, on every kernel. */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char path[] = "/proc/vmallocinfo";

/* "0xffffc900-0xffffc903   12288 foo_open+0x1a/0x30 [foo] pages=2 vmalloc N0=2" */
SOURCE_PARSER(vmallocinfo)
{
	size_t position = 0;
	char line[512];

	while (source_line(text, &position, line, sizeof(line))) {
		char function[256], module[128], place[512];
		unsigned long long bytes;
		struct error *error;

		if (!source_names_module(line, modules) ||
		    sscanf(line, "%*s %llu %255[^+ ]%*[^[][%127[^] ]", &bytes, function,
			   module) != 3)
			continue;
		snprintf(place, sizeof(place), "%s [%s]", function, module);
		/* the kernel counts the guard page along */
		error = source_sample_add(ret, place,
					  bytes >= 4096 ? bytes - 4096 : bytes, 1);
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
	return source_read_parsed(root, path, source_parse_vmallocinfo, modules, ret);
}

static const struct memory_source source_vmallocinfo = {
	.name = "vmallocinfo",
	.tier = 2,
	.summary = "every vmalloc area and ioremap with its caller",
	.proves = "areas that a module's own calls hold, exactly; nothing but areas",
	.names_places = true,
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_vmallocinfo);
