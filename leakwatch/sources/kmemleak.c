/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmemleak of debug kernels: objects that no pointer reaches any more. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "leakwatch/source.h"

static const char path[] = "/sys/kernel/debug/kmemleak";

/* "    [<ffffffffc0401020>] foo_open+0x20/0x40 [foo]", newer kernels without address. */
static bool frame_place(const char *line, const char *const *modules, char *place,
			size_t size)
{
	char function[256], module[128];

	if (!source_names_module(line, modules))
		return false;
	line += strspn(line, " \t");
	if (!strncmp(line, "[<", 2) && strchr(line, ' '))
		line = strchr(line, ' ') + 1;
	if (sscanf(line, "%255[^+ ]%*[^[][%127[^] ]", function, module) != 2)
		return false;
	snprintf(place, size, "%s [%s]", function, module);
	return true;
}

SOURCE_PARSER(kmemleak)
{
	size_t position = 0;
	unsigned long long size = 0;
	char line[512], place[512];
	bool open = false;

	while (source_line(text, &position, line, sizeof(line))) {
		struct error *error;

		if (sscanf(line, "unreferenced object %*s (size %llu)", &size) == 1) {
			open = true;
			continue;
		}
		/* the innermost frame of a watched module */
		if (!open || !frame_place(line, modules, place, sizeof(place)))
			continue;
		open = false;
		error = source_sample_add(ret, place, size, 1);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *available(const char *root)
{
	return source_file_available(root, path,
				     "not there: the kernel must be built with "
				     "DEBUG_KMEMLEAK and debugfs be mounted");
}

/*
 * It hides objects younger than five seconds and finds pointers that are only in a
 * register a scan later: scan, wait, scan again, and believe the second.
 */
static struct error *read_now(const char *root, const char *const *modules,
			      struct source_sample *ret)
{
	static const struct timespec pause = { 6, 0 };
	_free_ char *text = NULL;
	struct error *error = NULL;

	for (int i = 0; !*root && !error && i < 2; i++) {
		FILE *file = fopen(path, "w");

		if (!file)
			return error_new(ERROR_MISSING, "%s: cannot ask for a scan",
					 path);
		fputs("scan", file);
		if (fclose(file))
			return error_new(ERROR_MISSING, "%s: it does not scan", path);
		if (!i)
			nanosleep(&pause, NULL);
	}
	error = source_read_text(root, path, &text);
	if (error)
		return error;
	return source_parse_kmemleak((struct span){ (void *)text, strlen(text) }, modules,
				     ret);
}

static const struct memory_source source_kmemleak = {
	.name = "kmemleak",
	.tier = 1,
	.summary = "the kernel's own search for objects that nothing points to",
	.proves = "lost objects with their stack; not what a list still holds, not pages",
	.names_places = true,
	.available = available,
	.read = read_now,
};
REGISTER(memory_source, source_kmemleak);
