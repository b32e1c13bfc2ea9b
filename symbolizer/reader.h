/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log in pieces of any size to reports, in bounded memory: what is kept are the
 * reports that are open and one line.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"
#include "symbolizer/panic.h"

struct panic_reader;

/* Called for every report when it is complete; takes over what it moves away. */
typedef struct error *panic_sink(void *context, struct panic *panic);

struct error *panic_reader_create(panic_sink *sink, void *context,
				  struct panic_reader **ret);
void panic_reader_destroy(struct panic_reader *reader);
CLEANUP_DEFINE(struct panic_reader, panic_reader_destroy)

struct error *panic_reader_feed(struct panic_reader *reader, const char *data,
				size_t size);
/* Gives the reports that are open as they are; what comes later starts new ones. */
struct error *panic_reader_flush(struct panic_reader *reader);

/* The log is over. */
struct error *panic_reader_finish(struct panic_reader *reader);
