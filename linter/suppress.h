/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes findings out of a finished report that overrides or a baseline speak for. They
 * stay visible in the section "suppressed"; overrides that took out nothing, expired
 * ones and baseline entries that are no longer found become findings (OVR001 to 003).
 */
#pragma once

#include "common/options.h"

struct error;
struct linter;

struct suppress_options {
	const char *overrides; /* FILE; NULL: .bookend-overrides beside the subjects */
	const char *baseline;
	bool update_baseline;
};

/* After linter_finish(). @subjects are the paths that were looked at. */
struct error *suppress(struct linter *linter, const struct suppress_options *options,
		       const struct string_list *subjects);
