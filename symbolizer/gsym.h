/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GSYM, LLVM's format of symbols for look-ups (llvm/DebugInfo/GSYM, version 1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"

struct error;
struct index;
struct strbuf;

/* Writes all that @index knows, assembly symbols included. */
struct error *gsym_write(const struct index *index, struct strbuf *out);

bool gsym_recognise(struct span file);

/* The UUID in hexadecimal, "" when there is none; false: the header is broken. */
bool gsym_read_uuid(struct span file, char ret[64]);

/* All that the file holds, as an index. Any bytes are accepted. */
struct error *gsym_read(struct span file, const char *path, struct index **ret);
