/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF cores of processes: every thread's stack, by the unwind tables of the files that
 * were mapped, each of them chosen by its build-id.
 */
#pragma once

#include <stdbool.h>

struct error;
struct panic_log;
struct symbolizer;

/* Whether the file is the core of a process, and not the memory of a machine. */
bool process_core_recognise(const char *path);

/* Adds one report, symbolized: a context for each thread, the one that died first. */
struct error *process_core_read(const char *path, struct symbolizer *symbolizer,
				struct panic_log *log);
