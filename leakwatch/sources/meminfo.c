/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/meminfo: the counters that make up wired memory. */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static const char path[] = "/proc/meminfo";

/* Memory that nothing can take back while its owner lives. */
static const char *const wired[] = { "SUnreclaim",  "VmallocUsed", "Percpu",
				     "KernelStack", "PageTables",  "Unevictable" };

/* "SUnreclaim:        12345 kB" */
SOURCE_PARSER(meminfo)
{
	size_t position = 0;
	char line[256];

	(void)modules;
	while (source_line(text, &position, line, sizeof(line))) {
		unsigned long long kib;
		char name[64];

		if (sscanf(line, "%63[^:]: %llu kB", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < sizeof(wired) / sizeof(wired[0]); i++) {
			struct error *error = NULL;

			if (!strcmp(wired[i], name))
				error = source_sample_add(ret, name, kib << 10, 0);
			if (error)
				return error;
		}
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
	return source_read_parsed(root, path, source_parse_meminfo, modules, ret);
}

static const struct memory_source source_meminfo = {
	.name = "meminfo",
	.tier = 5,
	.summary = "the counters of wired memory",
	.proves = "growth of 100 kB or more by statistics, vmalloc exactly; not where",
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_meminfo);
