/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/dsym.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "readers/macho.h"

enum { SECTION_LIMIT = 40 };

static void uuid_text(const struct macho *macho, char ret[DSYM_UUID])
{
	ret[0] = 0;
	for (int i = 0; macho->has_uuid && i < 16; i++)
		snprintf(ret + 2 * i, 3, "%02x", macho->uuid[i]);
}

/* Opens the slice of UUID @wanted, or the first. */
static struct error *open_slice(struct span bytes, const char *wanted, struct macho **ret)
{
	_macho_file_ struct macho_file file = { 0 };
	struct macho *first = NULL;
	struct error *error = macho_file_open(bytes, &file);

	for (size_t i = 0; !error && i < file.count; i++) {
		struct macho *macho = NULL;
		char uuid[DSYM_UUID];

		error = macho_create(file.slices[i].bytes, &macho);
		if (error)
			break;
		uuid_text(macho, uuid);
		if (wanted && !strcasecmp(uuid, wanted)) {
			macho_destroy(first);
			*ret = macho;
			return NULL;
		}
		if (first)
			macho_destroy(macho);
		else
			first = macho;
	}
	if (!error && !first)
		error = error_new(ERROR_INPUT, "it holds no architecture");
	if (error)
		macho_destroy(first);
	else
		*ret = first;
	return error;
}

struct error *dsym_glance(struct span bytes, const char *wanted, char uuid[DSYM_UUID],
			  bool *lines)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	struct error *error = open_slice(bytes, wanted, &macho);

	if (error)
		return error;
	uuid_text(macho, uuid);
	*lines = macho_find_section(macho, NULL, "__debug_info") != NULL;
	return NULL;
}

/* The image under construction; numbers in the byte order of the slice. */
struct image {
	struct strbuf bytes, names;
	Elf64_Shdr sections[SECTION_LIMIT]; /* in this machine's order */
	size_t count;
	bool big;
};

static void image_deinit(struct image *image)
{
	strbuf_deinit(&image->bytes);
	strbuf_deinit(&image->names);
}

#define _image_ __attribute__((cleanup(image_deinit)))

static void put(struct strbuf *out, uint64_t value, size_t size, bool big)
{
	for (size_t i = 0; i < size; i++)
		strbuf_addc(out, (char)(value >> 8 * (big ? size - 1 - i : i)));
}

/* The number of the new section; @data NULL: takes no bytes. */
static size_t add_section(struct image *image, const char *name, uint32_t type,
			  const void *data, size_t size)
{
	Elf64_Shdr *section = &image->sections[image->count];

	if (image->count + 1 >= SECTION_LIMIT)
		return 0;
	*section = (Elf64_Shdr){ .sh_name = (uint32_t)image->names.length,
				 .sh_type = type,
				 .sh_size = size,
				 .sh_addralign = 1 };
	strbuf_add(&image->names, name, strlen(name) + 1);
	strbuf_pad(&image->bytes, 0, -image->bytes.length & 7);
	section->sh_offset = image->bytes.length;
	if (data)
		strbuf_add(&image->bytes, data, size);
	return image->count++;
}

/* Section names are cut at 16 characters in Mach-O. */
static void add_debug_sections(struct image *image, const struct macho *macho)
{
	for (size_t i = 0; i < macho->section_count; i++) {
		const struct macho_section *section = &macho->sections[i];
		char name[32];

		if (strncmp(section->name, "__debug_", 8) || !section->bytes.size)
			continue;
		if (!strcmp(section->name, "__debug_str_offs"))
			snprintf(name, sizeof(name), ".debug_str_offsets");
		else
			snprintf(name, sizeof(name), ".%s", section->name + 2);
		add_section(image, name, SHT_PROGBITS, section->bytes.data,
			    section->bytes.size);
	}
}

/* Segments with code become areas; their numbers go to @numbers by segment. */
static void add_areas(struct image *image, const struct macho *macho, size_t *numbers)
{
	for (size_t i = 0; i < macho->segment_count && i < SECTION_LIMIT; i++) {
		const struct macho_segment *segment = &macho->segments[i];
		Elf64_Shdr *section;

		numbers[i] = 0;
		if (strncmp(segment->name, "__TEXT", 6) || !segment->size)
			continue;
		numbers[i] = add_section(image, segment->name, SHT_NOBITS, NULL,
					 segment->size);
		section = &image->sections[numbers[i]];
		section->sh_addr = segment->address;
		section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	}
}

static size_t area_of(const struct macho *macho, const size_t *numbers, uint64_t address)
{
	for (size_t i = 0; i < macho->segment_count && i < SECTION_LIMIT; i++)
		if (address - macho->segments[i].address < macho->segments[i].size)
			return numbers[i];
	return 0;
}

static void add_symbol(struct strbuf *out, uint32_t name, uint64_t address, uint64_t size,
		       size_t section, bool big)
{
	put(out, name, 4, big);
	put(out, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1, big);
	put(out, 0, 1, big);
	put(out, section, 2, big);
	put(out, address, 8, big);
	put(out, size, 8, big);
}

/* Where functions begin, those without a name included. */
struct starts {
	uint64_t *addresses;
	size_t count;
};

/*
 * How far the function at @address reaches; 0: not known. Of a stripped kext only
 * exported names are left, and without this the last one would be given all code behind
 * it.
 */
static uint64_t size_at(const struct starts *starts, uint64_t address)
{
	size_t low = 0, high = starts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (starts->addresses[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || low == starts->count || starts->addresses[low - 1] != address)
		return 0;
	return starts->addresses[low] - address;
}

static void add_symbols(struct image *image, const struct macho *macho,
			const size_t *numbers)
{
	_strbuf_ struct strbuf symbols = STRBUF_INIT, names = STRBUF_INIT;
	struct starts starts = { 0 };
	size_t table;

	/* Sizes are a comfort: symbols are of use without them. */
	error_destroy(macho_function_starts(macho, &starts.addresses, &starts.count));
	strbuf_addc(&names, 0);
	strbuf_pad(&symbols, 0, sizeof(Elf64_Sym));
	for (size_t i = 0; i < macho->symbol_count; i++) {
		struct macho_symbol symbol;
		size_t section;

		if (!macho_symbol(macho, i, &symbol) || symbol.type & MACHO_N_STAB ||
		    (symbol.type & MACHO_N_TYPE) != MACHO_N_SECT || !*symbol.name)
			continue;
		section = area_of(macho, numbers, symbol.value);
		if (!section)
			continue;
		add_symbol(&symbols, (uint32_t)names.length, symbol.value,
			   size_at(&starts, symbol.value), section, image->big);
		if (*symbol.name == '_')
			symbol.name++;
		strbuf_add(&names, symbol.name, strlen(symbol.name) + 1);
	}
	table = add_section(image, ".symtab", SHT_SYMTAB, symbols.data, symbols.length);
	image->sections[table].sh_entsize = sizeof(Elf64_Sym);
	image->sections[table].sh_link = (uint32_t)image->count;
	image->sections[table].sh_info = 1;
	add_section(image, ".strtab", SHT_STRTAB, names.data, names.length);
	free(starts.addresses);
}

static void add_uuid(struct image *image, const struct macho *macho)
{
	_strbuf_ struct strbuf note = STRBUF_INIT;

	if (!macho->has_uuid)
		return;
	put(&note, 4, 4, image->big);
	put(&note, 16, 4, image->big);
	put(&note, NT_GNU_BUILD_ID, 4, image->big);
	strbuf_add(&note, "GNU", 4);
	strbuf_add(&note, macho->uuid, 16);
	add_section(image, ".note.gnu.build-id", SHT_NOTE, note.data, note.length);
}

static unsigned int elf_machine(uint32_t cputype)
{
	switch (cputype) {
	case MACHO_CPU_I386:
		return EM_386;
	case MACHO_CPU_ARM:
		return EM_ARM;
	case MACHO_CPU_PPC:
		return EM_PPC;
	case MACHO_CPU_PPC64:
		return EM_PPC64;
	case MACHO_CPU_ARM64:
		return EM_AARCH64;
	default:
		return EM_X86_64;
	}
}

static void add_headers(struct image *image)
{
	strbuf_pad(&image->bytes, 0, -image->bytes.length & 7);
	for (size_t i = 0; i < image->count; i++) {
		const Elf64_Shdr *s = &image->sections[i];

		put(&image->bytes, s->sh_name, 4, image->big);
		put(&image->bytes, s->sh_type, 4, image->big);
		put(&image->bytes, s->sh_flags, 8, image->big);
		put(&image->bytes, s->sh_addr, 8, image->big);
		put(&image->bytes, s->sh_offset, 8, image->big);
		put(&image->bytes, s->sh_size, 8, image->big);
		put(&image->bytes, s->sh_link, 4, image->big);
		put(&image->bytes, s->sh_info, 4, image->big);
		put(&image->bytes, s->sh_addralign, 8, image->big);
		put(&image->bytes, s->sh_entsize, 8, image->big);
	}
}

/* Fills the space that was left at the start. */
static void write_header(struct image *image, const struct macho *macho, size_t table)
{
	_strbuf_ struct strbuf head = STRBUF_INIT;
	const bool big = image->big;
	const char ident[EI_NIDENT] = { ELFMAG0,    ELFMAG1,
					ELFMAG2,    ELFMAG3,
					ELFCLASS64, big ? ELFDATA2MSB : ELFDATA2LSB,
					EV_CURRENT };

	strbuf_add(&head, ident, sizeof(ident));
	put(&head, ET_EXEC, 2, big);
	put(&head, elf_machine(macho->cputype), 2, big);
	put(&head, EV_CURRENT, 4, big);
	put(&head, 0, 8, big);
	put(&head, 0, 8, big);
	put(&head, table, 8, big);
	put(&head, 0, 4, big);
	put(&head, sizeof(Elf64_Ehdr), 2, big);
	put(&head, 0, 2, big);
	put(&head, 0, 2, big);
	put(&head, sizeof(Elf64_Shdr), 2, big);
	put(&head, image->count, 2, big);
	put(&head, image->count - 1, 2, big);
	if (!head.failed && !image->bytes.failed)
		memcpy(image->bytes.data, head.data, sizeof(Elf64_Ehdr));
}

struct error *dsym_to_elf(struct span bytes, const char *wanted, uint8_t **ret,
			  size_t *size)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	_image_ struct image image = { .count = 0 };
	size_t numbers[SECTION_LIMIT] = { 0 }, table;
	struct error *error = open_slice(bytes, wanted, &macho);

	if (error)
		return error;
	image.big = macho->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	strbuf_pad(&image.bytes, 0, sizeof(Elf64_Ehdr));
	add_section(&image, "", SHT_NULL, NULL, 0);
	add_areas(&image, macho, numbers);
	add_debug_sections(&image, macho);
	add_uuid(&image, macho);
	add_symbols(&image, macho, numbers);
	table = add_section(&image, ".shstrtab", SHT_STRTAB, NULL, 0);
	image.sections[table].sh_size = image.names.length;
	strbuf_add(&image.bytes, image.names.data, image.names.length);
	strbuf_pad(&image.bytes, 0, -image.bytes.length & 7);
	table = image.bytes.length;
	add_headers(&image);
	write_header(&image, macho, table);
	error = strbuf_error(&image.bytes);
	if (error)
		return error;
	*size = image.bytes.length;
	*ret = (uint8_t *)image.bytes.data;
	image.bytes = (struct strbuf)STRBUF_INIT;
	return NULL;
}
