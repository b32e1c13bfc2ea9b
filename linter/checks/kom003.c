/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const char *license = ko_info(subject_ko(subject)->ko, "license");

	if (license && *license)
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = "license",
				   .message = license ? "MODULE_LICENSE is empty"
						      : "MODULE_LICENSE is missing",
				   .hint = "add MODULE_LICENSE(\"GPL\"), or the license "
					   "it really has" });
}

static const struct check kom003 = { .id = "KOM003", .kind = &kind_ko, .run = run };
REGISTER(check, kom003);
