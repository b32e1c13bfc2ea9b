/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frame sizes come from the ORC tables that objtool writes (x86-64): exact, and without
 * disassembling. Source: arch/x86/include/asm/orc_types.h.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "linter/subject_ko.h"

enum {
	LIMIT = 2048, /* CONFIG_FRAME_WARN of 64-bit kernels */
	ENTRY = 6,    /* struct orc_entry */
	REGISTER_SP = 5,
	RETURN_ADDRESS = 8,
};

/* The function at an entry of .orc_unwind_ip. */
static bool find_function(const struct ko *ko, const struct elf_table *table,
			  size_t index, struct elf_symbol *ret)
{
	struct elf_relocation r;
	struct elf_symbol base, s;
	uint64_t address;

	if (!elf_relocation_at(table, index, &r) ||
	    !elf_symbol_at(&ko->symbols, r.symbol, &base))
		return false;
	address = base.value + r.addend;
	for (size_t i = 1; i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s);
	     i++)
		if (s.type == STT_FUNC && s.section == base.section &&
		    address >= s.value && address - s.value < s.size) {
			*ret = s;
			return true;
		}
	return false;
}

static const struct elf_section *find_ips(const struct elf *elf)
{
	for (size_t i = 1; i < elf->section_count; i++)
		if (elf->sections[i].type == SHT_RELA &&
		    elf->sections[i].info < elf->section_count &&
		    !strcmp(elf->sections[elf->sections[i].info].name, ".orc_unwind_ip"))
			return &elf->sections[i];
	return NULL;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const char *function, long size)
{
	char text[64];

	snprintf(text, sizeof(text), "%ld bytes, limit %d", size, LIMIT);
	return linter_emit(linter, subject,
			   &(struct finding){ .symbol = function,
					      .message = "a stack frame over the limit",
					      .evidence = text,
					      .hint = "allocate large objects, or keep "
						      "them with the device" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	const struct elf_section *orc = elf_find(ko->elf, ".orc_unwind");
	const struct elf_section *ips = find_ips(ko->elf);
	struct error *error = NULL;
	struct elf_symbol last = { .name = "" };
	struct elf_table table;
	struct span bytes;

	if (!orc || !ips || ko->elf->machine != EM_X86_64)
		return linter_not_checked(linter, false, "KOM019", NULL,
					  "some modules have no ORC tables, from which "
					  "frame sizes are read");
	if (!ko->has_symbols || !elf_bytes(ko->elf, orc, &bytes) ||
	    !elf_relocations(ko->elf, ips, &table))
		return NULL;
	for (size_t i = 0; !error && (i + 1) * ENTRY <= bytes.size; i++) {
		const uint8_t *e = bytes.data + i * ENTRY;
		long size = (int16_t)(e[0] | e[1] << 8) - RETURN_ADDRESS;
		struct elf_symbol function;

		if ((e[4] & 0xf) != REGISTER_SP || size <= LIMIT ||
		    !find_function(ko, &table, i, &function) ||
		    (function.value == last.value && function.section == last.section))
			continue;
		last = function;
		error = tell(linter, subject, function.name, size);
	}
	return error;
}

static const struct check kom019 = { .id = "KOM019", .kind = &kind_ko, .run = run };
REGISTER(check, kom019);
