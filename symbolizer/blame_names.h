/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the kernel by the part they play in a stack. */
#pragma once

#include <stdbool.h>

enum blame_names {
	/*
	 * What prints, checks, copies, allocates, frees, locks or counts on behalf of its
	 * caller is not what has the defect.
	 */
	BLAME_HELPERS,
	/* What waits, for those who are stuck. */
	BLAME_WAITS,
	/* What allocates, and its wrappers: for those whose memory it is. */
	BLAME_ALLOCATORS,
	/*
	 * Who hands control to others: system call entry, file operations, protocols,
	 * timers, work. Above them stands whoever got it.
	 */
	BLAME_GIVERS,
	/* Where an interrupt begins: below it is what it interrupted. */
	BLAME_ENTRIES,
	/* Notices an event on behalf of an interrupted one. */
	BLAME_WATCHERS,
	/* How architectures enter the handler of an exception. */
	BLAME_EXCEPTIONS,
	BLAME_NAME_LISTS,
};

/* Whether @name (without compiler suffixes) is of that kind. */
bool blame_named(enum blame_names kind, const char *name);
