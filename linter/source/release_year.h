/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the sources of a tree or package were last released, by their changelogs. */
#pragma once

#include "linter/source/model.h"

struct bundle;
struct error;
struct subject;

struct release_year {
	int year;	 /* 0: nothing tells */
	char where[160]; /* the changelog */
};

/*
 * The newest entry with a date: of an .rpm's %changelog, or of a changelog beside the
 * sources, above them, or among a package's documents.
 */
struct error *release_year_find(const struct subject *subject, struct release_year *ret);
