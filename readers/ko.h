/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux kernel module: ELF, modinfo, what it imports and exports, its versions and
 * its appended signature. Sources: kernel/module/main.c, scripts/mod/modpost.c,
 * include/linux/export.h, include/linux/module_signature.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"
#include "readers/elf.h"
#include "readers/modinfo.h"

struct ko_import {
	const char *name;
	bool weak;
	bool has_crc;
	uint32_t crc;
};

struct ko_export {
	const char *name;
	const char *space; /* namespace, "" for none */
	bool gpl;
	bool has_crc;
	uint32_t crc;
};

enum ko_signature_state {
	KO_UNSIGNED,
	KO_SIGNED,
	KO_SIGNATURE_BROKEN,   /* the trailer is there, its lengths make no sense */
	KO_SIGNATURE_NOT_LAST, /* bytes follow the marker, or it lies inside the ELF */
};

struct ko_signature {
	enum ko_signature_state state;
	struct span pkcs7;   /* the message; empty unless KO_SIGNED */
	uint64_t offset;     /* of the marker */
	bool has_attributes; /* signed ones, which name the digest */
	char hash[16];	     /* "sha256"; "" when not understood */
	char signer[128];    /* common name of the issuer; "" when not named */
};

struct ko {
	struct span bytes; /* of the whole (unpacked) file */
	struct span body;  /* without the signature */
	struct elf *elf;
	struct modinfo info;
	bool has_info; /* a .modinfo section is there */
	struct elf_table symbols;
	bool has_symbols;
	uint32_t *symbol_sections; /* of each symbol, for loops over relocations */
	struct ko_import *imports; /* sorted by name */
	size_t import_count, import_capacity;
	struct ko_export *exports; /* sorted by name */
	size_t export_count, export_capacity;
	size_t common_count; /* SHN_COMMON symbols */
	bool has_versions, has_extended_versions;
	bool versions_broken;
	struct ko_signature signature;
};

/*
 * Reads a module; the bytes must outlive it. Fails with ERROR_INPUT when the file is no
 * relocatable ELF, or is cut or contradicts itself.
 */
struct error *ko_create(const char *name, struct span bytes, struct ko **ret);
void ko_destroy(struct ko *ko);
CLEANUP_DEFINE(struct ko, ko_destroy)

/* The value of a modinfo field, or NULL. */
const char *ko_info(const struct ko *ko, const char *key);

/* The section of a relocation's symbol; SHN_UNDEF when there is no such symbol. */
static inline uint32_t ko_section_of(const struct ko *ko, const struct elf_relocation *r)
{
	return r->symbol < ko->symbols.count ? ko->symbol_sections[r->symbol] : 0;
}

/* By name, or NULL. */
const struct ko_import *ko_find_import(const struct ko *ko, const char *name);
const struct ko_export *ko_find_export(const struct ko *ko, const char *name);

/* Whether the kernel takes the license for GPL-compatible (include/linux/license.h). */
bool license_is_gpl(const char *license);

/* The release in a vermagic: its length up to the first blank. */
size_t vermagic_release(const char *vermagic);

/* "/lib/modules/…/refdrv-net.ko.xz" -> "refdrv_net", malloc'ed; NULL: out of memory. */
char *ko_name_of_path(const char *path);

/* Fills hash and signer of a PKCS#7 signature; unknown parts stay "". */
void ko_signature_describe(struct span pkcs7, struct ko_signature *ret);
