/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko_set.h"

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	(void)linter;
	(void)bundle;
	return NULL;
}

static struct error *finish(struct linter *linter)
{
	const struct ko_set *set = linter_modules(linter);

	if (!set || !set->count || !linter_wants(linter, &kind_ko_set))
		return NULL;
	return linter_subject(linter, &(struct subject){ .kind = &kind_ko_set,
							 .path = set->modules[0]->path,
							 .model = set });
}

const struct subject_kind kind_ko_set = {
	.name = "ko-set",
	.order = 80,
	.visit = visit,
	.finish = finish,
};
REGISTER(subject_kind, kind_ko_set);
