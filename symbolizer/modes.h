/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bookend symbolize does besides reporting on logs: one file each. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct error;
struct report;
struct string_list;
struct symbolizer;

/*
 * Looks up the addresses (one a line, hexadecimal) that @in ("-": standard input) holds
 * in one debug file, and writes one line for each and one more for each function inlined
 * there.
 */
struct error *mode_addresses(const char *debug_file, const char *in, bool returns,
			     bool cache, FILE *out);

/* Makes indexes of debug files ahead; folders are searched for them. */
struct error *mode_index(const struct string_list *paths, bool quiet);

/* Writes what is known of a debug file as GSYM, for LLVM's tools. */
struct error *mode_gsym(const char *debug_file, const char *to, bool cache);

/*
 * Copies a log unchanged; below every line that names a place come lines, marked by "^",
 * with what it is. @follow: goes on when the file grows.
 */
struct error *mode_annotate(const char *path, struct symbolizer *symbolizer, bool follow,
			    FILE *out);

struct follow_request {
	const char *path; /* "-": standard input */
	struct symbolizer *symbolizer;
	const char *format; /* "text", "oneline", "json": an object a line */
	FILE *out;
};

/* Reports on a log that grows: each report as soon as it is complete. */
struct error *mode_follow(const struct follow_request *request);

/* Groups the logs of a folder; adds the section "buckets". */
struct error *mode_dedup(const char *folder, struct report *report);
