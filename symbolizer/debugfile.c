/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/debugfile.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "readers/macho.h"
#include "symbolizer/demangle.h"
#include "symbolizer/dsym.h"
#include "symbolizer/gsym.h"
#include "symbolizer/index_build.h"
#include "symbolizer/packed.h"
#include "symbolizer/unit.h"

enum {
	/* Units after which libdw's caches are dropped while a large file is indexed. */
	BATCH = 96,
	/* Bytes that a compressed module may become. */
	UNPACKED_LIMIT = 1 << 30,
};

/* Which debug file is taken is decided elsewhere; libdw calls this without asking. */
static int find_no_other(Dwfl_Module *module, void **data, const char *name,
			 Dwarf_Addr base, const char *file, const char *link,
			 GElf_Word checksum, char **found)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)checksum, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = find_no_other,
	.section_address = dwfl_offline_section_address,
};

static struct error *broken(const char *path, const char *why)
{
	return error_new(ERROR_INPUT, "cannot read debug file %s: %s", path, why);
}

/* Replaces @fd by memory that holds the unpacked file. */
static struct error *unpack(const char *path, int *fd)
{
	int unpacked = -1;
	struct error *error = packed_open(path, UNPACKED_LIMIT, &unpacked);

	if (error)
		return error_wrap(error, "cannot read debug file %s", path);
	close(*fd);
	*fd = unpacked;
	return NULL;
}

static void read_build_id(Elf *elf, char ret[64])
{
	const void *bytes = NULL;
	ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);

	ret[0] = 0;
	for (ssize_t i = 0; i < size && i < 31; i++)
		snprintf(ret + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
}

static struct error *open_relocatable(struct debugfile *file)
{
	Dwfl_Module *module;
	GElf_Addr bias;
	int fd = dup(file->fd);

	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl || fd < 0) {
		if (fd >= 0)
			close(fd);
		return error_nomem();
	}
	dwfl_report_begin(file->dwfl);
	module = dwfl_report_offline(file->dwfl, "module", file->path, fd);
	if (!module) {
		close(fd);
		return broken(file->path, dwfl_errmsg(-1));
	}
	dwfl_report_end(file->dwfl, NULL, NULL);
	elf_end(file->elf);
	file->elf = dwfl_module_getelf(module, &bias);
	if (!file->elf)
		return broken(file->path, dwfl_errmsg(-1));
	file->dwarf = dwfl_module_getdwarf(module, &bias);
	return NULL;
}

static struct error *open_elf(struct debugfile *file)
{
	if (!file->image)
		file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF ||
	    !gelf_getehdr(file->elf, &file->ehdr))
		return broken(file->path, "it is not an ELF file");
	read_build_id(file->elf, file->build_id);
	file->relocatable = file->ehdr.e_type == ET_REL;
	if (file->relocatable)
		return open_relocatable(file);
	file->plain = true;
	file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	return NULL;
}

/* A Mach-O file becomes an ELF file in memory. */
static struct error *convert(struct debugfile *file, const char *build_id)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(file->path, &mapping);
	size_t size = 0;

	if (!error)
		error = dsym_to_elf(mapping.bytes, build_id, &file->image, &size);
	if (error)
		return error_wrap(error, "cannot read debug file %s", file->path);
	file->elf = elf_memory((char *)file->image, size);
	return NULL;
}

static bool is_macho(const uint8_t *head)
{
	return macho_recognize((struct span){ head, 8 });
}

struct error *debugfile_open(const char *path, const char *build_id,
			     struct debugfile **ret)
{
	_cleanup_(debugfile_close) struct debugfile *file = calloc(1, sizeof(*file));
	struct error *error = NULL;
	uint8_t head[8] = { 0 };
	struct stat status;

	if (!file)
		return error_nomem();
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return error_errno(errno, "cannot open debug file %s", path);
	file->path = strdup(path);
	if (!file->path)
		return error_nomem();
	if (fstat(file->fd, &status) || !S_ISREG(status.st_mode))
		return broken(path, "it is not a regular file");
	file->size = (uint64_t)status.st_size;
	file->mtime = (uint64_t)status.st_mtim.tv_sec;
	elf_version(EV_CURRENT);
	if (pread(file->fd, head, sizeof(head), 0) > 0 &&
	    packed_recognise(head, sizeof(head)))
		error = unpack(path, &file->fd);
	if (!error && is_macho(head))
		error = convert(file, build_id);
	if (!error)
		error = open_elf(file);
	if (!error)
		*ret = take(file);
	return error;
}

void debugfile_close(struct debugfile *file)
{
	if (!file)
		return;
	if (file->dwfl) {
		dwfl_end(file->dwfl);
	} else {
		dwarf_end(file->dwarf);
		elf_end(file->elf);
	}
	free(file->image);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}

static bool has_section(Elf *elf, const char *wanted)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr section;
		const char *name;

		if (!gelf_getshdr(scn, &section) || section.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, section.sh_name);
		if (name && !strcmp(name, wanted))
			return true;
	}
	return false;
}

static struct error *glance_macho(const char *path, const char *wanted, char build_id[64],
				  bool *lines)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);

	return error ? error : dsym_glance(mapping.bytes, wanted, build_id, lines);
}

static struct error *glance_gsym(const char *path, char build_id[64], bool *lines)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);

	if (!error && !gsym_read_uuid(mapping.bytes, build_id))
		error = broken(path, "its GSYM header is wrong");
	*lines = true;
	return error;
}

struct error *debugfile_glance(const char *path, const char *wanted, char build_id[64],
			       bool *lines)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[8] = { 0 };
	struct error *error = NULL;
	Elf *elf;

	if (fd < 0)
		return error_errno(errno, "cannot open debug file %s", path);
	elf_version(EV_CURRENT);
	if (pread(fd, head, sizeof(head), 0) > 0 && packed_recognise(head, sizeof(head)))
		error = unpack(path, &fd);
	if (!error && gsym_recognise((struct span){ head, sizeof(head) }))
		return glance_gsym(path, build_id, lines);
	if (!error && is_macho(head))
		return glance_macho(path, wanted, build_id, lines);
	if (error)
		return error;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return broken(path, "it is not an ELF file");
	}
	read_build_id(elf, build_id);
	*lines = has_section(elf, ".debug_info");
	elf_end(elf);
	return NULL;
}

bool debugfile_has_lines(const struct debugfile *file)
{
	return file->dwarf != NULL;
}

static bool is_code(const GElf_Shdr *section)
{
	return section->sh_flags & SHF_ALLOC && section->sh_flags & SHF_EXECINSTR &&
	       section->sh_size;
}

static void add_areas(const struct debugfile *file, struct index_builder *builder)
{
	size_t names;
	Elf_Scn *scn = NULL;

	if (elf_getshdrstrndx(file->elf, &names))
		return;
	while ((scn = elf_nextscn(file->elf, scn))) {
		GElf_Shdr section;
		const char *name;

		if (!gelf_getshdr(scn, &section) || !is_code(&section))
			continue;
		name = elf_strptr(file->elf, names, section.sh_name);
		if (name)
			builder_area(builder, name, section.sh_addr, section.sh_size);
	}
}

/* Marks of the linker and of arm's mapping are no names of code. */
static bool is_name(const char *name)
{
	return *name && *name != '$' && *name != '.' && strncmp(name, "__pfx_", 6) &&
	       strncmp(name, "__cfi_", 6) && strncmp(name, "__UNIQUE_ID", 11);
}

/* Sections that hold code, by their number; looked up for every symbol. */
struct code_section {
	uint64_t address, size; /* size 0: no code */
};

static void add_symbol(const struct debugfile *file, const GElf_Sym *symbol,
		       const struct code_section *section, const char *name,
		       struct index_builder *builder)
{
	uint64_t address = symbol->st_value;
	unsigned int type = GELF_ST_TYPE(symbol->st_info);
	_free_ char *plain = NULL;

	if ((type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC) ||
	    !is_name(name))
		return;
	if (file->ehdr.e_type == ET_REL)
		address += section->address;
	if (file->ehdr.e_machine == EM_ARM)
		address &= ~(uint64_t)1;
	if (address - section->address >= section->size)
		return;
	plain = demangle(name);
	builder_symbol(builder, plain ? plain : name, address, symbol->st_size);
}

/* One for each section; owned by the caller. */
static struct code_section *find_code(const struct debugfile *file, size_t *count)
{
	struct code_section *sections;

	if (elf_getshdrnum(file->elf, count))
		return NULL;
	sections = calloc(*count + 1, sizeof(*sections));
	for (size_t i = 0; sections && i < *count; i++) {
		GElf_Shdr section;

		if (gelf_getshdr(elf_getscn(file->elf, i), &section) && is_code(&section))
			sections[i] =
				(struct code_section){ section.sh_addr, section.sh_size };
	}
	return sections;
}

static void add_table(const struct debugfile *file, Elf_Scn *scn,
		      const GElf_Shdr *section, const struct code_section *code,
		      size_t code_count, struct index_builder *builder)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	Elf_Scn *names = elf_getscn(file->elf, section->sh_link);
	Elf_Data *text = names ? elf_getdata(names, NULL) : NULL;

	if (!data || !text || !text->d_buf || !section->sh_entsize)
		return;
	for (size_t i = 1; i < section->sh_size / section->sh_entsize; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		if (symbol.st_shndx >= SHN_LORESERVE || symbol.st_shndx >= code_count ||
		    !code[symbol.st_shndx].size || symbol.st_name >= text->d_size)
			continue;
		name = (const char *)text->d_buf + symbol.st_name;
		if (memchr(name, 0, text->d_size - symbol.st_name))
			add_symbol(file, &symbol, &code[symbol.st_shndx], name, builder);
	}
}

static void add_symbols(const struct debugfile *file, struct index_builder *builder)
{
	size_t count = 0;
	_free_ struct code_section *code = find_code(file, &count);
	Elf_Scn *scn = NULL;
	GElf_Shdr section;

	while (code && (scn = elf_nextscn(file->elf, scn)))
		if (gelf_getshdr(scn, &section) && section.sh_type == SHT_SYMTAB)
			add_table(file, scn, &section, code, count, builder);
}

static struct index_header make_header(const struct debugfile *file)
{
	struct index_header head = { .machine = file->ehdr.e_machine,
				     .source_size = file->size,
				     .source_mtime = file->mtime,
				     .relocatable = file->relocatable };

	snprintf(head.build_id, sizeof(head.build_id), "%s", file->build_id);
	return head;
}

static struct error *wrap_built(const struct debugfile *file,
				struct index_builder *builder, struct index **ret)
{
	struct index_header head = make_header(file);
	uint8_t *bytes;
	size_t size;
	struct error *error = index_builder_finish(builder, &head, &bytes, &size);

	return error ? error : index_wrap(bytes, size, ret);
}

struct error *debugfile_make_symbols(struct debugfile *file, struct index **ret)
{
	_cleanup_(index_builder_destroy) struct index_builder *builder = NULL;
	struct error *error = index_builder_create(&builder);

	if (error)
		return error;
	index_builder_do_not_compare(builder);
	add_areas(file, builder);
	add_symbols(file, builder);
	return wrap_built(file, builder, ret);
}

/*
 * Adds at most BATCH units from *@next on, through @dwarf; *@next becomes 0 at the end.
 */
static struct error *add_units(Dwarf *dwarf, struct index_builder *builder,
			       Dwarf_Off *next)
{
	for (int i = 0; i < BATCH; i++) {
		Dwarf_Off offset = *next;
		struct error *error;
		size_t header;
		Dwarf_Die cu;

		if (dwarf_next_unit(dwarf, offset, next, &header, NULL, NULL, NULL, NULL,
				    NULL, NULL)) {
			*next = 0;
			return NULL;
		}
		if (!dwarf_offdie(dwarf, offset + header, &cu))
			continue;
		error = unit_add(&cu, builder);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *add_all_units(struct debugfile *file, struct index_builder *builder)
{
	struct error *error = NULL;
	Dwarf_Off next = 0;

	do {
		Dwarf *dwarf = file->plain
				       ? dwarf_begin_elf(file->elf, DWARF_C_READ, NULL)
				       : file->dwarf;

		if (!dwarf)
			return broken(file->path, dwarf_errmsg(-1));
		error = add_units(dwarf, builder, &next);
		if (file->plain)
			dwarf_end(dwarf);
	} while (next && !error);
	return error;
}

struct error *debugfile_make_index(struct debugfile *file, uint8_t **bytes, size_t *size)
{
	_cleanup_(index_builder_destroy) struct index_builder *builder = NULL;
	struct index_header head = make_header(file);
	struct error *error = index_builder_create(&builder);

	if (error)
		return error;
	add_areas(file, builder);
	add_symbols(file, builder);
	if (file->dwarf)
		error = add_all_units(file, builder);
	return error ? error : index_builder_finish(builder, &head, bytes, size);
}

/* For what has no .debug_aranges (clang, Rust): asks every unit for its ranges. */
static bool search_units(Dwarf *dwarf, uint64_t address, Dwarf_Die *ret)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	for (; !dwarf_next_unit(dwarf, offset, &next, &header, NULL, NULL, NULL, NULL,
				NULL, NULL);
	     offset = next)
		if (dwarf_offdie(dwarf, offset + header, ret) &&
		    dwarf_haspc(ret, address) > 0)
			return true;
	return false;
}

bool debugfile_unit_at(struct debugfile *file, uint64_t address, Dwarf_Die *ret)
{
	return file->dwarf && (dwarf_addrdie(file->dwarf, address, ret) ||
			       search_units(file->dwarf, address, ret));
}

struct error *debugfile_make_function(struct debugfile *file, uint64_t address,
				      struct unit_range *range, struct index **ret)
{
	_cleanup_(index_builder_destroy) struct index_builder *builder = NULL;
	struct error *error;
	Dwarf_Die cu;

	*ret = NULL;
	if (!debugfile_unit_at(file, address, &cu))
		return NULL;
	error = index_builder_create(&builder);
	if (!error)
		error = unit_add_function(&cu, address, builder, range);
	/* Code without a function shares an index with the rest of its unit. */
	if (!error && range->end == UINT64_MAX)
		unit_bounds(&cu, address, range);
	return error ? error : wrap_built(file, builder, ret);
}
