/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/strbuf.h"
#include "linter/subject_ko.h"

/* "parmtype=NAME:TYPE" and "parm=NAME:TEXT" name the same parameter. */
static bool is_described(const struct ko *ko, const char *name, size_t length)
{
	const char *text;

	for (size_t at = 0; (text = modinfo_next(&ko->info, "parm", &at));)
		if (!strncmp(text, name, length) && text[length] == ':' &&
		    text[length + 1])
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	_strbuf_ struct strbuf missing = STRBUF_INIT;
	const char *text;

	for (size_t at = 0; (text = modinfo_next(&ko->info, "parmtype", &at));) {
		size_t n = strcspn(text, ":");

		if (!is_described(ko, text, n))
			strbuf_addf(&missing, "%s%.*s", missing.length ? ", " : "",
				    (int)n, text);
	}
	if (!missing.length)
		return strbuf_error(&missing);
	return linter_emit(linter, subject,
			   &(struct finding){ .symbol = strbuf_string(&missing),
					      .message = "parameter without description",
					      .hint = "add MODULE_PARM_DESC()" });
}

static const struct check kom015 = { .id = "KOM015", .kind = &kind_ko, .run = run };
REGISTER(check, kom015);
