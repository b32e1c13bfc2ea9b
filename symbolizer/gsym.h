/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GSYM, LLVM's format of symbols for look-ups (llvm/DebugInfo/GSYM, version 1). */
#pragma once

#include <stdint.h>

struct error;
struct index;
struct strbuf;

/* Writes all that @index knows, assembly symbols included. */
struct error *gsym_write(const struct index *index, struct strbuf *out);
