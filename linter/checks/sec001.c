/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	if (subject_ko(subject)->ko->signature.state != KO_UNSIGNED)
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){ .message = "the module is not signed",
				   .hint = "sign it as the last step of the build "
					   "(scripts/sign-file), with a key that the "
					   "customer can enrol" });
}

static const struct check sec001 = { .id = "SEC001", .kind = &kind_ko, .run = run };
REGISTER(check, sec001);
