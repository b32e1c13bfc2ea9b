/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "linter/subject_container.h"

static bool has_aliases(const struct ko_facts *facts)
{
	for (size_t i = 0; i < facts->alias_count; i++)
		if (!strncmp(facts->aliases[i], "pci:", 4) ||
		    !strncmp(facts->aliases[i], "usb:", 4))
			return true;
	return false;
}

static bool lists_modalias(const struct package_info *info)
{
	return package_lists(info->provides, info->provide_count, "modalias(") ||
	       package_lists(info->supplements, info->supplement_count, "modalias(");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const struct ko_facts *facts;
	bool external = false, aliases = false;
	struct error *error = NULL;

	if (subject_container(subject)->kind != CONTAINER_RPM || !info->known)
		return NULL;
	for (size_t at = 0; (facts = package_next_module(linter, subject, &at));) {
		external |= facts->out_of_tree;
		aliases |= facts->out_of_tree && has_aliases(facts);
	}
	if (external && !package_lists(info->requires, info->require_count, "ksym(") &&
	    !package_lists(info->requires, info->require_count, "kernel("))
		error = linter_emit(
			linter, subject,
			&(struct finding){
				.symbol = "Requires",
				.message = "does not require the kernel's symbols with "
					   "their CRCs: it installs beside kernels that "
					   "refuse it",
				.hint = "let find-requires.ksyms or kmodtool make them" });
	if (!error && aliases && !lists_modalias(info))
		error = linter_emit(
			linter, subject,
			&(struct finding){
				.symbol = "Supplements",
				.message = "no modalias() names the hardware it is for",
				.hint = "let find-supplements.ksyms or kmodtool make "
					"them" });
	return error;
}

static const struct check pkg011 = { .id = "PKG011", .kind = &kind_package, .run = run };
REGISTER(check, pkg011);
