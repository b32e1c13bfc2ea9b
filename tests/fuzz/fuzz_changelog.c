/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/changelog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct changelog entry;

	changelog_read((struct span){ data, size }, &entry);
	return 0;
}
