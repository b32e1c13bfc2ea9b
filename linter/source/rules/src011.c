/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/import.h"
#include "linter/source/source.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const texts[] = { "different address spaces",
					     "dereference of noderef expression",
					     "removes address space", NULL };

	if (!import_has(subject_source(subject), IMPORT_SPARSE))
		return linter_not_checked(linter, false, "SRC011", NULL,
					  "needs sparse, which is not installed");
	return import_emit(linter, subject, IMPORT_SPARSE, texts,
			   "copy_from_user() and copy_to_user() for __user, readl() and "
			   "writel() for __iomem");
}

SOURCE_CHECK_SLOW(SRC011, run);
