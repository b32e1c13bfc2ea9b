/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/array.h"
#include "common/strbuf.h"
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const struct {
		const char *key, *macro;
	} wanted[] = { { "description", "MODULE_DESCRIPTION" },
		       { "author", "MODULE_AUTHOR" },
		       { "version", "MODULE_VERSION" } };
	const struct ko *ko = subject_ko(subject)->ko;
	_strbuf_ struct strbuf missing = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		const char *value = ko_info(ko, wanted[i].key);

		/* the kernel's own modules have the kernel's version */
		if ((value && *value) ||
		    (!strcmp(wanted[i].key, "version") && ko_info(ko, "intree")))
			continue;
		strbuf_addf(&missing, "%s%s", missing.length ? ", " : "",
			    wanted[i].macro);
	}
	if (!missing.length)
		return strbuf_error(&missing);
	return linter_emit(linter, subject,
			   &(struct finding){ .symbol = strbuf_string(&missing),
					      .message =
						      "the module does not say what it "
						      "is, whose, or which release" });
}

static const struct check kom005 = { .id = "KOM005", .kind = &kind_ko, .run = run };
REGISTER(check, kom005);
