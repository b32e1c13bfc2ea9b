/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs with what is to be found in their headers (TITLE:, ALT:, TYPE:, CORRUPTED:), an
 * empty line, then the log. The folder is $BOOKEND_PANIC_CORPUS or ../shared/data/panics
 * beside the source tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

enum { CORPUS_TITLES = 16 };

struct corpus_log {
	char *bytes;
	const char *titles[CORPUS_TITLES];
	size_t title_count;
	const char *type; /* NULL: not said */
	bool corrupted;
	const char *log; /* within bytes */
	size_t size;
};

/* NULL when there is no corpus. */
char *corpus_folder(const char *name);
struct error *corpus_read(const char *path, struct corpus_log *ret);
void corpus_log_deinit(struct corpus_log *log);

/* Whether a title or an alternative names @function (NULL: that none does). */
bool corpus_names(const struct corpus_log *log, const char *function);
