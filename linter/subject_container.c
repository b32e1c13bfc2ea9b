/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_container.h"

#include <string.h>

#include "common/error.h"

bool package_ships(const struct container *container)
{
	return container->kind != CONTAINER_FOLDER && container->kind != CONTAINER_FILE;
}

bool package_installs(const struct container *container)
{
	return container->kind == CONTAINER_DEB || container->kind == CONTAINER_RPM;
}

const struct ko_facts *package_next_module(const struct linter *linter,
					   const struct subject *subject, size_t *at)
{
	const struct ko_set *set = linter_modules(linter);

	while (set && *at < set->count) {
		const struct ko_facts *facts = set->modules[(*at)++];

		if (facts->bundle == set->bundles - 1 &&
		    facts->container == subject_package(subject)->index)
			return facts;
	}
	return NULL;
}

bool package_has_sources(const struct subject *subject)
{
	for (size_t i = 0; i < subject_container(subject)->count; i++) {
		const char *base = path_base(package_member(subject, i)->path);

		if (!strcmp(base, "dkms.conf") || !strcmp(base, "Kbuild"))
			return true;
	}
	return false;
}

static struct error *visit_container(struct linter *linter, struct bundle *bundle,
				     size_t index)
{
	_cleanup_(package_info_destroy) struct package_info *info = NULL;
	struct package_subject model = { &bundle->containers[index], index, NULL };
	struct error *error = package_info_create(bundle, model.container, &info);

	if (error)
		return error;
	model.info = info;
	if (info->problem)
		error = linter_not_checked(linter, true, NULL, model.container->name,
					   "what the package says of itself: %s",
					   info->problem);
	return error ? error
		     : linter_subject(linter,
				      &(struct subject){ .kind = &kind_package,
							 .path = model.container->name,
							 .bundle = bundle,
							 .model = &model });
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	struct error *error = NULL;

	if (!linter_wants(linter, &kind_package))
		return NULL;
	for (size_t i = 0; !error && i < bundle->container_count; i++)
		error = visit_container(linter, bundle, i);
	return error;
}

const struct subject_kind kind_package = {
	.name = "package",
	.order = 30,
	.visit = visit,
};
REGISTER(subject_kind, kind_package);
