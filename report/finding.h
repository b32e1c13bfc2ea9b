/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong, where, how it was seen, and why it matters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct frame;

enum level {
	LEVEL_INFO,
	LEVEL_SUGGESTION,
	LEVEL_WARNING,
	LEVEL_ERROR,
	LEVEL_OFF, /* in a profile: the rule does not run */
};

/*
 * Filled by a rule or a run with strings of its own; report_add_finding() copies all.
 * Every string may be NULL except rule and message.
 */
struct finding {
	const char *rule; /* "KOM013" */
	enum level level;
	const char *path; /* the subject's member; "!" separates nested containers */
	unsigned int line, column; /* 0: none */
	uint64_t offset;	   /* into the file, 0: none */
	const char *symbol;	   /* symbol, section, plist key path, parameter … */
	const char *message;	   /* one line */
	const char *evidence;	   /* what was seen, several lines allowed */
	const char *hint;	   /* what to do, one line */
	/*
	 * Stable identity for baselines and trends: made from rule, path, symbol and
	 * message by report_add_finding() unless given.
	 */
	const char *fingerprint;
	const struct frame *stack;
	size_t stack_count;
};

const char *level_name(enum level level);
bool level_parse(const char *name, enum level *ret);
