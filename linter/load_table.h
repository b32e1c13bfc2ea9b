/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's section "load": for each module and target whether it loads, and why
 * not. [{"module", "path", "targets": [{"target", "loads": "yes"|"no"|"unknown",
 * "reasons": [{"kind", "symbol", "detail"}]}]}]
 */
#pragma once

#include <jansson.h>

#include "report/report.h"

struct load;

extern const struct section section_load;

/* Appends one module's row to the array @table. */
struct error *load_table_add(json_t *table, const struct load *load);
