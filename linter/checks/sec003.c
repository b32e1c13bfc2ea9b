/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

/* Whether the signature is of these very bytes, as far as that can be known. */
static struct error *look_at_bytes(struct linter *linter, const struct subject *subject)
{
	const struct signature_verdict *v = &subject_ko(subject)->signature;

	if (!v->held)
		return linter_not_checked(
			linter, false, "SEC003", NULL,
			"that the bytes are those that were signed: no certificate to "
			"verify with (--trust FILE)");
	if (v->verdict == TRUST_UNREADABLE)
		return linter_not_checked(linter, true, "SEC003", subject->path,
					  "its signature cannot be verified: %s",
					  v->why ? v->why : "unknown kind");
	if (v->verdict != TRUST_ALTERED)
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){
			.offset = subject_ko(subject)->ko->body.size,
			.message = "the signature is of other bytes than "
				   "these: the kernel refuses the module",
			.hint = "it was changed after signing (stripped, "
				"patched, damaged): sign it again, as the last "
				"step" });
}

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
	return s->state == KO_SIGNED ? look_at_bytes(linter, subject) : NULL;
}

static const struct check sec003 = { .id = "SEC003", .kind = &kind_ko, .run = run };
REGISTER(check, sec003);
