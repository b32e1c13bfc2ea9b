/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The newest entry of a changelog: debian/changelog (Debian Policy, 4.4), GNU ChangeLog
 * ("2026-03-01  Jane Doe"), or headings with versions (NEWS, CHANGELOG.md). What is none
 * of them has no entry; nothing is guessed from running text.
 */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/span.h"

struct changelog {
	bool debian;
	char version[96];  /* "" when the entry names none */
	int year;	   /* 0 when it has no date */
	int upstream_year; /* Debian: of the first entry of that upstream version */
	unsigned int line;
};

/* Whether a file of that name is a changelog. */
bool changelog_is_named(const char *path);

/* False: no entry was found. */
bool changelog_read(struct span text, struct changelog *ret);
