/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_ko.h"

/* Sections of programs and shared libraries: a kernel never sets them up. */
static bool is_foreign(const struct elf_section *s)
{
	static const char *const names[] = {
		".got.plt", ".dynamic",	 ".dynsym",	      ".interp",       ".tdata",
		".tbss",    ".eh_frame", ".gcc_except_table", ".preinit_array"
	};

	if (!(s->flags & SHF_ALLOC))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (s->name[0] == '.' && s->name[1] == names[i][1] &&
		    !strcmp(s->name, names[i]))
			return true;
	return s->flags & SHF_TLS;
}

static struct error *tell_common(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	struct elf_symbol s;

	for (size_t i = 1; i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s);
	     i++)
		if (s.section == SHN_COMMON)
			break;
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = s.name,
				   .message =
					   "common symbol: the kernel refuses to load it",
				   .hint = "build with -fno-common, as kbuild does; give "
					   "the variable one definition" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	struct error *error = NULL;

	if (ko->common_count)
		error = tell_common(linter, subject);
	for (size_t i = 1; !error && i < ko->elf->section_count; i++)
		if (is_foreign(&ko->elf->sections[i]))
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.symbol = ko->elf->sections[i].name,
					.message =
						"allocated section that no kernel sets "
						"up",
					.hint = "build with the kernel's flags "
						"(-fno-asynchronous-unwind-tables, no PIC, "
						"no TLS, no exceptions)" });
	return error;
}

static const struct check kom010 = { .id = "KOM010", .kind = &kind_ko, .run = run };
REGISTER(check, kom010);
