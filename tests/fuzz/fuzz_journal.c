/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cycler/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_reader reader;
	struct journal_record record;
	const char *why;
	uint64_t sequence, first = 0, limit = 2 * size + 16;

	if (!journal_reader_init(&reader, (struct span){ data, size }, &why))
		return 0;
	while (journal_reader_next(&reader, &record, &sequence)) {
		/* never more records than there are places for them */
		if (++first > limit)
			abort();
	}
	return 0;
}
