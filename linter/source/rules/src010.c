/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/import.h"
#include "linter/source/source.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const sparse[] = { "context imbalance", NULL };
	static const char *const smatch[] = { "inconsistent returns", "double lock",
					      "double unlock", NULL };
	static const char hint[] = "unlock on every path, or say with __acquires and "
				   "__releases that the caller does";
	const struct source_model *model = subject_source(subject);
	struct error *error;

	if (!import_has(model, IMPORT_SMATCH) && !import_has(model, IMPORT_SPARSE))
		return linter_not_checked(linter, false, "SRC010", NULL,
					  "needs sparse or smatch, neither is installed");
	error = import_emit(linter, subject, IMPORT_SPARSE, sparse, hint);
	return error ? error : import_emit(linter, subject, IMPORT_SMATCH, smatch, hint);
}

SOURCE_CHECK_SLOW(SRC010, run);
