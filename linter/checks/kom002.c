/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;

	if (ko->has_symbols && ko->symbols.count > 1)
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = ".symtab",
				   .message = "the symbol table is gone",
				   .hint = "strip with --strip-debug only: the kernel "
					   "links a module by its symbol table" });
}

static const struct check kom002 = { .id = "KOM002", .kind = &kind_ko, .run = run };
REGISTER(check, kom002);
