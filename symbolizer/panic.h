/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panic reports: one event model for every dialect of kernel log.
 *
 *	panic_parse(text, size, &log);
 *	panic_symbolize(log, symbolizer);
 *	panic_add_to_report(log, "console.log", report);
 *
 * adds one finding a panic (rule PANIC001 for what kills, LOG001 for what warns) with
 * the frames of the guilty context, and the section "reports".
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/symbolizer.h"

struct report;
struct section;

/* A stack, or another list of places with a meaning of its own. */
struct panic_context {
	char *name; /* "Call Trace", "IRQ", "Allocated by task 12", "CPU 1" */
	struct frames frames;
	bool guilty; /* the stack the report is about */
};

struct panic_register {
	char *name; /* lower case: "rip", "x0" */
	uint64_t value;
};

struct panic_module {
	char *name;
	char *flags; /* taint letters in the log, or NULL */
	char *version, *build_id;
	uint64_t base, size;
};

enum panic_grade {
	PANIC_NOTE,    /* worth knowing: a warning of the kernel's */
	PANIC_SERIOUS, /* the kernel is damaged: oops, use after free, deadlock */
	PANIC_FATAL,   /* the kernel stopped */
};

struct panic {
	const char *dialect; /* static: "linux", "macos-text", "macos-json" */
	const char *os;	     /* static: "linux", "macos" */
	const char *type;    /* static: "KASAN-USE-AFTER-FREE-READ", "WARNING" … */
	enum panic_grade grade;
	char *title; /* "KASAN: use-after-free Read in refdrv_read" */
	char **alt_titles;
	size_t alt_title_count, alt_title_capacity;
	char *function, *module; /* the guilty ones, NULL: cannot tell */
	char *release, *arch, *process, *hardware, *taint;
	char *kernel_build_id;
	uint64_t kernel_offset; /* KASLR */
	bool kernel_offset_known;
	int confidence;	 /* percent, of the lines being its own; 0: nothing speaks against
			    it */
	char *corrupted; /* why the report is not to be trusted, or NULL */
	char *reading;	 /* one line on what the fault was, or NULL */
	char *code;	 /* bytes as the log had them */
	char *assembly;	 /* the same disassembled, or NULL */
	char *journal;	 /* the last step that a journal saw, or NULL */
	struct panic_context *contexts;
	size_t context_count, context_capacity;
	struct panic_register *registers;
	size_t register_count, register_capacity;
	struct panic_module *modules;
	size_t module_count, module_capacity;
	char hash_strict[17], hash_loose[17];
	uint64_t line, lines; /* first line in the log, from 1, and how many */
	uint64_t start, end;  /* bytes in the log */
	json_t *searched;     /* debug files that were not found, or NULL */
};

struct panic_log {
	struct panic *panics;
	size_t count, capacity;
};

/* Finds every report in a log of any dialect. Any bytes are accepted. */
struct error *panic_parse(const char *text, size_t size, struct panic_log **ret);
void panic_log_destroy(struct panic_log *log);
CLEANUP_DEFINE(struct panic_log, panic_log_destroy)

/* Replaces raw frames by resolved ones, then sets reading, title, module and hashes. */
struct error *panic_symbolize(struct panic_log *log, struct symbolizer *symbolizer);

/* The context the report is about; NULL when it has no stack. */
const struct panic_context *panic_guilty_context(const struct panic *panic);

/* One of the document's reports[]. */
struct error *panic_to_json(const struct panic *panic, json_t **ret);

/* Findings and the section "reports". @path names the log. */
struct error *panic_add_to_report(const struct panic_log *log, const char *path,
				  struct report *report);

/*
 * The same for a report that is about nothing else: the section is shown to people, with
 * every stack, and the findings come without theirs.
 */
struct error *panic_show_in_report(const struct panic_log *log, const char *path,
				   struct report *report);

/* "reports": how it is shown to people. */
extern const struct section panic_section;
