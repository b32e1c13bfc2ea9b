/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the bytes of a slice to the facts that rules look at. */
#include <stdlib.h>

#include "common/error.h"
#include "linter/apple/kext.h"
#include "linter/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_destroy) struct arena *arena = NULL;
	_macho_file_ struct macho_file file = { 0 };
	static struct kpi none; /* no table: what exists is not the question here */
	struct kext_slice slice;
	uint64_t wired = 0;

	if (!macho_recognize((struct span){ data, size }))
		return 0;
	error_destroy(arena_create(&arena));
	error_destroy(macho_file_open((struct span){ data, size }, &file));
	for (size_t i = 0; arena && i < file.count; i++) {
		error_destroy(kext_slice_read(&file.slices[i], arena, &none, &slice));
		wired += kext_wired(&slice);
	}
	if (wired == 1)
		abort();
	return 0;
}
