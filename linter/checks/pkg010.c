/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "linter/subject_container.h"

static bool is_suse(const struct package_info *info)
{
	return (info->vendor && strcasestr(info->vendor, "suse")) ||
	       (info->distribution && strcasestr(info->distribution, "suse")) ||
	       (info->name && strstr(info->name, "-kmp-"));
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const struct ko_facts *facts;
	struct error *error = NULL;

	if (subject_container(subject)->kind != CONTAINER_RPM || !info->known ||
	    !is_suse(info))
		return NULL;
	for (size_t at = 0;
	     !error && (facts = package_next_module(linter, subject, &at));)
		if (facts->out_of_tree && !facts->supported)
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.path = facts->path,
					.symbol = "supported",
					.message = "SUSE's kernels call it unsupported",
					.hint = "build it with the kernel module package's "
						"macros, which add supported: external" });
	return error;
}

static const struct check pkg010 = { .id = "PKG010", .kind = &kind_package, .run = run };
REGISTER(check, pkg010);
