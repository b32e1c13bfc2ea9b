/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of a kernel log without what its way here added: time stamps of dmesg, journald
 * and syslog, priorities, netconsole's header, caller ids, terminal escapes, carriage
 * returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOGLINE_LIMIT = 4096 }; /* longer lines are cut */

struct logline {
	const char *text; /* not terminated, points into the raw line or @scratch */
	size_t length;
	const char *raw;
	size_t raw_length;
	uint64_t number, offset; /* of the raw line in the log, number from 1 */
	char caller[16];	 /* "T1234", "C0", "" when the log has none */
	bool indented;
	bool stamped;	   /* had a kernel time stamp */
	bool after_kernel; /* lines before it had one: set by the reader */
};

/*
 * Fills @ret from @raw (without its line feed). @scratch holds LOGLINE_LIMIT bytes and
 * must live as long as @ret.
 */
void logline_read(const char *raw, size_t length, char *scratch, struct logline *ret);

/* Where @needle lies in the text, or NULL. */
const char *logline_find(const struct logline *line, const char *needle);
bool logline_starts(const struct logline *line, const char *prefix);
