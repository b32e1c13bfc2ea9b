/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/symbolizer/corpus.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

char *corpus_folder(const char *name)
{
	const char *given = getenv("BOOKEND_PANIC_CORPUS");
	const char *root = given ? given : "../shared/data/panics";
	struct stat status;
	char *path = NULL;
	_error_ struct error *error = file_join(root, name, &path);

	if (error || stat(path, &status)) {
		free(path);
		return NULL;
	}
	return path;
}

static void read_header(struct corpus_log *log, char *line)
{
	if (!strncmp(line, "TITLE: ", 7) && log->title_count < CORPUS_TITLES)
		log->titles[log->title_count++] = line + 7;
	else if (!strncmp(line, "ALT: ", 5) && log->title_count < CORPUS_TITLES)
		log->titles[log->title_count++] = line + 5;
	else if (!strncmp(line, "TYPE: ", 6))
		log->type = line + 6;
	else if (!strncmp(line, "CORRUPTED: ", 11))
		log->corrupted = line[11] == 'Y';
}

struct error *corpus_read(const char *path, struct corpus_log *ret)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);
	char *line, *report;

	if (error)
		return error;
	*ret = (struct corpus_log){ 0 };
	ret->bytes = calloc(1, mapping.bytes.size + 1);
	if (!ret->bytes)
		return error_nomem();
	memcpy(ret->bytes, mapping.bytes.data, mapping.bytes.size);
	line = ret->bytes;
	while (*line && *line != '\n') {
		char *end = strchr(line, '\n');

		if (!end)
			break;
		*end = 0;
		read_header(ret, line);
		line = end + 1;
	}
	ret->log = *line == '\n' ? line + 1 : line;
	ret->size = ret->bytes + mapping.bytes.size - ret->log;
	report = memmem(ret->log, ret->size, "\nREPORT:", 8);
	if (report)
		ret->size = report + 1 - ret->log;
	return NULL;
}

void corpus_log_deinit(struct corpus_log *log)
{
	free(log->bytes);
}

/* The function is the last word, what follows " in ". */
static const char *function_of(const char *title)
{
	const char *in = NULL;

	for (const char *p = title; (p = strstr(p, " in ")); p += 4)
		in = p + 4;
	return in;
}

bool corpus_names(const struct corpus_log *log, const char *function)
{
	bool any = false;

	for (size_t i = 0; i < log->title_count; i++) {
		const char *name = function_of(log->titles[i]);
		size_t length = name ? strcspn(name, " /") : 0;

		if (!name || !strncmp(name, "corrupted", 9))
			continue;
		any = true;
		if (function && strlen(function) == length &&
		    !strncmp(name, function, length))
			return true;
		/* "a / b" names both. */
		if (function && strstr(name, "/ ") && strstr(name, function))
			return true;
	}
	return !any;
}
