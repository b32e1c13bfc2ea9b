/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a Mach-O file before any slice is read: fat headers and names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

#include "readers/macho.h"

enum {
	FAT_MAGIC = 0xcafebabe,
	FAT_MAGIC_64 = 0xcafebabf,
	/*
	 * A Java class has the same magic and its version (45 and up) where the count of
	 * architectures is; no file here has so many of them.
	 */
	FAT_LIMIT = 40,
	SUBTYPE_FLAGS = (int)0xff000000,
};

static const uint8_t thin_magics[][4] = {
	{ 0xfe, 0xed, 0xfa, 0xce },
	{ 0xfe, 0xed, 0xfa, 0xcf },
	{ 0xce, 0xfa, 0xed, 0xfe },
	{ 0xcf, 0xfa, 0xed, 0xfe },
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static bool is_thin(struct span bytes)
{
	for (size_t i = 0; i < ARRAY_LENGTH(thin_magics); i++)
		if (span_starts_with(bytes, thin_magics[i], 4))
			return true;
	return false;
}

static bool is_fat(struct span bytes)
{
	return bytes.size >= 8 &&
	       (be32(bytes.data) == FAT_MAGIC || be32(bytes.data) == FAT_MAGIC_64) &&
	       be32(bytes.data + 4) < FAT_LIMIT;
}

bool macho_recognize(struct span bytes)
{
	return is_thin(bytes) || is_fat(bytes);
}

void macho_file_close(struct macho_file *file)
{
	free(file->slices);
	*file = (struct macho_file){ 0 };
}

static struct error *read_slice(struct span bytes, const uint8_t *entry, bool wide,
				size_t index, struct macho_slice *ret)
{
	uint64_t size;

	ret->cputype = be32(entry);
	ret->cpusubtype = be32(entry + 4);
	ret->offset = wide ? be64(entry + 8) : be32(entry + 8);
	size = wide ? be64(entry + 16) : be32(entry + 12);
	if (!span_slice(bytes, ret->offset, size, &ret->bytes))
		return error_new(ERROR_INPUT,
				 "fat header: slice %zu (%llu bytes at %llu) leaves the "
				 "file of %zu bytes",
				 index, (unsigned long long)size,
				 (unsigned long long)ret->offset, bytes.size);
	if (is_fat(ret->bytes))
		return error_new(ERROR_INPUT, "fat header: slice %zu is itself fat",
				 index);
	return NULL;
}

static struct error *compare_slices(const struct macho_slice *a,
				    const struct macho_slice *b)
{
	char name[MACHO_ARCH_SIZE];

	if (a->cputype == b->cputype &&
	    (a->cpusubtype & ~SUBTYPE_FLAGS) == (b->cpusubtype & ~SUBTYPE_FLAGS))
		return error_new(ERROR_INPUT, "fat header: two slices for %s",
				 macho_arch_name(a->cputype, a->cpusubtype, name));
	if (a->bytes.size && b->bytes.size && a->offset < b->offset + b->bytes.size &&
	    b->offset < a->offset + a->bytes.size)
		return error_new(ERROR_INPUT,
				 "fat header: slices at %llu and %llu overlap",
				 (unsigned long long)a->offset,
				 (unsigned long long)b->offset);
	return NULL;
}

static struct error *read_fat(struct span bytes, struct macho_file *file)
{
	bool wide = be32(bytes.data) == FAT_MAGIC_64;
	size_t count = be32(bytes.data + 4), entry = wide ? 32 : 20;
	struct error *error = NULL;

	if (count == 0)
		return error_new(ERROR_INPUT, "fat header: no slices");
	if (bytes.size < 8 + count * entry)
		return error_new(ERROR_INPUT, "fat header: cut off after %zu bytes",
				 bytes.size);
	file->slices = calloc(count, sizeof(*file->slices));
	if (!file->slices)
		return error_nomem();
	file->fat = true;
	file->count = count;
	for (size_t i = 0; i < count && !error; i++) {
		error = read_slice(bytes, bytes.data + 8 + i * entry, wide, i,
				   &file->slices[i]);
		for (size_t j = 0; j < i && !error; j++)
			error = compare_slices(&file->slices[j], &file->slices[i]);
	}
	if (error)
		macho_file_close(file);
	return error;
}

struct error *macho_file_open(struct span bytes, struct macho_file *ret)
{
	struct macho_file file = { 0 };
	struct macho_slice *only;
	bool big;

	if (is_fat(bytes)) {
		struct error *error = read_fat(bytes, &file);

		if (!error)
			*ret = file;
		return error;
	}
	if (!is_thin(bytes))
		return error_new(ERROR_INPUT, "not a Mach-O file");
	if (bytes.size < 28)
		return error_new(ERROR_INPUT, "Mach-O header cut off after %zu bytes",
				 bytes.size);
	only = calloc(1, sizeof(*only));
	if (!only)
		return error_nomem();
	big = bytes.data[0] == 0xfe;
	only->bytes = bytes;
	only->cputype = be32(bytes.data + 4);
	only->cpusubtype = be32(bytes.data + 8);
	if (!big) {
		only->cputype = __builtin_bswap32(only->cputype);
		only->cpusubtype = __builtin_bswap32(only->cpusubtype);
	}
	*ret = (struct macho_file){ .slices = only, .count = 1 };
	return NULL;
}

const char *macho_arch_name(uint32_t cputype, uint32_t cpusubtype,
			    char buffer[MACHO_ARCH_SIZE])
{
	static const struct {
		uint32_t type, subtype;
		const char *name;
	} special[] = {
		{ MACHO_CPU_X86_64, 8, "x86_64h" },
		{ MACHO_CPU_ARM64, 2, "arm64e" },
	}, names[] = {
		{ MACHO_CPU_I386, 0, "i386" },	 { MACHO_CPU_X86_64, 0, "x86_64" },
		{ MACHO_CPU_ARM, 0, "arm" },	 { MACHO_CPU_ARM64, 0, "arm64" },
		{ MACHO_CPU_PPC, 0, "ppc" },	 { MACHO_CPU_PPC64, 0, "ppc64" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(special); i++)
		if (special[i].type == cputype &&
		    special[i].subtype == (cpusubtype & ~SUBTYPE_FLAGS))
			return special[i].name;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (names[i].type == cputype)
			return names[i].name;
	snprintf(buffer, MACHO_ARCH_SIZE, "cpu %u", cputype);
	return buffer;
}

const char *macho_type_name(uint32_t filetype, char buffer[MACHO_ARCH_SIZE])
{
	static const char *const names[] = {
		[MACHO_OBJECT] = "object",
		[MACHO_EXECUTE] = "program",
		[3] = "fixed library",
		[MACHO_CORE] = "core",
		[5] = "preloaded program",
		[MACHO_DYLIB] = "dynamic library",
		[7] = "dynamic linker",
		[MACHO_BUNDLE] = "user-land bundle",
		[9] = "library stub",
		[MACHO_DSYM] = "dSYM companion",
		[MACHO_KEXT_BUNDLE] = "kext bundle",
		[MACHO_FILESET] = "file set",
	};

	if (filetype < ARRAY_LENGTH(names) && names[filetype])
		return names[filetype];
	snprintf(buffer, MACHO_ARCH_SIZE, "type %u", filetype);
	return buffer;
}

const char *macho_version_text(struct macho_version version, char buffer[24])
{
	unsigned int major = version.packed >> 16, minor = version.packed >> 8 & 0xff,
		     patch = version.packed & 0xff;

	if (patch)
		snprintf(buffer, 24, "%u.%u.%u", major, minor, patch);
	else
		snprintf(buffer, 24, "%u.%u", major, minor);
	return buffer;
}
