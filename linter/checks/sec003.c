/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_signature *s = &subject_ko(subject)->ko->signature;

	if (s->state == KO_SIGNATURE_NOT_LAST)
		return linter_emit(
			linter, subject,
			&(struct finding){
				.offset = s->offset,
				.message =
					"bytes follow the signature: the kernel sees an "
					"unsigned module",
				.hint = "sign as the last step; nothing may be appended or "
					"stripped after it" });
	if (s->state == KO_SIGNATURE_BROKEN)
		return linter_emit(
			linter, subject,
			&(struct finding){ .offset = s->offset,
					   .message =
						   "the signature's trailer makes no "
						   "sense: the kernel refuses the module",
					   .hint = "sign it again" });
	return NULL;
}

static const struct check sec003 = { .id = "SEC003", .kind = &kind_ko, .run = run };
REGISTER(check, sec003);
