/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/array.h"
#include "linter/subject_container.h"

/* Steps after which modprobe knows the modules; the last ones run depmod themselves. */
static bool refreshes(const char *text)
{
	static const char *const words[] = {
		"depmod",     "weak-modules",	       "kernel-install",
		"dkms",	      "linux-update-symlinks", "kernel-module-subpackage",
		"kmod-helper"
	};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	size_t at = 0;

	if (!package_installs(subject_container(subject)) || !info->known ||
	    !package_next_module(linter, subject, &at))
		return NULL;
	for (size_t i = 0; i < info->script_count; i++)
		if (refreshes(info->scripts[i].text))
			return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = "postinst",
			.message = "installs modules, and no script tells depmod",
			.hint = "run depmod -a RELEASE in the scripts that run "
				"after install and removal (weak-modules where "
				"the distribution has it)" });
}

static const struct check pkg008 = { .id = "PKG008", .kind = &kind_package, .run = run };
REGISTER(check, pkg008);
