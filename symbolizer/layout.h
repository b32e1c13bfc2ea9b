/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where modules were loaded: from JSON, or from a copy of /sys/module. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct module_layout;

typedef struct error *layout_sink(void *context, const struct module_layout *layout);

/* Calls @sink for every module of @path, a file or a folder (see symbolizer.h). */
struct error *layout_read(const char *path, layout_sink *sink, void *context);

/* The build-id in a file of ELF notes, as /sys/kernel/notes; hex, terminated. */
bool layout_read_build_id(const char *path, char *ret, size_t size);
