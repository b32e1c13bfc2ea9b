/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/import.h"
#include "linter/source/source.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const smatch[] = { "passing zero to",
					      "ERR_PTR",
					      "is an error pointer or valid",
					      "could be an error pointer",
					      "passing a valid pointer to",
					      NULL };
	static const char *const coccinelle[] = { "SRC012", NULL };
	static const char hint[] = "this function answers with an ERR_PTR, never NULL: "
				   "test with IS_ERR()";
	const struct source_model *model = subject_source(subject);
	struct error *error;

	if (!import_has(model, IMPORT_SMATCH) && !import_has(model, IMPORT_COCCINELLE))
		return linter_not_checked(linter, false, "SRC012", NULL,
					  "needs smatch or coccinelle, neither is "
					  "installed");
	error = import_emit(linter, subject, IMPORT_SMATCH, smatch, hint);
	return error ? error
		     : import_emit(linter, subject, IMPORT_COCCINELLE, coccinelle, hint);
}

SOURCE_CHECK_SLOW(SRC012, run);
