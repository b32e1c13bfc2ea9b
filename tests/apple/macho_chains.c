/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chained fixups and export tries; <mach-o/fixup-chains.h>, <mach-o/loader.h>. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "tests/apple/macho_slice.h"

enum { SEGMENTS = 3, DATA_SEGMENT = 1, LAST = 0xffff };

/* In  bytes, whatever the value. */
static void put_uleb(struct strbuf *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++, value >>= 7)
		strbuf_addc(out, (char)((value & 0x7f) | (i + 1 < size ? 0x80 : 0)));
}

static bool is_exported(const struct symbol *symbol)
{
	return symbol->section >= 0 && symbol->type & MACHO_N_EXT;
}

/* Every leaf has the same size, so that offsets are known beforehand. */
void macho_put_trie(const struct slice *s, struct strbuf *out)
{
	enum { LEAF = 8, OFFSET = 3 };
	size_t root = 2, leaf = 0;
	unsigned int count = 0;

	for (size_t i = 0; i < s->symbol_count; i++)
		if (is_exported(&s->symbols[i]) && count < 255) {
			root += strlen(s->symbols[i].name) + 1 + OFFSET;
			count++;
		}
	strbuf_addc(out, 0);
	strbuf_addc(out, (char)count);
	for (size_t i = 0, k = 0; i < s->symbol_count && k < count; i++) {
		size_t at = root + leaf * LEAF;

		if (!is_exported(&s->symbols[i]))
			continue;
		strbuf_add(out, s->symbols[i].name, strlen(s->symbols[i].name) + 1);
		put_uleb(out, at, OFFSET);
		leaf++;
		k++;
	}
	for (size_t i = 0, k = 0; i < s->symbol_count && k < count; i++) {
		if (!is_exported(&s->symbols[i]))
			continue;
		strbuf_addc(out, LEAF - 2);
		put_uleb(out, 0, 1);
		put_uleb(out, macho_final_address(s, &s->symbols[i]), LEAF - 3);
		strbuf_addc(out, 0);
		k++;
	}
}

static void set(const struct slice *s, struct strbuf *bytes, uint64_t offset,
		uint64_t value, size_t size)
{
	_strbuf_ struct strbuf word = STRBUF_INIT;

	macho_put(s, &word, value, size);
	memcpy(bytes->data + offset, word.data, size);
}

static bool is_arm64e(unsigned int format)
{
	return format == 1 || format == 7 || format == 9 || format == 12;
}

static unsigned int stride_of(unsigned int format)
{
	return format == 1 || format == 9 || format == 12 ? 8 : 4;
}

/* One link: to the import @ordinal, or (negative) to @target in this slice. */
static uint64_t encode(unsigned int format, long ordinal, uint64_t target, uint64_t next)
{
	if (format == 3)
		return next << 26 |
		       (ordinal >= 0 ? 1u << 31 | (uint64_t)ordinal : target);
	if (is_arm64e(format))
		return next << 51 |
		       (ordinal >= 0 ? (uint64_t)1 << 62 | (uint64_t)ordinal : target);
	return next << 51 |
	       (ordinal >= 0 ? (uint64_t)1 << 63 | (uint64_t)ordinal : target);
}

/* Numbers of the undefined symbols among the imports. */
static long ordinal_of(const struct slice *s, size_t symbol)
{
	long ordinal = 0;

	if (s->symbols[symbol].section >= 0)
		return -1;
	for (size_t i = 0; i < symbol; i++)
		ordinal += s->symbols[i].section < 0;
	return ordinal;
}

static uint64_t address_of(const struct slice *s, const struct reference *r)
{
	return s->address[r->section] + r->offset;
}

/* The reference that follows @address in its page of the segment, or NULL. */
static const struct reference *next_in_page(const struct slice *s, uint64_t from,
					    uint64_t end)
{
	const struct reference *best = NULL;

	for (size_t i = 0; i < s->reference_count; i++) {
		const struct reference *r = &s->references[i];
		uint64_t at = address_of(s, r);

		if (r->section != TEXT && at >= from && at < end &&
		    (!best || at < address_of(s, best)))
			best = r;
	}
	return best;
}

static uint16_t put_page(struct slice *s, uint64_t page)
{
	uint64_t end = page + PAGE;
	const struct reference *r = next_in_page(s, page, end), *next;
	uint16_t start = r ? address_of(s, r) - page : LAST;

	for (; r; r = next) {
		uint64_t at = address_of(s, r), distance = 0;

		next = next_in_page(s, at + 1, end);
		if (next)
			distance = (address_of(s, next) - at) / stride_of(s->pointers);
		set(s, &s->bytes[r->section], r->offset,
		    encode(s->pointers, ordinal_of(s, r->symbol),
			   macho_final_address(s, &s->symbols[r->symbol]), distance),
		    s->pointers == 3 ? 4 : 8);
	}
	return start;
}

static void put_starts(struct slice *s, struct strbuf *out)
{
	uint64_t first = s->address[DATA],
		 pages = (s->address[DWARF] - first + PAGE - 1) / PAGE;

	macho_put(s, out, SEGMENTS, 4);
	for (int i = 0; i < SEGMENTS; i++)
		macho_put(s, out, i == DATA_SEGMENT ? 16 : 0, 4);
	macho_put(s, out, 22 + 2 * pages, 4);
	macho_put(s, out, PAGE, 2);
	macho_put(s, out, s->pointers, 2);
	macho_put(s, out, first, 8);
	macho_put(s, out, 0, 4);
	macho_put(s, out, pages, 2);
	for (uint64_t i = 0; i < pages; i++)
		macho_put(s, out, put_page(s, first + i * PAGE), 2);
	strbuf_pad(out, 0, -out->length % 8);
}

static void put_import(const struct slice *s, struct strbuf *out,
		       const struct symbol *symbol, uint64_t name)
{
	uint64_t weak = symbol->desc & MACHO_WEAK_REF ? 1 : 0;

	if (s->imports == 3) {
		macho_put(s, out, 0xfffe | weak << 16 | name << 32, 8);
		macho_put(s, out, 0, 8);
	} else {
		macho_put(s, out, 0xfe | weak << 8 | name << 9, 4);
		if (s->imports == 2)
			macho_put(s, out, 0, 4);
	}
}

void macho_put_chains(struct slice *s, struct strbuf *out)
{
	_strbuf_ struct strbuf starts = STRBUF_INIT, imports = STRBUF_INIT,
			       names = STRBUF_INIT;
	uint32_t count = 0;

	put_starts(s, &starts);
	strbuf_addc(&names, 0);
	for (size_t i = 0; i < s->symbol_count; i++) {
		const struct symbol *symbol = &s->symbols[i];

		if (symbol->section >= 0)
			continue;
		put_import(s, &imports, symbol, names.length);
		strbuf_add(&names, symbol->name, strlen(symbol->name) + 1);
		count++;
	}
	macho_put(s, out, 0, 4);
	macho_put(s, out, 32, 4);
	macho_put(s, out, 32 + starts.length, 4);
	macho_put(s, out, 32 + starts.length + imports.length, 4);
	macho_put(s, out, count, 4);
	macho_put(s, out, s->imports, 4);
	macho_put(s, out, 0, 4);
	macho_put(s, out, 0, 4);
	strbuf_add(out, strbuf_string(&starts), starts.length);
	strbuf_add(out, strbuf_string(&imports), imports.length);
	strbuf_add(out, strbuf_string(&names), names.length);
	strbuf_pad(out, 0, -out->length % 8);
}
