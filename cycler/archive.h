/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the records of a running journal: from the shared ring to journal.bin in the run
 * folder, as they come.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "cycler/journal.h"

struct error;
struct archive;

/* Makes FOLDER/journal.bin. @legend: JSON text, copied. */
struct error *archive_create(const char *folder, const char *legend,
			     struct archive **ret);
void archive_destroy(struct archive *archive);
CLEANUP_DEFINE(struct archive, archive_destroy)

/* A new area to read from (the first, or that of a restarted target), freshly formatted.
 */
void archive_attach(struct archive *archive, const struct journal *journal);

/*
 * Takes what has come. @final: the writers are dead, so records that one of them left
 * half-written are passed over. A full disk is ERROR_SYSTEM.
 */
struct error *archive_drain(struct archive *archive, bool final);

/* Records kept so far, over all areas. */
uint64_t archive_count(const struct archive *archive);
