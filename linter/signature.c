/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/signature.h"

#include "common/error.h"
#include "linter/linter.h"

static const char key; /* of the linter's state */

static void destroy(void *state)
{
	trust_destroy(state);
}

static struct error *get_trust(struct linter *linter, const struct trust **ret)
{
	struct trust *trust = linter_state(linter, &key);
	struct error *error;

	if (!trust) {
		error = trust_create(linter->options->trust, &trust);
		if (!error)
			error = linter_set_state(linter, &key, trust, destroy);
		if (error)
			return error;
	}
	*ret = trust;
	return NULL;
}

struct error *signature_judge(struct linter *linter, const struct ko *ko,
			      struct signature_verdict *ret)
{
	const struct ko_signature *s = &ko->signature;
	const struct trust *trust = NULL;
	struct error *error;

	*ret = (struct signature_verdict){ 0 };
	if (s->state != KO_SIGNED ||
	    (!linter_check_on(linter, "SEC002") && !linter_check_on(linter, "SEC003")))
		return NULL;
	if (linter->options->trust) {
		error = get_trust(linter, &trust);
		if (!error)
			error = trust_verify(trust, s->pkcs7, ko->body, &ret->verdict,
					     &ret->why);
		ret->held = !error;
		return error;
	}
	if (!s->has_attributes)
		return NULL;
	error = trust_compare_digest(s->pkcs7, ko->body, &ret->verdict);
	ret->held = !error && ret->verdict == TRUST_ALTERED;
	return error;
}
