/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Index files. Checksums would stop all that is interesting, so they are made right
 * first; everything behind them is then as hostile as it likes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "symbolizer/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(uint8_t *bytes, size_t size)
{
	struct index_header head;
	size_t chunks = (size - sizeof(head) + INDEX_CHUNK - 1) / INDEX_CHUNK, covered;

	memcpy(&head, bytes, sizeof(head));
	covered = sizeof(head) + chunks * 8;
	memcpy(head.magic, "BKNDIDX", 8);
	head.version = INDEX_VERSION;
	head.size = size;
	head.build_id[INDEX_ID_SIZE - 1] = 0;
	head.chunks = (struct index_range){ sizeof(head), chunks * 8 };
	for (size_t i = 0; covered < size && i < chunks; i++) {
		size_t offset = covered + i * INDEX_CHUNK;
		size_t most = size - offset < INDEX_CHUNK ? size - offset : INDEX_CHUNK;
		uint64_t sum = index_checksum(bytes + offset, most);

		memcpy(bytes + sizeof(head) + i * 8, &sum, 8);
	}
	head.chunks_sum = index_checksum(bytes + sizeof(head), chunks * 8);
	head.header_sum =
		index_checksum(&head, offsetof(struct index_header, header_sum));
	memcpy(bytes, &head, sizeof(head));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_close) struct index *index = NULL;
	_error_ struct error *error = NULL;
	struct index_symbol_hit symbol;
	struct index_hit hit;
	uint8_t *bytes;

	if (size < sizeof(struct index_header) + 64)
		return 0;
	bytes = malloc(size);
	if (!bytes)
		return 0;
	memcpy(bytes, data, size);
	seal(bytes, size);
	error = index_wrap(bytes, size, &index);
	if (error)
		return 0;
	for (uint64_t a = 0; a < 4096; a += 13)
		index_lookup(index, index_head(index)->base + a, &hit);
	index_find_symbol(index, "main", 0, &symbol);
	for (size_t i = 0; i < 64; i++)
		index_symbol_at(index, i, &symbol);
	return 0;
}
