/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_container.h"

#include "common/error.h"

bool package_ships(const struct container *container)
{
	return container->kind != CONTAINER_FOLDER && container->kind != CONTAINER_FILE;
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	struct error *error = NULL;

	if (!linter_wants(linter, &kind_package))
		return NULL;
	for (size_t i = 0; !error && i < bundle->container_count; i++)
		error = linter_subject(
			linter, &(struct subject){ .kind = &kind_package,
						   .path = bundle->containers[i].name,
						   .bundle = bundle,
						   .model = &bundle->containers[i] });
	return error;
}

const struct subject_kind kind_package = {
	.name = "package",
	.order = 30,
	.visit = visit,
};
REGISTER(subject_kind, kind_package);
