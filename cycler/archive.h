/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the records of a running journal: from the shared ring to journal.bin in the run
 * folder, as they come. A file that has a cap is thinned when it reaches it (thin.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "cycler/journal.h"

struct error;
struct archive;
struct plan;

#define ARCHIVE_FILE "journal.bin"

/* Makes FOLDER/journal.bin. @legend: JSON text, copied. */
struct error *archive_create(const char *folder, const char *legend,
			     struct archive **ret);
void archive_destroy(struct archive *archive);
CLEANUP_DEFINE(struct archive, archive_destroy)

/*
 * Above @bytes (0: no cap) old uneventful passes are thinned. Eventful ones are never
 * given up: when they alone are more, the file is. @plan (borrowed, may be NULL) says
 * which errors are legitimate.
 */
void archive_limit(struct archive *archive, uint64_t bytes, const struct plan *plan);

/* A new area to read from (the first, or that of a restarted target), freshly formatted.
 */
void archive_attach(struct archive *archive, const struct journal *journal);

/*
 * Takes what has come. @final: the writers are dead, so records that one of them left
 * half-written are passed over. A full disk is ERROR_SYSTEM; what was not written stays
 * in the area, and the file ends with a whole record.
 */
struct error *archive_drain(struct archive *archive, bool final);

/* What was drained reaches the disk. */
struct error *archive_commit(struct archive *archive);

/* Records taken so far, over all areas. */
uint64_t archive_count(const struct archive *archive);
/* Of those, records that summaries stand for now, and seconds that one summary covers. */
uint64_t archive_thinned(const struct archive *archive);
unsigned int archive_width(const struct archive *archive);
/* Bytes of the file. */
uint64_t archive_size(const struct archive *archive);
