/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For rules on the slices of a kext's executable. */
#pragma once

#include "linter/apple/subject_kext.h"

/* A finding in the executable. */
static inline struct kext_finding slice_finding(const struct subject *subject,
						const char *symbol)
{
	return (struct kext_finding){ .path = subject_kext(subject)->executable_path,
				      .symbol = symbol };
}

/*
 * Calls @run for every slice that could be read (@broken: for the others too). Driver
 * extensions are programs of user land: none.
 */
static inline struct error *for_each_slice(
	struct linter *linter, const struct subject *subject, bool broken,
	struct error *(*run)(struct linter *linter, const struct subject *subject,
			     const struct kext_slice *slice))
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	if (kext->dext)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++)
		if (broken || !kext->slices[i].error)
			error = run(linter, subject, &kext->slices[i]);
	return error;
}
