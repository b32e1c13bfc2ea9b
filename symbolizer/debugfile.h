/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with symbols or DWARF, opened through libelf, libdw and (relocatable files:
 * kernel modules) libdwfl. Relocatable files get a layout of their own in which every
 * section has its own addresses.
 */
#pragma once

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct index;
struct index_builder;
struct unit_range;

struct debugfile {
	char *path;
	Elf *elf;
	Dwarf *dwarf;	/* NULL: no DWARF in it */
	Dwfl *dwfl;	/* relocatable files only */
	uint8_t *image; /* Mach-O: the ELF file made of it */
	int fd;
	char build_id[64]; /* hex, "" when there is none */
	uint64_t size, mtime;
	GElf_Ehdr ehdr;
	bool relocatable;
	bool plain; /* relocations are not to be applied: several Dwarfs may be opened */
};

/*
 * ELF, also compressed by xz, zstd or gzip (as modules are), and Mach-O, where @build_id
 * (may be NULL) chooses the architecture of a fat file.
 */
struct error *debugfile_open(const char *path, const char *build_id,
			     struct debugfile **ret);
void debugfile_close(struct debugfile *file);
CLEANUP_DEFINE(struct debugfile, debugfile_close)

/*
 * Only the build-id ("" when there is none) and whether there is DWARF, without opening
 * everything. @wanted (may be NULL) chooses the architecture of a fat Mach-O file.
 */
struct error *debugfile_glance(const char *path, const char *wanted, char build_id[64],
			       bool *lines);

/* Whether there are lines to be had. */
bool debugfile_has_lines(const struct debugfile *file);

/* The whole index. @bytes is from malloc. */
struct error *debugfile_make_index(struct debugfile *file, uint8_t **bytes, size_t *size);

/* An index of areas and symbols alone. */
struct error *debugfile_make_symbols(struct debugfile *file, struct index **ret);

/* The unit that holds @address; false when there is no DWARF of it. */
bool debugfile_unit_at(struct debugfile *file, uint64_t address, Dwarf_Die *ret);

/*
 * An index of the function that holds @address alone, for a few lookups without a whole
 * index; @range is where it may be asked. Code without a function (assembly) gets the
 * whole unit. NULL in @ret: no unit holds it.
 */
struct error *debugfile_make_function(struct debugfile *file, uint64_t address,
				      struct unit_range *range, struct index **ret);
