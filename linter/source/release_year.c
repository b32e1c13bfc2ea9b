/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/release_year.h"

#include <stdio.h>
#include <string.h>

#include "linter/source/source.h"
#include "readers/bundle.h"
#include "readers/changelog.h"
#include "readers/package.h"

enum { CHANGELOG_MAXIMUM = 4 << 20 };

static void keep_newest(struct release_year *ret, int year, const char *where)
{
	if (year <= ret->year)
		return;
	ret->year = year;
	snprintf(ret->where, sizeof(ret->where), "%s", where);
}

/* The folder that all kernel sources lie in or below: its path's length in *@ret. */
static const char *common_folder(const struct source_model *model, size_t *ret)
{
	const char *folder = NULL;

	model_for_each_file(model, file)
	{
		const char *path = file->member ? file->member->path : NULL;
		size_t n = 0;

		if (!path || !file->kernel)
			continue;
		if (!folder) {
			folder = path;
			*ret = (size_t)(path_base(path) - path);
			continue;
		}
		while (n < *ret && path[n] == folder[n])
			n++;
		while (n && folder[n - 1] != '/')
			n--;
		*ret = n;
	}
	return folder;
}

/* Whether a changelog there is one of the sources in the first @n of @folder. */
static bool is_place(const char *path, const char *folder, size_t n)
{
	size_t own = (size_t)(path_base(path) - path);

	if (strstr(path, "share/doc/"))
		return true;
	if (own >= 7 && !strncmp(path + own - 7, "debian/", 7))
		own -= 7;
	return own <= n && !strncmp(path, folder, own);
}

static struct error *read_changelog(const struct bundle *bundle,
				    const struct member *member, struct release_year *ret)
{
	_content_ struct content content = { 0 };
	struct changelog entry = { 0 };
	struct error *error = bundle_read_plain(bundle, member, &content);

	if (error && error_kind(error) != ERROR_NOMEM) {
		/* unreadable files are told by the container's own rules */
		error_destroy(error);
		return NULL;
	}
	if (!error && changelog_read(content.bytes, &entry))
		keep_newest(ret, entry.upstream_year, member->name);
	return error;
}

static struct error *read_package(const struct bundle *bundle,
				  const struct container *container,
				  struct release_year *ret)
{
	_cleanup_(package_info_destroy) struct package_info *info = NULL;
	struct error *error = package_info_create(bundle, container, &info);

	if (!error && info->changelog_year)
		keep_newest(ret, info->changelog_year, "%changelog");
	return error;
}

struct error *release_year_find(const struct subject *subject, struct release_year *ret)
{
	const struct source_model *model = subject_source(subject);
	const struct bundle *bundle = subject->bundle;
	const struct container *container = model->container;
	size_t n = 0;
	const char *folder = common_folder(model, &n);
	struct error *error = NULL;

	*ret = (struct release_year){ 0 };
	if (!folder)
		return NULL;
	if (container->kind == CONTAINER_RPM)
		error = read_package(bundle, container, ret);
	for (size_t i = 0; !error && i < container->count; i++) {
		const struct member *m = &bundle->members[container->first + i];

		if (m->kind == MEMBER_FILE && m->size <= CHANGELOG_MAXIMUM &&
		    changelog_is_named(m->path) && is_place(m->path, folder, n))
			error = read_changelog(bundle, m, ret);
	}
	return error;
}
