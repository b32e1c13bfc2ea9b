/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_ko.h"

static bool is_weak(const char *hash)
{
	static const char *const weak[] = { "md4", "md5", "sha1" };

	for (size_t i = 0; i < ARRAY_LENGTH(weak); i++)
		if (!strcmp(hash, weak[i]))
			return true;
	return false;
}

static struct error *tell_unknown_key(struct linter *linter,
				      const struct subject *subject,
				      const struct ko_signature *s)
{
	char text[256];

	snprintf(text, sizeof(text), "signed by \"%.100s\"",
		 *s->signer ? s->signer : "a key that is named by its id");
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = s->signer,
			.message = "signed with a key that none of the trusted "
				   "certificates has",
			.evidence = text,
			.hint = "sign with the key that the customers' machines "
				"have enrolled, or trust this one too" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_signature *s = &subject_ko(subject)->ko->signature;
	const char *wanted = linter->options->signer;
	struct error *error = NULL;
	char text[256];

	if (s->state != KO_SIGNED)
		return NULL;
	if (is_weak(s->hash))
		error = linter_emit(
			linter, subject,
			&(struct finding){ .symbol = s->hash,
					   .message = "signed over a weak digest",
					   .hint = "sign with sha256 or better" });
	if (!error && subject_ko(subject)->signature.held &&
	    subject_ko(subject)->signature.verdict == TRUST_UNKNOWN_KEY)
		error = tell_unknown_key(linter, subject, s);
	if (error || !wanted || !fnmatch(wanted, s->signer, 0))
		return error;
	snprintf(text, sizeof(text), "signed by \"%.100s\", wanted \"%.100s\"", s->signer,
		 wanted);
	return linter_emit(linter, subject,
			   &(struct finding){ .symbol = s->signer,
					      .message =
						      "signed by somebody else than it "
						      "should be",
					      .evidence = text });
}

static const struct check sec002 = { .id = "SEC002", .kind = &kind_ko, .run = run };
REGISTER(check, sec002);
