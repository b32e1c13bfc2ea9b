/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files through libelf: sections, symbols, relocations, of either class and byte
 * order. Sections are read only when asked for. The bytes must outlive the reader.
 */
#pragma once

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct elf_section {
	const char *name;
	uint32_t index;
	uint32_t type;	/* SHT_… */
	uint64_t flags; /* SHF_… */
	uint64_t address, offset, size, align, entry_size;
	uint32_t link, info;
};

struct elf_symbol {
	const char *name; /* "" when it has none */
	uint64_t value, size;
	uint32_t section; /* SHN_XINDEX resolved; SHN_UNDEF, SHN_ABS, SHN_COMMON */
	uint8_t type, bind, visibility;
};

struct elf_relocation {
	uint64_t offset;
	uint32_t type, symbol;
	int64_t addend; /* 0 for SHT_REL */
};

struct elf {
	struct span bytes;
	uint16_t type;	   /* ET_… */
	uint16_t machine;  /* EM_… */
	uint8_t elf_class; /* ELFCLASS… */
	uint8_t data;	   /* ELFDATA… */
	uint32_t flags;
	struct elf_section *sections; /* index 0 is the null section */
	size_t section_count;
	struct elf_state *state; /* its own */
};

/* @name is for messages. */
struct error *elf_reader_create(const char *name, struct span bytes, struct elf **ret);
void elf_reader_destroy(struct elf *elf);
CLEANUP_DEFINE(struct elf, elf_reader_destroy)

/* First section of that name, or NULL. */
const struct elf_section *elf_find(const struct elf *elf, const char *name);

/* A section's bytes as they lie in the file; false: outside it. SHT_NOBITS is empty. */
bool elf_bytes(const struct elf *elf, const struct elf_section *section,
	       struct span *ret);

/* The symbol table (SHT_SYMTAB), or NULL. */
const struct elf_section *elf_symbol_table(const struct elf *elf);

struct elf_table {
	const struct elf *elf;
	const struct elf_section *section;
	void *data;    /* libelf's */
	void *indices; /* SHT_SYMTAB_SHNDX, or NULL */
	size_t count;
	struct span strings;
	bool terminated;	 /* `strings` ends with a zero byte, as it has to */
	const Elf64_Rela *relas; /* entries, if they are of this kind */
};

/* Opens a table of symbols or of relocations; false: its bytes make no sense. */
bool elf_symbols(const struct elf *elf, const struct elf_section *section,
		 struct elf_table *ret);
bool elf_relocations(const struct elf *elf, const struct elf_section *section,
		     struct elf_table *ret);
bool elf_symbol_at(const struct elf_table *table, size_t index, struct elf_symbol *ret);
bool elf_relocation_read(const struct elf_table *table, size_t index,
			 struct elf_relocation *ret);

/* The common kind, which loops meet by the hundred thousand, in line. */
static inline bool elf_relocation_at(const struct elf_table *table, size_t index,
				     struct elf_relocation *ret)
{
	const Elf64_Rela *r = table->relas + index;

	if (!table->relas)
		return elf_relocation_read(table, index, ret);
	if (index >= table->count)
		return false;
	*ret = (struct elf_relocation){ r->r_offset, ELF64_R_TYPE(r->r_info),
					ELF64_R_SYM(r->r_info), r->r_addend };
	return true;
}

/* Of a table's relocations, those that go to @symbol. */
size_t elf_relocations_to(const struct elf_table *table, uint32_t symbol);

/*
 * The first relocation at or behind @index whose symbol is marked, or table->count.
 * @marks has one flag for each of @count symbols.
 */
size_t elf_relocation_to_marked(const struct elf_table *table, size_t index,
				const bool *marks, size_t count);

/* An integer of @size bytes (1, 2, 4, 8) in the file's byte order. */
bool elf_integer(const struct elf *elf, struct span bytes, uint64_t offset, size_t size,
		 uint64_t *ret);

/* The build id as hex digits in @ret (its size at least 2 * 64 + 1); false: none. */
bool elf_build_id(const struct elf *elf, char *ret, size_t size);

/* "x86-64", "aarch64", or "machine 1234" written into @buffer. */
const char *elf_machine_name(uint16_t machine, char *buffer, size_t size);
