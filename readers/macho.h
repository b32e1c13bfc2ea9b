/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mach-O: thin and fat, 32 and 64 bit, both byte orders, as kernel extensions and their
 * dSYMs use it. Foreign bytes: every offset and count is checked before use, work and
 * memory are bounded by the file's size.
 *
 * Formats: <mach-o/loader.h>, <mach-o/fat.h>, <mach-o/nlist.h>, <mach-o/reloc.h>,
 * <mach-o/fixup-chains.h> of Apple's published cctools and dyld.
 *
 * Nothing is copied: names and spans point into the bytes given, which must outlive all
 * that is made from them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct error;

enum macho_cpu {
	MACHO_CPU_I386 = 7,
	MACHO_CPU_ARM = 12,
	MACHO_CPU_PPC = 18,
	MACHO_CPU_X86_64 = 0x01000007,
	MACHO_CPU_ARM64 = 0x0100000c,
	MACHO_CPU_PPC64 = 0x01000012,
};

enum macho_type {
	MACHO_OBJECT = 1,
	MACHO_EXECUTE = 2,
	MACHO_CORE = 4,
	MACHO_DYLIB = 6,
	MACHO_BUNDLE = 8,
	MACHO_DSYM = 10,
	MACHO_KEXT_BUNDLE = 11,
	MACHO_FILESET = 12,
};

/* One architecture of a file; a thin file has exactly one. */
struct macho_slice {
	uint32_t cputype, cpusubtype;
	uint64_t offset; /* in the file */
	struct span bytes;
};

struct macho_file {
	bool fat;
	struct macho_slice *slices;
	size_t count;
};

/* Whether the first bytes are those of a Mach-O file; a Java class file is none. */
bool macho_recognize(struct span bytes);

/*
 * Lists the slices. Slices that leave the file, overlap or name one architecture twice
 * are errors, and so are fat files within fat files.
 */
struct error *macho_file_open(struct span bytes, struct macho_file *ret);
void macho_file_close(struct macho_file *file);
#define _macho_file_ __attribute__((cleanup(macho_file_close)))

/* "x86_64", "arm64e" …; "cpu 23" (in @buffer) for what has no name. */
enum { MACHO_ARCH_SIZE = 32 };
const char *macho_arch_name(uint32_t cputype, uint32_t cpusubtype,
			    char buffer[MACHO_ARCH_SIZE]);
/* "kext bundle", "object" …; "type 42" (in @buffer). */
const char *macho_type_name(uint32_t filetype, char buffer[MACHO_ARCH_SIZE]);

struct macho_segment {
	char name[17];
	uint64_t address, size; /* in memory */
	uint64_t offset, filesize;
	uint32_t maxprot, initprot, flags;
	size_t first_section, section_count;
};

struct macho_section {
	char name[17], segment[17];
	uint64_t address, size;
	uint32_t offset; /* in the slice; 0 for what is zero-filled */
	uint32_t align;	 /* power of two */
	uint32_t relocation_offset, relocation_count;
	uint32_t flags;
	struct span bytes; /* empty for zero-filled sections and those cut off */
};

/* Whether the section takes no bytes of the file. */
bool macho_section_zerofill(const struct macho_section *section);

enum {
	MACHO_N_STAB = 0xe0, /* bits of macho_symbol.type */
	MACHO_N_PEXT = 0x10,
	MACHO_N_TYPE = 0x0e,
	MACHO_N_EXT = 0x01,
	MACHO_N_UNDF = 0x0, /* values of its N_TYPE part */
	MACHO_N_ABS = 0x2,
	MACHO_N_INDR = 0xa,
	MACHO_N_PBUD = 0xc,
	MACHO_N_SECT = 0xe,
	MACHO_WEAK_REF = 0x40, /* bits of macho_symbol.desc */
	MACHO_WEAK_DEF = 0x80,
};

struct macho_symbol {
	const char *name; /* "" when it lies outside the string table */
	uint8_t type;
	uint8_t section; /* 1-based, 0: none */
	uint16_t desc;
	uint64_t value;
};

/* A version as load commands pack it: xxxx.yy.zz. */
struct macho_version {
	uint32_t packed;
};

struct macho_library {
	const char *name; /* LC_LOAD_DYLIB and its kin */
	uint32_t command;
};

struct macho_problem {
	uint64_t offset; /* in the slice */
	char *text;
};

struct macho {
	struct span bytes;
	bool swapped; /* against this machine */
	bool is64;
	uint32_t cputype, cpusubtype, filetype, flags;
	uint32_t command_count;

	struct macho_segment *segments;
	size_t segment_count, segment_capacity;
	struct macho_section *sections;
	size_t section_count, section_capacity;
	struct macho_library *libraries;
	size_t library_count, library_capacity;

	struct span symbols, strings; /* of LC_SYMTAB, for macho_symbol() */
	size_t symbol_count;
	struct span external_relocations, local_relocations; /* of LC_DYSYMTAB */
	struct span bind_opcodes, lazy_bind_opcodes, weak_bind_opcodes;
	struct span chained_fixups;
	struct span exports_trie;
	struct span function_starts;

	uint8_t uuid[16];
	bool has_uuid;
	bool has_code_signature;
	struct span code_signature;
	bool encrypted;
	uint32_t platform;		    /* 1: macOS; 0: not said */
	struct macho_version minimum, sdk;  /* 0: not said */
	struct macho_version clang, linker; /* of LC_BUILD_VERSION's tools, 0: none */
	uint64_t source_version;	    /* A.B.C.D.E as 24.10.10.10.10 bits */
	bool has_main, has_dylinker;	    /* marks of user land */

	struct macho_problem *problems; /* what is broken but did not stop the reader */
	size_t problem_count, problem_capacity;
};

/*
 * Reads header and load commands of one slice. What cannot be understood at all is an
 * error; a command that is broken is noted in `problems` and left out.
 */
struct error *macho_create(struct span slice, struct macho **ret);
void macho_destroy(struct macho *macho);
CLEANUP_DEFINE(struct macho, macho_destroy)

/*
 * The terminated name at @offset, NULL when there is none of at most 16 KiB: tables whose
 * every entry shares one endless string take no more than linear time.
 */
const char *macho_name(struct span names, uint64_t offset);

/* Entry @index of the symbol table. */
bool macho_symbol(const struct macho *macho, size_t index, struct macho_symbol *ret);

const struct macho_segment *macho_find_segment(const struct macho *macho,
					       const char *name);
/* @segment NULL: in any. */
const struct macho_section *macho_find_section(const struct macho *macho,
					       const char *segment, const char *name);

/*
 * The bytes that are at @address when loaded, up to the end of the section (of the
 * segment, where there is no section). False for zero-filled and unmapped addresses.
 */
bool macho_at_address(const struct macho *macho, uint64_t address, struct span *ret);

/* Numbers of the slice's byte order and pointer size. */
uint16_t macho_u16(const struct macho *macho, const void *bytes);
uint32_t macho_u32(const struct macho *macho, const void *bytes);
uint64_t macho_u64(const struct macho *macho, const void *bytes);
bool macho_pointer_at(const struct macho *macho, uint64_t address, uint64_t *ret);
static inline unsigned int macho_pointer_size(const struct macho *macho)
{
	return macho->is64 ? 8 : 4;
}

/* "10.15", "11.3.1" into @buffer. */
const char *macho_version_text(struct macho_version version, char buffer[24]);

/* The kmod_info structure that makes a kext loadable; <mach/kmod.h>. */
struct macho_kmod {
	uint64_t address;
	char name[65], version[65];
};

/* False when there is no such symbol, or it lies outside what the file holds. */
bool macho_kmod_info(const struct macho *macho, struct macho_kmod *ret);

/* A place that refers to something else once the kext is linked. */
enum macho_reference {
	MACHO_REFERENCE_POINTER, /* whole pointer in data */
	MACHO_REFERENCE_BRANCH,	 /* call or jump */
	MACHO_REFERENCE_OTHER,	 /* other instruction operands */
};

struct macho_fixup {
	uint64_t address;
	enum macho_reference kind;
	bool weak;	    /* by a chained or bound import */
	const char *symbol; /* NULL: a place in this slice, at @target */
	uint64_t target;
};

struct macho_fixups {
	struct macho_fixup *items; /* sorted by address */
	size_t count, capacity;
	bool incomplete; /* chains or tables were cut off */
};

/*
 * All references, from section relocations (objects), LC_DYSYMTAB (kext bundles),
 * binding opcodes and chained fixups, whichever the slice has.
 */
struct error *macho_fixups_read(const struct macho *macho, struct macho_fixups *ret);
void macho_fixups_deinit(struct macho_fixups *fixups);
#define _macho_fixups_ __attribute__((cleanup(macho_fixups_deinit)))

/* The first fixup at or above @address, as an index; count when there is none. */
size_t macho_fixups_find(const struct macho_fixups *fixups, uint64_t address);

/* Names that chained fixups import, also where the symbol table is gone. */
struct macho_import {
	const char *name;
	bool weak;
};
struct error *macho_chained_imports(const struct macho *macho, struct macho_import **ret,
				    size_t *count);

/* What the export trie offers. */
struct macho_export {
	char *name;
	uint64_t address; /* when loaded; 0 for what comes from elsewhere */
	bool weak, elsewhere;
};

struct macho_exports {
	struct macho_export *items; /* sorted by name */
	size_t count, capacity;
	bool incomplete; /* the trie is cut off, goes round in circles, or is too deep */
};

/* Empty where there is no trie, as in most kexts. */
struct error *macho_exports_read(const struct macho *macho, struct macho_exports *ret);
void macho_exports_deinit(struct macho_exports *exports);
#define _macho_exports_ __attribute__((cleanup(macho_exports_deinit)))

/* Addresses of LC_FUNCTION_STARTS, ascending; owned by the caller, NULL when none. */
struct error *macho_function_starts(const struct macho *macho, uint64_t **ret,
				    size_t *count);
