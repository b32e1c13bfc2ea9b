/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objtool notes every return and every indirect call in a section, so that the kernel
 * can patch them at load time for the processor it runs on. Sites without note stay
 * unpatched; notes without site patch something else.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "linter/subject_ko.h"

enum { SITE = 4 }; /* bytes of an entry */

/* Relocations of executable sections that go to @name. */
static size_t count_sites(const struct ko *ko, uint32_t symbol)
{
	size_t count = 0;

	for (size_t i = 1; i < ko->elf->section_count; i++) {
		const struct elf_section *s = &ko->elf->sections[i];
		struct elf_table table;

		if (s->type != SHT_RELA || s->info >= ko->elf->section_count ||
		    !(ko->elf->sections[s->info].flags & SHF_EXECINSTR) ||
		    !strncmp(ko->elf->sections[s->info].name, ".altinstr", 9) ||
		    !elf_relocations(ko->elf, s, &table))
			continue;
		count += elf_relocations_to(&table, symbol);
	}
	return count;
}

static uint32_t find_symbol(const struct ko *ko, const char *name)
{
	struct elf_symbol s;

	for (size_t i = 1; i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s);
	     i++)
		if (s.section == SHN_UNDEF && !strcmp(s.name, name))
			return i;
	return 0;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	const struct elf_section *sites = elf_find(ko->elf, ".return_sites");
	size_t noted = sites ? sites->size / SITE : 0, found = 0;
	uint32_t symbol;
	char text[128];

	if (ko->elf->machine != EM_X86_64 || !ko->has_symbols)
		return NULL;
	if (ko_find_import(ko, "__x86_return_thunk")) {
		symbol = find_symbol(ko, "__x86_return_thunk");
		found = symbol ? count_sites(ko, symbol) : 0;
	}
	if (found == noted)
		return NULL;
	snprintf(text, sizeof(text), "%zu jumps to __x86_return_thunk, %zu noted", found,
		 noted);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = ".return_sites",
				   .message = "returns and .return_sites disagree",
				   .evidence = text,
				   .hint = "let kbuild run objtool over every object; do "
					   "not link objects of another build in" });
}

static const struct check sec005 = { .id = "SEC005", .kind = &kind_ko, .run = run };
REGISTER(check, sec005);
