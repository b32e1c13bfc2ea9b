/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A panic out of a memory dump that QEMU's dump-guest-memory wrote. */
#pragma once

#include <stdbool.h>

struct error;
struct panic_log;
struct report;
struct string_list;
struct symbolizer;

/* Whether the file at @path is an ELF core file, and so no log. */
bool dump_recognise(const char *path);

struct dump_request {
	const char *path;
	/* Where modules were loaded; empty: modules.json beside the dump is taken. */
	const struct string_list *layouts;
	bool kallsyms;	       /* @symbolizer has them; else kallsyms beside the dump */
	struct report *report; /* told what is missing; may be NULL */
};

/* Adds one panic with the stacks of all CPUs, symbolized. */
struct error *dump_read_panic(const struct dump_request *request,
			      struct symbolizer *symbolizer, struct panic_log *log);
