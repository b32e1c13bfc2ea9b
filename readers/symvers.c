/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/symvers.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

static uint64_t hash_bytes(const uint8_t *data, size_t size)
{
	uint64_t h = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 1099511628211ULL;
	return h ^ h >> 29;
}

static bool parse_hex(struct span text, uint32_t *ret)
{
	uint64_t value = 0;
	size_t i = span_starts_with(text, "0x", 2) ? 2 : 0;

	if (i == text.size || text.size - i > 16)
		return false;
	for (; i < text.size; i++) {
		uint8_t c = text.data[i];
		int digit = c >= '0' && c <= '9'		 ? c - '0'
			    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
								 : -1;

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret = (uint32_t)value;
	return true;
}

/* Splits a line at tabs; returns the number of fields, at most @limit. */
static size_t split(struct span line, struct span *fields, size_t limit)
{
	size_t count = 0;

	for (;;) {
		const uint8_t *tab = memchr(line.data, '\t', line.size);
		size_t n = tab ? (size_t)(tab - line.data) : line.size;

		if (count == limit)
			return limit + 1;
		fields[count++] = (struct span){ line.data, n };
		if (!tab)
			return count;
		line.data += n + 1;
		line.size -= n + 1;
	}
}

static bool is_export(struct span text)
{
	return span_starts_with(text, "EXPORT_", 7);
}

static bool parse_line(struct span line, struct symvers_entry *ret)
{
	struct span f[5] = { { NULL, 0 } };
	size_t count = split(line, f, 5);

	if (count < 4 || count > 5 || !parse_hex(f[0], &ret->crc) || !f[1].size)
		return false;
	/* 5.4 alone had the namespace in the third field */
	if (count == 5 && !is_export(f[3]) && is_export(f[4])) {
		struct span space = f[2];

		f[2] = f[3];
		f[3] = f[4];
		f[4] = space;
	}
	if (!is_export(f[3]))
		return false;
	ret->name = f[1];
	ret->module = f[2];
	ret->space = count == 5 ? f[4] : (struct span){ f[1].data, 0 };
	ret->gpl = f[3].size >= 4 && !memcmp(f[3].data + f[3].size - 4, "_GPL", 4);
	return true;
}

static struct error *read_lines(struct symvers *symvers, const char *name,
				struct span bytes)
{
	unsigned int number = 0;

	while (bytes.size) {
		const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
		size_t n = end ? (size_t)(end - bytes.data) : bytes.size;
		struct span line = { bytes.data, n };
		struct symvers_entry entry;

		number++;
		bytes.data += n + !!end;
		bytes.size -= n + !!end;
		if (!line.size || line.data[0] == '#')
			continue;
		if (!parse_line(line, &entry))
			return error_new(ERROR_INPUT,
					 "%s, line %u: not \"CRC, symbol, module, export "
					 "type, namespace\" with tabs between",
					 name, number);
		if (!array_grow(symvers->entries, symvers->count, symvers->capacity))
			return error_nomem();
		symvers->entries[symvers->count++] = entry;
		symvers->has_crcs |= entry.crc;
	}
	return NULL;
}

static struct error *make_table(struct symvers *symvers)
{
	size_t slots = 16;

	while (slots < symvers->count * 2)
		slots *= 2;
	symvers->slots = calloc(slots, sizeof(*symvers->slots));
	if (!symvers->slots)
		return error_nomem();
	symvers->slot_count = slots;
	for (size_t i = 0; i < symvers->count; i++) {
		struct span name = symvers->entries[i].name;
		size_t at = hash_bytes(name.data, name.size) & (slots - 1);

		while (symvers->slots[at])
			at = (at + 1) & (slots - 1);
		symvers->slots[at] = i + 1;
	}
	return NULL;
}

struct error *symvers_create(const char *name, struct span bytes, struct symvers **ret)
{
	_cleanup_(symvers_destroy) struct symvers *symvers = calloc(1, sizeof(*symvers));
	struct error *error;

	if (!symvers)
		return error_nomem();
	error = read_lines(symvers, name, bytes);
	if (!error && !symvers->count)
		error = error_new(ERROR_INPUT, "%s lists no symbol", name);
	if (!error)
		error = make_table(symvers);
	if (error)
		return error;
	*ret = take(symvers);
	return NULL;
}

void symvers_destroy(struct symvers *symvers)
{
	if (!symvers)
		return;
	free(symvers->entries);
	free(symvers->slots);
	free(symvers);
}

const struct symvers_entry *symvers_find(const struct symvers *symvers, const char *name)
{
	size_t size = strlen(name);
	size_t at = hash_bytes((const uint8_t *)name, size) & (symvers->slot_count - 1);

	for (; symvers->slots[at]; at = (at + 1) & (symvers->slot_count - 1)) {
		const struct symvers_entry *entry =
			&symvers->entries[symvers->slots[at] - 1];

		if (entry->name.size == size && !memcmp(entry->name.data, name, size))
			return entry;
	}
	return NULL;
}
