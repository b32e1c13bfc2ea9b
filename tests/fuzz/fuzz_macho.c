/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/error.h"

#include "readers/macho.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_slice(struct span slice)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	_macho_fixups_ struct macho_fixups fixups = { 0 };
	_macho_exports_ struct macho_exports exports = { 0 };
	_free_ struct macho_import *imports = NULL;
	_free_ uint64_t *starts = NULL;
	struct macho_symbol symbol;
	struct macho_kmod kmod;
	size_t count;
	size_t length = 0;
	uint64_t pointer;

	error_destroy(macho_create(slice, &macho));
	if (!macho)
		return;
	for (size_t i = 0; macho_symbol(macho, i, &symbol); i++)
		length += strlen(symbol.name);
	for (size_t i = 0; i < macho->section_count; i++)
		macho_pointer_at(macho, macho->sections[i].address, &pointer);
	macho_kmod_info(macho, &kmod);
	error_destroy(macho_fixups_read(macho, &fixups));
	for (size_t i = 0; i < fixups.count; i++)
		length += fixups.items[i].symbol ? strlen(fixups.items[i].symbol) : 0;
	error_destroy(macho_chained_imports(macho, &imports, &count));
	error_destroy(macho_function_starts(macho, &starts, &count));
	error_destroy(macho_exports_read(macho, &exports));
	for (size_t i = 0; i < exports.count; i++)
		length += strlen(exports.items[i].name);
	if (length == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_macho_file_ struct macho_file file = { 0 };

	if (!macho_recognize((struct span){ data, size }))
		return 0;
	error_destroy(macho_file_open((struct span){ data, size }, &file));
	for (size_t i = 0; i < file.count; i++)
		use_slice(file.slices[i].bytes);
	return 0;
}
