/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return linter_emit(
		linter, subject,
		&(struct finding){ .message = "no module that a kernel could load",
				   .evidence = subject->model,
				   .hint = "build it again; compare its size and digest "
					   "with what the build made" });
}

static const struct check kom001 = { .id = "KOM001",
				     .kind = &kind_ko_broken,
				     .run = run };
REGISTER(check, kom001);
