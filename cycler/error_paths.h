/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of making allocations fail (cycler/failalloc.h), as findings. */
#pragma once

#include <jansson.h>

#include "cycler/trace.h"

struct error;

/* The agent's event "failed allocation": one site. Clean ones make no finding. */
struct error *error_paths_add_site(const json_t *event, const char *leg,
				   const struct trace_context *context,
				   struct report *report);

/*
 * The section "error_paths": every line of the driver's below which allocations were made
 * to fail, with what came of it. Nothing when none was.
 */
struct error *error_paths_add_lines(const json_t *events,
				    const struct trace_context *context,
				    struct report *report);

/* The agent's event "error paths": the end of one sweep. */
struct error *error_paths_add_sweep(const json_t *event, struct report *report);
