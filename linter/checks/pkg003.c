/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "linter/subject_container.h"

/* [usr/]lib/modules/RELEASE/FOLDER/… */
static bool is_standard(const char *path)
{
	const char *rest;

	if (!strncmp(path, "usr/", 4))
		path += 4;
	if (strncmp(path, "lib/modules/", 12))
		return false;
	rest = strchr(path + 12, '/');
	return rest && strchr(rest + 1, '/');
}

static bool is_debug_file(const char *path)
{
	return strstr(path, "lib/debug/") || strstr(path, ".debug");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	struct error *error = NULL;

	if (!package_installs(c))
		return NULL;
	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);

		if (m->kind == MEMBER_FOLDER || !path_is_module(m->path) ||
		    is_standard(m->path) || is_debug_file(m->path))
			continue;
		error = linter_emit(
			linter, subject,
			&(struct finding){
				.path = m->name,
				.message = "modprobe does not look there",
				.evidence = m->path,
				.hint = "install it below /lib/modules/RELEASE/updates or "
					"extra, and run depmod" });
	}
	return error;
}

static const struct check pkg003 = { .id = "PKG003", .kind = &kind_package, .run = run };
REGISTER(check, pkg003);
