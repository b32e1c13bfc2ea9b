/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "linter/subject_ko.h"

enum { LARGE = 16384 };

/* Initialised and kept: what init code alone uses goes away with it. */
static bool is_wired(const struct elf_section *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_ALLOC) &&
	       !(s->flags & SHF_EXECINSTR) && strncmp(s->name, ".init", 5);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	struct error *error = NULL;
	struct elf_symbol s;
	char text[64];

	/* a kernel's own modules are not the reader's to change */
	if (!ko->has_symbols || ko_info(ko, "intree"))
		return NULL;
	for (size_t i = 1;
	     !error && i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s); i++) {
		if (s.type != STT_OBJECT || s.size < LARGE ||
		    s.section >= ko->elf->section_count ||
		    !is_wired(&ko->elf->sections[s.section]))
			continue;
		snprintf(text, sizeof(text), "%llu KiB",
			 (unsigned long long)s.size / 1024);
		error = linter_emit(
			linter, subject,
			&(struct finding){
				.symbol = s.name,
				.message = "a large initialised object in wired memory",
				.evidence = text,
				.hint = "firmware: request_firmware(); tables: __initconst, "
					"or made when they are needed" });
	}
	return error;
}

static const struct check kom022 = { .id = "KOM022", .kind = &kind_ko, .run = run };
REGISTER(check, kom022);
