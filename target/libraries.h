/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program needs to run elsewhere: its interpreter and libraries, by ELF header. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

struct library {
	char *host; /* where it lies here */
	char *path; /* where the program will look for it */
};

struct libraries {
	struct library *items;
	size_t count, capacity;
};

void libraries_deinit(struct libraries *libraries);
#define _libraries_ __attribute__((cleanup(libraries_deinit)))

/*
 * Adds what @program (an ELF file, or a script, which needs its interpreter) asks for:
 * PT_INTERP and DT_NEEDED, recursively, looked for in DT_RUNPATH and DT_RPATH, then in
 * the folders of /etc/ld.so.conf and the system's own. Nothing is run. A library that
 * is not found is ERROR_MISSING and names who needs it.
 */
struct error *libraries_add(struct libraries *libraries, const char *program);
