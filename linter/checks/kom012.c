/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>

#include "linter/subject_ko.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct elf *elf = subject_ko(subject)->ko->elf;
	struct error *error = NULL;

	for (size_t i = 1; !error && i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		const uint64_t both = SHF_WRITE | SHF_EXECINSTR | SHF_ALLOC;

		if ((s->flags & both) == both)
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.symbol = s->name,
					.message =
						"section both writable and executable: "
						"kernels with STRICT_MODULE_RWX refuse "
						"the module" });
	}
	return error;
}

static const struct check kom012 = { .id = "KOM012", .kind = &kind_ko, .run = run };
REGISTER(check, kom012);
