/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CYC002 of a whole machine: where its CPUs are when it gives no sign of life. */
#pragma once

#include "cycler/trace.h"

struct error;
struct report;
struct target;

/*
 * Adds the finding, with the stack of the CPU that is to blame where the target's memory
 * can be read from outside.
 */
struct error *silence_add(struct target *target, const struct trace_context *context,
			  const char *last_step, struct report *report);
