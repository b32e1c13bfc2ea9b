/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/elf.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

struct elf_state {
	Elf *elf;
	const struct elf_section *symtab;
	const struct elf_section *shndx;
};

static struct error *read_header(struct elf *elf, const char *name)
{
	GElf_Ehdr header;

	if (elf_kind(elf->state->elf) != ELF_K_ELF ||
	    !gelf_getehdr(elf->state->elf, &header))
		return error_new(ERROR_INPUT, "%s has a broken ELF header", name);
	elf->type = header.e_type;
	elf->machine = header.e_machine;
	elf->flags = header.e_flags;
	elf->elf_class = header.e_ident[EI_CLASS];
	elf->data = header.e_ident[EI_DATA];
	return NULL;
}

static struct error *read_section(struct elf *elf, const char *name, size_t index,
				  size_t names)
{
	struct elf_section *s = &elf->sections[index];
	Elf_Scn *scn = elf_getscn(elf->state->elf, index);
	GElf_Shdr header;
	const char *text;

	if (!scn || !gelf_getshdr(scn, &header))
		return error_new(ERROR_INPUT,
				 "%s: the header of section %zu lies outside the file",
				 name, index);
	text = elf_strptr(elf->state->elf, names, header.sh_name);
	*s = (struct elf_section){ .name = text ? text : "",
				   .index = index,
				   .type = header.sh_type,
				   .flags = header.sh_flags,
				   .address = header.sh_addr,
				   .offset = header.sh_offset,
				   .size = header.sh_size,
				   .align = header.sh_addralign,
				   .entry_size = header.sh_entsize,
				   .link = header.sh_link,
				   .info = header.sh_info };
	if (s->type == SHT_SYMTAB && !elf->state->symtab)
		elf->state->symtab = s;
	if (s->type == SHT_SYMTAB_SHNDX && !elf->state->shndx)
		elf->state->shndx = s;
	return NULL;
}

static struct error *read_sections(struct elf *elf, const char *name)
{
	size_t count, names;
	struct error *error = NULL;

	if (elf_getshdrnum(elf->state->elf, &count) ||
	    elf_getshdrstrndx(elf->state->elf, &names))
		return error_new(ERROR_INPUT, "%s has a broken or cut section table: %s",
				 name, elf_errmsg(-1));
	if (!count)
		return error_new(ERROR_INPUT,
				 "%s has no section table: cut, or no object file", name);
	if (count > elf->bytes.size / sizeof(Elf32_Shdr) + 1)
		return error_new(ERROR_INPUT,
				 "%s claims %zu sections, more than its size can hold",
				 name, count);
	elf->sections = calloc(count ? count : 1, sizeof(*elf->sections));
	if (!elf->sections)
		return error_nomem();
	elf->section_count = count;
	for (size_t i = 0; !error && i < count; i++)
		error = read_section(elf, name, i, names);
	return error;
}

struct error *elf_reader_create(const char *name, struct span bytes, struct elf **ret)
{
	_cleanup_(elf_reader_destroy) struct elf *elf = calloc(1, sizeof(*elf));
	struct error *error;

	if (!elf || !(elf->state = calloc(1, sizeof(*elf->state))))
		return error_nomem();
	elf_version(EV_CURRENT);
	elf->bytes = bytes;
	if (bytes.size < EI_NIDENT || !span_starts_with(bytes, ELFMAG, SELFMAG))
		return error_new(ERROR_INPUT, "%s is not an ELF file", name);
	elf->state->elf = elf_memory((char *)bytes.data, bytes.size);
	if (!elf->state->elf)
		return error_new(ERROR_INPUT, "%s is not an ELF file: %s", name,
				 elf_errmsg(-1));
	error = read_header(elf, name);
	if (!error)
		error = read_sections(elf, name);
	if (error)
		return error;
	*ret = take(elf);
	return NULL;
}

void elf_reader_destroy(struct elf *elf)
{
	if (!elf)
		return;
	if (elf->state && elf->state->elf)
		elf_end(elf->state->elf);
	free(elf->state);
	free(elf->sections);
	free(elf);
}

const struct elf_section *elf_find(const struct elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->section_count; i++)
		if (!strcmp(elf->sections[i].name, name))
			return &elf->sections[i];
	return NULL;
}

bool elf_bytes(const struct elf *elf, const struct elf_section *section, struct span *ret)
{
	if (section->type == SHT_NOBITS) {
		*ret = (struct span){ elf->bytes.data, 0 };
		return true;
	}
	return span_slice(elf->bytes, section->offset, section->size, ret);
}

const struct elf_section *elf_symbol_table(const struct elf *elf)
{
	return elf->state->symtab;
}

static void *section_data(const struct elf *elf, uint32_t index)
{
	Elf_Scn *scn = elf_getscn(elf->state->elf, index);

	return scn ? elf_getdata(scn, NULL) : NULL;
}

static bool open_table(const struct elf *elf, const struct elf_section *section,
		       size_t entry, struct elf_table *ret)
{
	struct span bytes;
	Elf_Data *data;

	if (!elf_bytes(elf, section, &bytes) || section->entry_size != entry)
		return false;
	data = section_data(elf, section->index);
	if (!data || (section->size && !data->d_buf))
		return false;
	*ret = (struct elf_table){ .elf = elf,
				   .section = section,
				   .data = data,
				   .count = data->d_size / entry };
	return true;
}

bool elf_symbols(const struct elf *elf, const struct elf_section *section,
		 struct elf_table *ret)
{
	struct elf_table table;

	if (!open_table(elf, section,
			gelf_fsize(elf->state->elf, ELF_T_SYM, 1, EV_CURRENT), &table))
		return false;
	if (section->link >= elf->section_count ||
	    !elf_bytes(elf, &elf->sections[section->link], &table.strings))
		return false;
	table.terminated =
		table.strings.size && !table.strings.data[table.strings.size - 1];
	if (elf->state->shndx && elf->state->shndx->link == section->index)
		table.indices = section_data(elf, elf->state->shndx->index);
	*ret = table;
	return true;
}

bool elf_relocations(const struct elf *elf, const struct elf_section *section,
		     struct elf_table *ret)
{
	Elf_Type type = section->type == SHT_RELA ? ELF_T_RELA : ELF_T_REL;

	if (!open_table(elf, section, gelf_fsize(elf->state->elf, type, 1, EV_CURRENT),
			ret))
		return false;
	if (elf->elf_class == ELFCLASS64 && type == ELF_T_RELA && ret->count)
		ret->relas = ((Elf_Data *)ret->data)->d_buf;
	return true;
}

static const char *name_at(const struct elf_table *table, uint32_t offset)
{
	const char *name;

	if (table->terminated && offset < table->strings.size)
		return (const char *)table->strings.data + offset;
	name = span_string(table->strings, offset);
	return name ? name : "";
}

/* libelf hands tables over in the host's byte order, so that entries are structures. */
bool elf_symbol_at(const struct elf_table *table, size_t index, struct elf_symbol *ret)
{
	const Elf_Data *data = table->data, *indices = table->indices;
	Elf64_Sym symbol;

	if (index >= table->count)
		return false;
	if (table->elf->elf_class == ELFCLASS64) {
		symbol = ((const Elf64_Sym *)data->d_buf)[index];
	} else {
		const Elf32_Sym *narrow = (const Elf32_Sym *)data->d_buf + index;

		symbol = (Elf64_Sym){ narrow->st_name,	narrow->st_info,
				      narrow->st_other, narrow->st_shndx,
				      narrow->st_value, narrow->st_size };
	}
	*ret = (struct elf_symbol){
		.name = name_at(table, symbol.st_name),
		.value = symbol.st_value,
		.size = symbol.st_size,
		.section = symbol.st_shndx,
		.type = ELF64_ST_TYPE(symbol.st_info),
		.bind = ELF64_ST_BIND(symbol.st_info),
		.visibility = ELF64_ST_VISIBILITY(symbol.st_other),
	};
	if (symbol.st_shndx == SHN_XINDEX) {
		if (indices && index < indices->d_size / sizeof(Elf32_Word))
			ret->section = ((const Elf32_Word *)indices->d_buf)[index];
		else if (indices)
			return false;
	}
	return true;
}

bool elf_relocation_read(const struct elf_table *table, size_t index,
			 struct elf_relocation *ret)
{
	bool addends = table->section->type == SHT_RELA; /* 64 bits: in line */
	const Elf_Data *data = table->data;

	if (index >= table->count)
		return false;
	if (table->elf->elf_class == ELFCLASS64) {
		const Elf64_Rel *r = (const Elf64_Rel *)data->d_buf + index;

		*ret = (struct elf_relocation){ r->r_offset, ELF64_R_TYPE(r->r_info),
						ELF64_R_SYM(r->r_info), 0 };
	} else if (addends) {
		const Elf32_Rela *r = (const Elf32_Rela *)data->d_buf + index;

		*ret = (struct elf_relocation){ r->r_offset, ELF32_R_TYPE(r->r_info),
						ELF32_R_SYM(r->r_info), r->r_addend };
	} else {
		const Elf32_Rel *r = (const Elf32_Rel *)data->d_buf + index;

		*ret = (struct elf_relocation){ r->r_offset, ELF32_R_TYPE(r->r_info),
						ELF32_R_SYM(r->r_info), 0 };
	}
	return true;
}

size_t elf_relocations_to(const struct elf_table *table, uint32_t symbol)
{
	const Elf64_Rela *r = table->relas;
	struct elf_relocation one;
	size_t found = 0;

	for (size_t i = 0; i < table->count; i++)
		if (r)
			found += ELF64_R_SYM(r[i].r_info) == symbol;
		else
			found += elf_relocation_read(table, i, &one) &&
				 one.symbol == symbol;
	return found;
}

size_t elf_relocation_to_marked(const struct elf_table *table, size_t index,
				const bool *marks, size_t count)
{
	const Elf64_Rela *r = table->relas;
	struct elf_relocation one;

	for (; index < table->count; index++) {
		uint64_t symbol = count;

		if (r)
			symbol = ELF64_R_SYM(r[index].r_info);
		else if (elf_relocation_read(table, index, &one))
			symbol = one.symbol;
		if (symbol < count && marks[symbol])
			break;
	}
	return index;
}

bool elf_integer(const struct elf *elf, struct span bytes, uint64_t offset, size_t size,
		 uint64_t *ret)
{
	struct span part;
	uint64_t value = 0;

	if (!span_slice(bytes, offset, size, &part))
		return false;
	for (size_t i = 0; i < size; i++) {
		size_t at = elf->data == ELFDATA2MSB ? i : size - 1 - i;

		value = value << 8 | part.data[at];
	}
	*ret = value;
	return true;
}

static size_t round4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static bool note_build_id(const struct elf *elf, struct span notes, struct span *ret)
{
	size_t at = 0;

	while (at < notes.size) {
		uint64_t name, size, type;
		struct span owner;

		if (!elf_integer(elf, notes, at, 4, &name) ||
		    !elf_integer(elf, notes, at + 4, 4, &size) ||
		    !elf_integer(elf, notes, at + 8, 4, &type))
			return false;
		at += 12;
		if (!span_slice(notes, at, name, &owner) ||
		    !span_slice(notes, at + round4(name), size, ret))
			return false;
		if (type == NT_GNU_BUILD_ID && name == 4 && !memcmp(owner.data, "GNU", 4))
			return true;
		at += round4(name) + round4(size);
	}
	return false;
}

bool elf_build_id(const struct elf *elf, char *ret, size_t size)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		struct span notes, id;

		if (elf->sections[i].type != SHT_NOTE ||
		    !elf_bytes(elf, &elf->sections[i], &notes) ||
		    !note_build_id(elf, notes, &id) || !id.size || id.size * 2 >= size)
			continue;
		for (size_t k = 0; k < id.size; k++)
			sprintf(ret + 2 * k, "%02x", id.data[k]);
		return true;
	}
	return false;
}

const char *elf_machine_name(uint16_t machine, char *buffer, size_t size)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" },	 { EM_X86_64, "x86-64" },
		{ EM_ARM, "arm" },	 { EM_AARCH64, "aarch64" },
		{ EM_PPC, "powerpc" },	 { EM_PPC64, "powerpc64" },
		{ EM_S390, "s390" },	 { EM_RISCV, "riscv" },
		{ EM_MIPS, "mips" },	 { EM_SPARCV9, "sparc64" },
		{ EM_IA_64, "ia64" },	 { 258, "loongarch" },
		{ EM_PARISC, "parisc" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	snprintf(buffer, size, "machine %u", machine);
	return buffer;
}
