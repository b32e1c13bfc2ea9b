/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/snapshot.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "target/target.h"

enum { LIMIT = 128 << 20 };

/*
 * Functions alone: data is of no use to a stack, and more than half of the list. An
 * address of zero is what a kernel shows to those who may not see it.
 */
static void keep_functions(const char *text, struct strbuf *out)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n") + 1;
		const char *space = memchr(line, ' ', length);

		length -= !line[length - 1];
		if (space && space[1] && strchr("tTwW", space[1]) &&
		    line[strspn(line, "0")] != ' ')
			strbuf_add(out, line, length);
		line += length;
	}
}

static struct error *write_packed(const char *path, const struct strbuf *text)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool good = archive && entry;

	good = good && archive_write_add_filter_gzip(archive) == ARCHIVE_OK &&
	       archive_write_set_filter_option(archive, NULL, "timestamp", NULL) <=
		       ARCHIVE_OK &&
	       archive_write_set_format_raw(archive) == ARCHIVE_OK &&
	       archive_write_open_filename(archive, path) == ARCHIVE_OK;
	if (good) {
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, (la_int64_t)text->length);
		good = archive_write_header(archive, entry) == ARCHIVE_OK &&
		       archive_write_data(archive, text->data, text->length) ==
			       (la_ssize_t)text->length;
	}
	archive_entry_free(entry);
	good = archive && archive_write_close(archive) == ARCHIVE_OK && good;
	archive_write_free(archive);
	return good ? NULL : error_new(ERROR_SYSTEM, "cannot write %s", path);
}

struct error *snapshot_symbols(struct target *target, const char *folder)
{
	_strbuf_ struct strbuf functions = STRBUF_INIT;
	_free_ char *text = NULL, *path = NULL;
	struct error *error = target_read_file(target, "/proc/kallsyms", LIMIT, &text);

	if (!error)
		error = file_join(folder, "kallsyms.gz", &path);
	if (error)
		return error;
	keep_functions(text, &functions);
	if (functions.failed)
		return error_nomem();
	return functions.length ? write_packed(path, &functions) : NULL;
}
