/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_dkms.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	const struct dkms_directive *d = dkms_conf_find(conf, "AUTOINSTALL", 0);

	/* dkms looks at the first letter */
	if (d && (d->computed || d->value[0] == 'y' || d->value[0] == 'Y'))
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){ .line = d ? d->line : 0,
				   .symbol = "AUTOINSTALL",
				   .message =
					   "not built again when a kernel is installed",
				   .evidence = d ? d->value : NULL,
				   .hint = "AUTOINSTALL=yes, unless that is meant" });
}

static const struct check pkg017 = { .id = "PKG017", .kind = &kind_dkms, .run = run };
REGISTER(check, pkg017);
