/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules: ELF, symbols, relocations, modinfo, versions, signature. */
#include <elf.h>

#include "common/error.h"
#include "readers/ko.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t use_tables(const struct elf *elf)
{
	uint64_t sum = 0;

	for (size_t i = 1; i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		struct elf_relocation relocation;
		struct elf_table table;
		struct span bytes;

		if (elf_bytes(elf, s, &bytes) && bytes.size)
			sum += bytes.data[bytes.size - 1];
		if ((s->type != SHT_RELA && s->type != SHT_REL) ||
		    !elf_relocations(elf, s, &table))
			continue;
		for (size_t k = 0; k < table.count; k++)
			if (elf_relocation_at(&table, k, &relocation))
				sum += relocation.offset;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(ko_destroy) struct ko *ko = NULL;
	char build_id[129];
	size_t length = 0;

	error_destroy(ko_create("fuzz.ko", (struct span){ data, size }, &ko));
	if (!ko)
		return 0;
	for (size_t i = 0; i < ko->import_count; i++)
		length += strlen(ko->imports[i].name);
	for (size_t i = 0; i < ko->export_count; i++)
		length += strlen(ko->exports[i].name) + strlen(ko->exports[i].space);
	for (size_t i = 0; i < ko->info.count; i++)
		length += strlen(ko->info.fields[i].value);
	elf_build_id(ko->elf, build_id, sizeof(build_id));
	return (use_tables(ko->elf) + length) == UINT64_MAX;
}
