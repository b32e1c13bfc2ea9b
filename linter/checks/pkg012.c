/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fnmatch.h>
#include <string.h>

#include "common/error.h"
#include "linter/subject_container.h"

static bool ships(const struct subject *subject, const char *firmware)
{
	const struct container *c = subject_container(subject);

	for (size_t i = 0; i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		const char *found = strstr(m->path, "lib/firmware/");
		size_t n = strlen(firmware);

		for (; found; found = strstr(found + 1, firmware)) {
			const char *name = strstr(found, firmware);

			if (!name)
				break;
			if (!name[n] || !strcmp(name + n, ".xz") ||
			    !strcmp(name + n, ".zst"))
				return true;
		}
	}
	return false;
}

/* A package of firmware that this one asks for. */
static bool needs_firmware_package(const struct package_info *info)
{
	for (size_t i = 0; i < info->require_count; i++)
		if (strstr(info->requires[i], "firmware"))
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const struct ko_facts *facts;
	struct error *error = NULL;

	if (!package_ships(subject_container(subject)) || needs_firmware_package(info))
		return NULL;
	for (size_t at = 0;
	     !error && (facts = package_next_module(linter, subject, &at));)
		for (size_t i = 0;
		     !error && facts->out_of_tree && i < facts->firmware_count; i++)
			if (!ships(subject, facts->firmware[i]))
				error = linter_emit(
					linter, subject,
					&(struct finding){
						.path = facts->path,
						.symbol = facts->firmware[i],
						.message = "names firmware that the "
							   "package neither ships nor "
							   "asks for",
						.hint = "ship it below /lib/firmware, or "
							"depend on the package that "
							"does" });
	return error;
}

static const struct check pkg012 = { .id = "PKG012", .kind = &kind_package, .run = run };
REGISTER(check, pkg012);
