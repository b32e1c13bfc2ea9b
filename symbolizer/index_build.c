/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line rows are coded in blocks of at most INDEX_BLOCK_ROWS. A block starts with the
 * number of rows as LEB128; a row is one byte
 *	bits 0-4	address minus that of the row before; 31: LEB128 follows
 *	bit 5		another file: LEB128 follows
 *	bit 6		another line: zigzag LEB128 difference follows
 *	bit 7		another column: LEB128 follows
 * and what it announces, in this order. A block begins at its own address with file,
 * line and column zero. A row of line UINT32_MAX ends a sequence.
 *
 * A function's inlines: their number, then for each, by preorder: zigzag address minus
 * that of the one before (of the function for the first), size, depth, name, and file,
 * line and column of the call.
 */
#include "symbolizer/index_build.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/radix.h"

struct wide_symbol {
	uint64_t address;
	uint32_t size, name;
};

struct wide_function {
	uint64_t address;
	uint32_t size, name, inlines;
};

struct wide_block {
	uint64_t address;
	uint32_t rows;
	bool end; /* holds nothing but the end of a sequence */
};

struct wide_area {
	uint64_t address, size;
	uint32_t name;
};

/* Bytes that the code of one row hardly ever has. */
enum { GAP = 4096 };

/* An open hash table of numbers; the key lies with what is numbered. */
struct numbers {
	uint32_t *slots; /* number + 1, 0: empty */
	size_t size, used;
};

struct index_builder {
	struct strbuf strings, inlines, rows;
	struct numbers string_numbers, file_numbers;
	struct index_file *files;
	size_t file_count, file_capacity;
	struct wide_area *areas;
	size_t area_count, area_capacity;
	struct wide_symbol *symbols;
	size_t symbol_count, symbol_capacity;
	struct wide_function *functions;
	size_t function_count, function_capacity;
	struct wide_block *blocks;
	size_t block_count, block_capacity;
	bool failed, compares_not;
};

struct error *index_builder_create(struct index_builder **ret)
{
	_cleanup_(index_builder_destroy) struct index_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return error_nomem();
	builder_string(b, "");
	builder_file(b, "", 0);
	if (b->failed || b->strings.failed)
		return error_nomem();
	*ret = take(b);
	return NULL;
}

void index_builder_destroy(struct index_builder *b)
{
	if (!b)
		return;
	strbuf_deinit(&b->strings);
	strbuf_deinit(&b->inlines);
	strbuf_deinit(&b->rows);
	free(b->string_numbers.slots);
	free(b->file_numbers.slots);
	free(b->files);
	free(b->areas);
	free(b->symbols);
	free(b->functions);
	free(b->blocks);
	free(b);
}

static uint64_t file_hash(const struct index_file *file)
{
	uint64_t hash = ((uint64_t)file->path << 20 ^ file->root) * 0x9e3779b97f4a7c15;

	return hash ^ hash >> 32;
}

static uint64_t number_hash(const struct index_builder *b, const struct numbers *n,
			    uint32_t number)
{
	return n == &b->file_numbers ? file_hash(&b->files[number])
				     : index_name_hash(b->strings.data + number);
}

/* Keeps the table at most half full. */
static bool numbers_reserve(const struct index_builder *b, struct numbers *n)
{
	size_t size = n->size ? n->size * 4 : 1024;
	uint32_t *slots;

	if (n->used * 2 < n->size)
		return true;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < n->size; i++) {
		size_t at;

		if (!n->slots[i])
			continue;
		at = number_hash(b, n, n->slots[i] - 1) & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = n->slots[i];
	}
	free(n->slots);
	n->slots = slots;
	n->size = size;
	return true;
}

void index_builder_do_not_compare(struct index_builder *b)
{
	b->compares_not = true;
}

uint32_t builder_string(struct index_builder *b, const char *text)
{
	struct numbers *n = &b->string_numbers;
	uint32_t number = (uint32_t)b->strings.length;
	size_t at;

	if (b->compares_not && b->strings.length < UINT32_MAX / 2) {
		strbuf_add(&b->strings, text, strlen(text) + 1);
		return number;
	}
	if (!numbers_reserve(b, n) || b->strings.length > UINT32_MAX / 2) {
		b->failed = true;
		return 0;
	}
	for (at = index_name_hash(text) & (n->size - 1); n->slots[at];
	     at = (at + 1) & (n->size - 1))
		if (!strcmp(b->strings.data + n->slots[at] - 1, text))
			return n->slots[at] - 1;
	strbuf_add(&b->strings, text, strlen(text) + 1);
	if (b->strings.failed)
		return 0;
	n->slots[at] = number + 1;
	n->used++;
	return number;
}

uint32_t builder_file(struct index_builder *b, const char *path, size_t root)
{
	struct numbers *n = &b->file_numbers;
	struct index_file file = { builder_string(b, path), (uint32_t)root };
	size_t at;

	if (!numbers_reserve(b, n) ||
	    !array_grow(b->files, b->file_count, b->file_capacity)) {
		b->failed = true;
		return 0;
	}
	for (at = file_hash(&file) & (n->size - 1); n->slots[at];
	     at = (at + 1) & (n->size - 1))
		if (!memcmp(&b->files[n->slots[at] - 1], &file, sizeof(file)))
			return n->slots[at] - 1;
	b->files[b->file_count] = file;
	n->slots[at] = (uint32_t)++b->file_count;
	n->used++;
	return (uint32_t)b->file_count - 1;
}

void builder_area(struct index_builder *b, const char *name, uint64_t address,
		  uint64_t size)
{
	if (!array_grow(b->areas, b->area_count, b->area_capacity)) {
		b->failed = true;
		return;
	}
	b->areas[b->area_count++] =
		(struct wide_area){ address, size, builder_string(b, name) };
}

void builder_symbol(struct index_builder *b, const char *name, uint64_t address,
		    uint64_t size)
{
	if (!array_grow(b->symbols, b->symbol_count, b->symbol_capacity)) {
		b->failed = true;
		return;
	}
	b->symbols[b->symbol_count++] =
		(struct wide_symbol){ address, size > UINT32_MAX ? 0 : (uint32_t)size,
				      builder_string(b, name) };
}

static void add_field(struct strbuf *out, uint32_t value)
{
	uint8_t bytes[5];
	size_t count = 0;

	do {
		bytes[count] = value & 0x7f;
		value >>= 7;
		if (value)
			bytes[count] |= 0x80;
		count++;
	} while (value);
	strbuf_add(out, bytes, count);
}

static void add_signed(struct strbuf *out, int32_t value)
{
	add_field(out, (uint32_t)value << 1 ^ (uint32_t)(value >> 31));
}

/* By address, outer before inner. */
static int compare_inlines(const void *left, const void *right)
{
	const struct builder_inline *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->depth > b->depth) - (a->depth < b->depth);
}

static uint32_t add_inlines(struct index_builder *b, uint64_t address, uint64_t size,
			    struct builder_inline *inlines, size_t count)
{
	size_t start = b->inlines.length;
	uint64_t before = address;
	uint32_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += inlines[i].address - address < size;
	if (!kept)
		return UINT32_MAX;
	add_field(&b->inlines, kept);
	for (size_t i = 0; i < count; i++) {
		const struct builder_inline *one = &inlines[i];

		if (one->address - address >= size)
			continue;
		add_signed(&b->inlines, (int32_t)(one->address - before));
		add_field(&b->inlines, (uint32_t)one->size);
		add_field(&b->inlines, one->depth);
		add_field(&b->inlines, one->name);
		add_field(&b->inlines, one->file);
		add_field(&b->inlines, one->line);
		add_field(&b->inlines, one->column);
		before = one->address;
	}
	return (uint32_t)start;
}

void builder_function(struct index_builder *b, uint64_t address, uint64_t size,
		      uint32_t name, struct builder_inline *inlines, size_t count)
{
	if (!size || size > UINT32_MAX)
		return;
	if (!array_grow(b->functions, b->function_count, b->function_capacity)) {
		b->failed = true;
		return;
	}
	if (count > 1)
		qsort(inlines, count, sizeof(*inlines), compare_inlines);
	b->functions[b->function_count++] =
		(struct wide_function){ address, (uint32_t)size, name,
					add_inlines(b, address, size, inlines, count) };
}

static void add_row(struct strbuf *out, const struct builder_row *before,
		    const struct builder_row *row)
{
	uint64_t step = row->address - before->address;
	uint8_t head = step < 31 ? (uint8_t)step : 31;
	int32_t line = (int32_t)(row->line - before->line);

	head |= row->file != before->file ? 32 : 0;
	head |= line ? 64 : 0;
	head |= row->column != before->column ? 128 : 0;
	strbuf_addc(out, (char)head);
	if (step >= 31)
		add_field(out, (uint32_t)step);
	if (head & 32)
		add_field(out, row->file);
	if (head & 64)
		add_signed(out, line);
	if (head & 128)
		add_field(out, row->column);
}

static void add_block(struct index_builder *b, const struct builder_row *rows,
		      size_t count)
{
	struct builder_row before = { .address = rows[0].address };

	if (!array_grow(b->blocks, b->block_count, b->block_capacity) ||
	    b->rows.length > UINT32_MAX / 2) {
		b->failed = true;
		return;
	}
	b->blocks[b->block_count++] =
		(struct wide_block){ rows[0].address, (uint32_t)b->rows.length,
				     rows[0].line == UINT32_MAX };
	add_field(&b->rows, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		add_row(&b->rows, &before, &rows[i]);
		before = rows[i];
	}
}

void builder_rows(struct index_builder *b, const struct builder_row *rows, size_t count)
{
	struct builder_row block[INDEX_BLOCK_ROWS];
	size_t filled = 0;
	const struct builder_row *last = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct builder_row *row = &rows[i];

		/* Of several rows at one address the last one counts. */
		if (i + 1 < count && rows[i + 1].address == row->address)
			continue;
		if (last && i + 1 < count && last->line == row->line &&
		    last->file == row->file && last->column == row->column)
			continue;
		/* Where code of another section follows, other units lie between. */
		if (filled == INDEX_BLOCK_ROWS ||
		    (filled && row->address - block[filled - 1].address > GAP)) {
			add_block(b, block, filled);
			filled = 0;
		}
		block[filled] = *row;
		if (i + 1 == count)
			block[filled].line = UINT32_MAX;
		filled++;
		last = row;
	}
	if (filled)
		add_block(b, block, filled);
}

/* Where one sequence ends, the next may begin: the beginning is what counts. */
static int compare_blocks(const void *left, const void *right)
{
	const struct wide_block *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return b->end - a->end;
}

static int compare_symbols(const void *left, const void *right)
{
	const struct wide_symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	/* Of several names the last one found wins: prefer those with a size. */
	if (!a->size != !b->size)
		return a->size ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* A symbol without a size (assembly) reaches to the next one, within its section. */
static void size_symbols(struct index_builder *b)
{
	size_t area = 0;

	for (size_t i = 0; i < b->symbol_count; i++) {
		struct wide_symbol *s = &b->symbols[i];
		uint64_t end = s->address;

		if (s->size)
			continue;
		while (area < b->area_count &&
		       b->areas[area].address + b->areas[area].size <= s->address)
			area++;
		if (area < b->area_count && b->areas[area].address <= s->address)
			end = b->areas[area].address + b->areas[area].size;
		for (size_t j = i + 1; j < b->symbol_count; j++)
			if (b->symbols[j].address > s->address) {
				if (b->symbols[j].address < end)
					end = b->symbols[j].address;
				break;
			}
		s->size = (uint32_t)(end - s->address);
	}
}

struct hashed_name {
	uint64_t hash;
	uint32_t number;
};

/* Of names that hash alike the lower number comes first: the order they are in. */
enum { NAME_BITS = 16 };

/*
 * By hash. Hashes are spread evenly, so that one pass over their upper bits leaves next
 * to nothing to be done.
 */
static void sort_names(const struct hashed_name *from, struct hashed_name *to,
		       size_t count, uint32_t *starts)
{
	const unsigned int shift = 64 - NAME_BITS;
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		starts[from[i].hash >> shift]++;
	for (size_t i = 0; i < 1 << NAME_BITS; i++) {
		uint32_t here = starts[i];

		starts[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i].hash >> shift]++] = from[i];
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j && to[j - 1].hash > to[j].hash; j--) {
			struct hashed_name swap = to[j];

			to[j] = to[j - 1];
			to[j - 1] = swap;
		}
}

static void lower_base(uint64_t *base, const void *items, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t address = *(const uint64_t *)((const char *)items + i * size);

		if (address < *base)
			*base = address;
	}
}

static uint64_t lowest_address(const struct index_builder *b)
{
	uint64_t base = UINT64_MAX;

	lower_base(&base, b->areas, b->area_count, sizeof(*b->areas));
	lower_base(&base, b->symbols, b->symbol_count, sizeof(*b->symbols));
	lower_base(&base, b->functions, b->function_count, sizeof(*b->functions));
	lower_base(&base, b->blocks, b->block_count, sizeof(*b->blocks));
	return base == UINT64_MAX ? 0 : base;
}

/* A part under construction; narrows wide records to what the file holds. */
static void add_number(struct strbuf *out, uint64_t number, bool *failed)
{
	uint32_t narrow = (uint32_t)number;

	*failed |= number > UINT32_MAX;
	strbuf_add(out, &narrow, sizeof(narrow));
}

static void add_areas(const struct index_builder *b, uint64_t base, struct strbuf *out,
		      bool *failed)
{
	for (size_t i = 0; i < b->area_count; i++) {
		add_number(out, b->areas[i].name, failed);
		add_number(out, b->areas[i].address - base, failed);
		add_number(out, b->areas[i].size, failed);
	}
}

static void add_symbols(const struct index_builder *b, uint64_t base, struct strbuf *out,
			bool *failed)
{
	for (size_t i = 0; i < b->symbol_count; i++) {
		add_number(out, b->symbols[i].address - base, failed);
		add_number(out, b->symbols[i].size, failed);
		add_number(out, b->symbols[i].name, failed);
	}
}

static void add_names(struct index_builder *b, struct strbuf *out, bool *failed)
{
	_free_ struct hashed_name *names = malloc((b->symbol_count + 1) * sizeof(*names));
	_free_ struct hashed_name *sorted =
		malloc((b->symbol_count + 1) * sizeof(*sorted));
	_free_ uint32_t *starts = calloc(1 << NAME_BITS, sizeof(*starts));

	if (!names || !sorted || !starts) {
		b->failed = true;
		return;
	}
	for (uint32_t i = 0; i < b->symbol_count; i++)
		names[i] = (struct hashed_name){
			index_name_hash(b->strings.data + b->symbols[i].name), i
		};
	sort_names(names, sorted, b->symbol_count, starts);
	for (size_t i = 0; i < b->symbol_count; i++)
		add_number(out, sorted[i].number, failed);
}

static void add_functions(const struct index_builder *b, uint64_t base,
			  struct strbuf *out, bool *failed)
{
	for (size_t i = 0; i < b->function_count; i++) {
		const struct wide_function *fn = &b->functions[i];

		add_number(out, fn->address - base, failed);
		add_number(out, fn->size, failed);
		add_number(out, fn->name, failed);
		add_number(out, fn->inlines, failed);
	}
}

static void add_blocks(const struct index_builder *b, uint64_t base, struct strbuf *out,
		       bool *failed)
{
	for (size_t i = 0; i < b->block_count; i++) {
		add_number(out, b->blocks[i].address - base, failed);
		add_number(out, b->blocks[i].rows, failed);
	}
}

static void add_part(struct index_builder *b, enum index_part part, uint64_t base,
		     struct strbuf *out, bool *failed)
{
	switch (part) {
	case PART_STRINGS:
		strbuf_add(out, b->strings.data, b->strings.length);
		return;
	case PART_FILES:
		strbuf_add(out, b->files, b->file_count * sizeof(*b->files));
		return;
	case PART_AREAS:
		add_areas(b, base, out, failed);
		return;
	case PART_SYMBOLS:
		add_symbols(b, base, out, failed);
		return;
	case PART_NAMES:
		add_names(b, out, failed);
		return;
	case PART_FUNCTIONS:
		add_functions(b, base, out, failed);
		return;
	case PART_INLINES:
		strbuf_add(out, b->inlines.data, b->inlines.length);
		return;
	case PART_BLOCKS:
		add_blocks(b, base, out, failed);
		return;
	case PART_ROWS:
		strbuf_add(out, b->rows.data, b->rows.length);
		return;
	default:
		return;
	}
}

static void sort_all(struct index_builder *b)
{
	b->failed |= !radix_sort(b->areas, b->area_count, sizeof(*b->areas), NULL) ||
		     !radix_sort(b->symbols, b->symbol_count, sizeof(*b->symbols),
				 compare_symbols) ||
		     !radix_sort(b->functions, b->function_count, sizeof(*b->functions),
				 NULL) ||
		     !radix_sort(b->blocks, b->block_count, sizeof(*b->blocks),
				 compare_blocks);
	size_symbols(b);
}

/* Chunk sums, then the header over everything. */
static void seal(struct index_header *head, uint8_t *bytes, size_t size)
{
	size_t covered = head->chunks.offset + head->chunks.size;

	for (size_t i = 0; i < head->chunks.size / 8; i++) {
		size_t offset = covered + i * INDEX_CHUNK;
		size_t most = size - offset < INDEX_CHUNK ? size - offset : INDEX_CHUNK;
		uint64_t sum = index_checksum(bytes + offset, most);

		memcpy(bytes + head->chunks.offset + i * 8, &sum, 8);
	}
	head->size = size;
	head->chunks_sum = index_checksum(bytes + head->chunks.offset, head->chunks.size);
	head->header_sum =
		index_checksum(head, offsetof(struct index_header, header_sum));
	memcpy(bytes, head, sizeof(*head));
}

/* Opens a gap for the chunk table between header and parts, and fills everything in. */
static struct error *assemble(struct index_header *head, const struct strbuf *parts,
			      uint8_t **bytes, size_t *size)
{
	size_t chunks = (parts->length + INDEX_CHUNK - 1) / INDEX_CHUNK;
	size_t covered = sizeof(*head) + chunks * 8;

	*size = covered + parts->length;
	*bytes = malloc(*size);
	if (!*bytes)
		return error_nomem();
	memcpy(*bytes + covered, parts->data, parts->length);
	head->chunks = (struct index_range){ sizeof(*head), chunks * 8 };
	for (int i = 0; i < PART_COUNT; i++)
		head->parts[i].offset += covered;
	seal(head, *bytes, *size);
	return NULL;
}

struct error *index_builder_finish(struct index_builder *b,
				   const struct index_header *head, uint8_t **bytes,
				   size_t *size)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct index_header full = *head;
	uint64_t base = lowest_address(b);
	bool failed = false;

	memcpy(full.magic, "BKNDIDX", 8);
	full.version = INDEX_VERSION;
	full.base = base;
	sort_all(b);
	for (int part = 0; part < PART_COUNT; part++) {
		size_t start = out.length;

		add_part(b, part, base, &out, &failed);
		full.parts[part] = (struct index_range){ start, out.length - start };
		strbuf_pad(&out, 0, -out.length & 7);
	}
	if (b->failed || out.failed || b->strings.failed || b->rows.failed ||
	    b->inlines.failed)
		return error_nomem();
	if (failed)
		return error_new(
			ERROR_INPUT,
			"its code is spread over more than 4 GiB: no index of it "
			"can be made");
	return assemble(&full, &out, bytes, size);
}
