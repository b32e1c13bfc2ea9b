/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>

#include "linter/subject_ko.h"

static bool has_code(const struct elf *elf)
{
	for (size_t i = 1; i < elf->section_count; i++)
		if ((elf->sections[i].flags & SHF_EXECINSTR) && elf->sections[i].size)
			return true;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;

	if ((ko->elf->machine != EM_X86_64 && ko->elf->machine != EM_386) ||
	    ko_info(ko, "retpoline") || !has_code(ko->elf))
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = "retpoline",
			.message = "built without retpolines: loading it opens "
				   "Spectre v2 for the whole machine",
			.hint = "build with kbuild and a compiler that knows "
				"-mindirect-branch (gcc) or -mretpoline (clang)" });
}

static const struct check sec004 = { .id = "SEC004", .kind = &kind_ko, .run = run };
REGISTER(check, sec004);
