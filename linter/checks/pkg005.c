/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/array.h"
#include "linter/subject_dkms.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const deprecated[] = { "REMAKE_INITRD", "MODULES_CONF",
						  "MODULES_CONF_OBSOLETES",
						  "MODULES_CONF_ALIAS_TYPE",
						  "MODULES_CONF_OBSOLETE_ONLY" };
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(deprecated); i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, deprecated[i], 0);

		if (d)
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.line = d->line,
					.symbol = d->name,
					.message =
						"dkms ignores this directive, and says "
						"so at every install",
					.hint = "remove it" });
	}
	return error;
}

static const struct check pkg005 = { .id = "PKG005", .kind = &kind_dkms, .run = run };
REGISTER(check, pkg005);
