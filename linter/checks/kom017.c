/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/array.h"
#include "linter/subject_ko.h"

/* Where kernels look for modules that are not their own. */
static bool is_external_place(const char *path)
{
	static const char *const places[] = { "/updates/", "/extra/", "/weak-updates/",
					      "/dkms/", "/external/" };

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (strstr(path, places[i]))
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const flags[] = { "intree", "staging" };
	const struct ko *ko = subject_ko(subject)->ko;
	struct error *error = NULL;

	if (!linter->options->external && !is_external_place(subject->member->name))
		return NULL;
	for (size_t i = 0; !error && i < ARRAY_LENGTH(flags); i++)
		if (ko_info(ko, flags[i]))
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.symbol = flags[i],
					.message = "an external module that claims to be "
						   "part of the kernel",
					.hint = "do not set MODULE_INFO(intree, …): it "
						"hides the O taint from those who read "
						"its reports" });
	return error;
}

static const struct check kom017 = { .id = "KOM017", .kind = &kind_ko, .run = run };
REGISTER(check, kom017);
