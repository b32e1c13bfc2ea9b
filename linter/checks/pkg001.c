/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "linter/classify.h"
#include "linter/subject_container.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		const struct member_class *class = member_classify(m);

		/* what lies in a plain folder is work; a bundle in it is what ships */
		if (class->ship != SHIP_JUNK ||
		    (!package_ships(c) && !strstr(m->path, ".kext/")))
			continue;
		error = linter_emit(linter, subject,
				    &(struct finding){ .path = m->name,
						       .message = "junk in what ships",
						       .evidence = class->name });
	}
	return error;
}

static const struct check pkg001 = { .id = "PKG001", .kind = &kind_package, .run = run };
REGISTER(check, pkg001);
