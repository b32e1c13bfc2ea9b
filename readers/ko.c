/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/ko.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

enum {
	VERSION_NAME = 56, /* MODULE_NAME_LEN of a 64-bit kernel: crc 8 + name 56 */
	SIGNATURE_INFO = 12,
};

static const char signature_marker[] = "~Module signature appended~\n";
enum { MARKER = sizeof(signature_marker) - 1 };

/* The trailer: …ELF…, PKCS#7, struct module_signature, marker. */
static void read_signature(struct ko *ko)
{
	struct ko_signature *s = &ko->signature;
	const uint8_t *info, *found;
	struct span all = ko->bytes;
	uint32_t length;

	ko->body = all;
	if (all.size < MARKER)
		return;
	if (memcmp(all.data + all.size - MARKER, signature_marker, MARKER)) {
		/* the last 4 KiB: where a marker stands that something follows */
		size_t from = all.size > 4096 ? all.size - 4096 : 0;

		found = memmem(all.data + from, all.size - from, signature_marker,
			       MARKER);
		if (found) {
			s->state = KO_SIGNATURE_NOT_LAST;
			s->offset = found - all.data;
		}
		return;
	}
	s->offset = all.size - MARKER;
	s->state = KO_SIGNATURE_BROKEN;
	if (all.size < MARKER + SIGNATURE_INFO)
		return;
	info = all.data + all.size - MARKER - SIGNATURE_INFO;
	length = (uint32_t)info[8] << 24 | info[9] << 16 | info[10] << 8 | info[11];
	/* algo, hash, id_type (2: PKCS#7), signer_len, key_id_len must be 0, 0, 2, 0, 0
	 */
	if (info[2] != 2 || info[3] || info[4] ||
	    length > all.size - MARKER - SIGNATURE_INFO)
		return;
	s->state = KO_SIGNED;
	ko->body.size = all.size - MARKER - SIGNATURE_INFO - length;
	s->pkcs7 = (struct span){ all.data + ko->body.size, length };
}

static struct error *add_import(struct ko *ko, const struct elf_symbol *symbol)
{
	if (!array_grow(ko->imports, ko->import_count, ko->import_capacity))
		return error_nomem();
	ko->imports[ko->import_count++] =
		(struct ko_import){ .name = symbol->name,
				    .weak = symbol->bind == STB_WEAK };
	return NULL;
}

static const char *section_name(const struct elf *elf, uint32_t index)
{
	return index < elf->section_count ? elf->sections[index].name : "";
}

static struct error *add_export(struct ko *ko, const struct elf_symbol *symbol)
{
	const char *section = section_name(ko->elf, symbol->section);

	if (!array_grow(ko->exports, ko->export_count, ko->export_capacity))
		return error_nomem();
	ko->exports[ko->export_count++] =
		(struct ko_export){ .name = symbol->name + strlen("__ksymtab_"),
				    .space = "",
				    .gpl = !strncmp(section, "___ksymtab_gpl", 14) ||
					   !strncmp(section, "__ksymtab_gpl", 13) };
	return NULL;
}

static int compare_imports(const void *a, const void *b)
{
	const struct ko_import *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_exports(const void *a, const void *b)
{
	const struct ko_export *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const struct ko_export *ko_find_export(const struct ko *ko, const char *name)
{
	struct ko_export key = { .name = name };

	return ko->export_count ? bsearch(&key, ko->exports, ko->export_count,
					  sizeof(key), compare_exports)
				: NULL;
}

/* __crc_NAME is the CRC itself, or (newer) stands where the CRC lies. */
static void take_crc(struct ko *ko, const struct elf_symbol *symbol)
{
	struct ko_export *export =
		(struct ko_export *)ko_find_export(ko, symbol->name + strlen("__crc_"));
	struct span bytes;
	uint64_t crc = symbol->value;

	if (!export)
		return;
	if (symbol->section != SHN_ABS) {
		if (symbol->section >= ko->elf->section_count ||
		    !elf_bytes(ko->elf, &ko->elf->sections[symbol->section], &bytes) ||
		    !elf_integer(ko->elf, bytes, symbol->value, 4, &crc))
			return;
	}
	export->crc = crc;
	export->has_crc = true;
}

static void take_space(struct ko *ko, const struct elf_symbol *symbol)
{
	struct ko_export *export = (struct ko_export *)ko_find_export(
		ko, symbol->name + strlen("__kstrtabns_"));
	struct span bytes;
	const char *text;

	if (!export || symbol->section >= ko->elf->section_count ||
	    !elf_bytes(ko->elf, &ko->elf->sections[symbol->section], &bytes))
		return;
	text = span_string(bytes, symbol->value);
	if (text)
		export->space = text;
}

static struct error *read_symbols(struct ko *ko)
{
	bool marks = false;
	struct error *error = NULL;
	struct elf_symbol symbol;

	ko->symbol_sections = calloc(ko->symbols.count + 1, sizeof(*ko->symbol_sections));
	if (!ko->symbol_sections)
		return error_nomem();
	for (size_t i = 1; !error && i < ko->symbols.count; i++) {
		if (!elf_symbol_at(&ko->symbols, i, &symbol))
			break;
		ko->symbol_sections[i] = symbol.section;
		ko->common_count += symbol.section == SHN_COMMON;
		if (symbol.section == SHN_UNDEF && *symbol.name) {
			error = add_import(ko, &symbol);
		} else if (symbol.name[0] == '_' && symbol.name[1] == '_') {
			if (!strncmp(symbol.name, "__ksymtab_", 10) &&
			    symbol.section != SHN_UNDEF)
				error = add_export(ko, &symbol);
			marks |= !strncmp(symbol.name, "__crc_", 6) ||
				 !strncmp(symbol.name, "__kstrtabns_", 12);
		}
	}
	if (ko->import_count)
		qsort(ko->imports, ko->import_count, sizeof(*ko->imports),
		      compare_imports);
	if (ko->export_count)
		qsort(ko->exports, ko->export_count, sizeof(*ko->exports),
		      compare_exports);
	for (size_t i = 1; !error && marks && i < ko->symbols.count; i++) {
		if (!elf_symbol_at(&ko->symbols, i, &symbol))
			break;
		if (!strncmp(symbol.name, "__crc_", 6))
			take_crc(ko, &symbol);
		else if (!strncmp(symbol.name, "__kstrtabns_", 12))
			take_space(ko, &symbol);
	}
	return error;
}

const struct ko_import *ko_find_import(const struct ko *ko, const char *name)
{
	struct ko_import key = { .name = name };

	return ko->import_count ? bsearch(&key, ko->imports, ko->import_count,
					  sizeof(key), compare_imports)
				: NULL;
}

static void set_crc(struct ko *ko, const char *name, uint32_t crc)
{
	struct ko_import *import = (struct ko_import *)ko_find_import(ko, name);

	if (import) {
		import->crc = crc;
		import->has_crc = true;
	}
}

/* module_layout is needed by every module, but no symbol table names it. */
static struct error *add_version(struct ko *ko, const char *name, uint32_t crc)
{
	size_t at = 0;

	if (strcmp(name, "module_layout")) {
		set_crc(ko, name, crc);
		return NULL;
	}
	if (ko_find_import(ko, name))
		return NULL;
	if (!array_grow(ko->imports, ko->import_count, ko->import_capacity))
		return error_nomem();
	while (at < ko->import_count && strcmp(ko->imports[at].name, name) < 0)
		at++;
	memmove(&ko->imports[at + 1], &ko->imports[at],
		(ko->import_count - at) * sizeof(*ko->imports));
	ko->import_count++;
	ko->imports[at] = (struct ko_import){ .name = name, .has_crc = true, .crc = crc };
	return NULL;
}

/* struct modversion_info: an unsigned long and a name cut at what is left of 64 bytes. */
static struct error *read_versions(struct ko *ko, const struct elf_section *section)
{
	size_t word = ko->elf->elf_class == ELFCLASS64 ? 8 : 4;
	struct error *error = NULL;
	struct span bytes;

	ko->has_versions = true;
	if (!elf_bytes(ko->elf, section, &bytes) || bytes.size % 64) {
		ko->versions_broken = true;
		return NULL;
	}
	for (size_t at = 0; !error && at < bytes.size; at += 64) {
		struct span name = { bytes.data + at + word, 64 - word };
		const char *text = span_string(name, 0);
		uint64_t crc = 0;

		if (!text || !elf_integer(ko->elf, bytes, at, word, &crc)) {
			ko->versions_broken = true;
			continue;
		}
		error = add_version(ko, text, crc);
	}
	return error;
}

/* Two parallel arrays, of CRCs and of terminated names (since 6.14). */
static struct error *read_extended(struct ko *ko, const struct elf_section *crcs,
				   const struct elf_section *names)
{
	struct error *error = NULL;
	struct span numbers, texts;
	size_t at = 0;

	ko->has_extended_versions = true;
	if (!elf_bytes(ko->elf, crcs, &numbers) || !elf_bytes(ko->elf, names, &texts)) {
		ko->versions_broken = true;
		return NULL;
	}
	for (size_t i = 0; !error && i + 4 <= numbers.size; i += 4) {
		const char *text = span_string(texts, at);
		uint64_t crc = 0;

		if (!text || !*text || !elf_integer(ko->elf, numbers, i, 4, &crc))
			break;
		error = add_version(ko, text, crc);
		at += strlen(text) + 1;
	}
	return error;
}

/* Sections that must lie inside the file. */
static struct error *check_sections(const struct ko *ko, const char *name)
{
	for (size_t i = 1; i < ko->elf->section_count; i++) {
		const struct elf_section *s = &ko->elf->sections[i];
		struct span bytes;

		if (s->type != SHT_NULL && !elf_bytes(ko->elf, s, &bytes))
			return error_new(ERROR_INPUT,
					 "%s is cut: section %s ends at byte %llu of %zu",
					 name, s->name,
					 (unsigned long long)(s->offset + s->size),
					 ko->body.size);
	}
	return NULL;
}

static struct error *read_parts(struct ko *ko, const char *name)
{
	const struct elf_section *info, *versions, *crcs, *names, *table;
	struct error *error = NULL;
	struct span bytes;

	if (ko->elf->type != ET_REL)
		return error_new(
			ERROR_INPUT,
			"%s is an ELF file, but no relocatable one as modules are", name);
	error = check_sections(ko, name);
	if (error)
		return error;
	info = elf_find(ko->elf, ".modinfo");
	ko->has_info = info;
	if (info && elf_bytes(ko->elf, info, &bytes))
		error = modinfo_init(&ko->info, bytes);
	table = elf_symbol_table(ko->elf);
	ko->has_symbols = table && elf_symbols(ko->elf, table, &ko->symbols);
	if (!error && table && !ko->has_symbols)
		error = error_new(ERROR_INPUT, "%s has a broken symbol table", name);
	if (!error && ko->has_symbols)
		error = read_symbols(ko);
	versions = elf_find(ko->elf, "__versions");
	if (!error && versions)
		error = read_versions(ko, versions);
	crcs = elf_find(ko->elf, "__version_ext_crcs");
	names = crcs ? elf_find(ko->elf, "__version_ext_names") : NULL;
	if (!error && names)
		error = read_extended(ko, crcs, names);
	return error;
}

struct error *ko_create(const char *name, struct span bytes, struct ko **ret)
{
	_cleanup_(ko_destroy) struct ko *ko = calloc(1, sizeof(*ko));
	struct error *error;

	if (!ko)
		return error_nomem();
	ko->bytes = bytes;
	read_signature(ko);
	error = elf_reader_create(name, ko->body, &ko->elf);
	if (!error)
		error = read_parts(ko, name);
	if (error)
		return error;
	if (ko->signature.state == KO_SIGNED)
		ko_signature_describe(ko->signature.pkcs7, &ko->signature);
	*ret = take(ko);
	return NULL;
}

void ko_destroy(struct ko *ko)
{
	if (!ko)
		return;
	modinfo_deinit(&ko->info);
	free(ko->imports);
	free(ko->exports);
	free(ko->symbol_sections);
	elf_reader_destroy(ko->elf);
	free(ko);
}

const char *ko_info(const struct ko *ko, const char *key)
{
	return modinfo_get(&ko->info, key);
}

bool license_is_gpl(const char *license)
{
	static const char *const gpl[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"
	};

	for (size_t i = 0; license && i < ARRAY_LENGTH(gpl); i++)
		if (!strcmp(license, gpl[i]))
			return true;
	return false;
}

size_t vermagic_release(const char *vermagic)
{
	return strcspn(vermagic, " ");
}

char *ko_name_of_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *bang = strrchr(path, '!');
	const char *base = slash > bang ? slash + 1 : bang ? bang + 1 : path;
	const char *dot = strstr(base, ".ko");
	char *name = strndup(base, dot ? (size_t)(dot - base) : strlen(base));

	for (char *p = name; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}
