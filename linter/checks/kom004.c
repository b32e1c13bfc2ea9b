/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_ko.h"

/* include/linux/module.h: the idents that a kernel or its tools know. */
static bool is_known(const char *license)
{
	static const char *const known[] = { "Proprietary" };

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(license, known[i]))
			return true;
	return license_is_gpl(license);
}

static struct error *contradiction(struct linter *linter, const struct subject *subject,
				   const char *first, const char *second)
{
	char text[256];

	snprintf(text, sizeof(text), "license=%.100s\nlicense=%.100s", first, second);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = "license",
				   .message = "two licenses contradict each other",
				   .evidence = text,
				   .hint = "one module has one MODULE_LICENSE: agree on "
					   "it in all its source files" });
}

static struct error *unknown(struct linter *linter, const struct subject *subject,
			     const char *license)
{
	char text[256];

	snprintf(text, sizeof(text), "license=%.200s", license);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = "license",
				   .message = "a license that no kernel knows: it counts "
					      "as proprietary and taints",
				   .evidence = text,
				   .hint = "use one of the idents of "
					   "include/linux/module.h, spelled exactly" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	const char *first = NULL, *license;
	struct error *error = NULL;

	for (size_t at = 0;
	     !error && (license = modinfo_next(&ko->info, "license", &at));) {
		if (*license && !is_known(license))
			error = unknown(linter, subject, license);
		else if (first && license_is_gpl(first) != license_is_gpl(license))
			error = contradiction(linter, subject, first, license);
		first = first ? first : license;
	}
	return error;
}

static const struct check kom004 = { .id = "KOM004", .kind = &kind_ko, .run = run };
REGISTER(check, kom004);
