/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/index.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"

struct index {
	struct mapping mapping;
	uint8_t *owned;
	struct index_header head;
	struct span parts[PART_COUNT];
	size_t covered; /* offset of the first byte that chunks cover */
	size_t chunk_count;
	uint8_t *verified;	  /* one byte a chunk: 1 good, 2 bad */
	size_t hints[PART_COUNT]; /* where the last search in a part ended */
	bool damaged;
};

uint64_t index_name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return hash ^ hash >> 32;
}

uint64_t index_checksum(const void *data, size_t size)
{
	static const uint64_t factor = 0x9e3779b97f4a7c15;
	uint64_t lanes[4] = { size, ~size, factor, ~factor }, word, sum = 0;
	const uint8_t *p = data;
	size_t i = 0;

	for (; i + 32 <= size; i += 32)
		for (int lane = 0; lane < 4; lane++) {
			memcpy(&word, p + i + 8 * lane, 8);
			lanes[lane] = (lanes[lane] ^ word) * factor;
			lanes[lane] ^= lanes[lane] >> 29;
		}
	for (; i < size; i++)
		lanes[i & 3] = (lanes[i & 3] ^ p[i]) * factor;
	for (int lane = 0; lane < 4; lane++)
		sum = ((sum ^ lanes[lane]) * factor) ^ (sum >> 31);
	return sum;
}

static struct error *damaged(const char *path, const char *what)
{
	return error_new(ERROR_INPUT, "index %s is not usable: %s",
			 path ? path : "in memory", what);
}

/* Sets up everything from @bytes, whose mapping or memory @index already owns. */
static struct error *index_check(struct index *index, struct span bytes, const char *path)
{
	struct index_header *head = &index->head;
	struct span chunks;

	if (!span_read(bytes, 0, head, sizeof(*head)))
		return damaged(path, "it is shorter than its header");
	if (memcmp(head->magic, "BKNDIDX", 8) || head->version != INDEX_VERSION)
		return damaged(path, "it is of another kind or version");
	if (head->header_sum !=
	    index_checksum(head, offsetof(struct index_header, header_sum)))
		return damaged(path, "the checksum of its header is wrong");
	if (head->size != bytes.size || head->build_id[INDEX_ID_SIZE - 1])
		return damaged(path, "it was cut or extended");
	if (!span_slice(bytes, head->chunks.offset, head->chunks.size, &chunks) ||
	    index_checksum(chunks.data, chunks.size) != head->chunks_sum)
		return damaged(path, "the checksum of its table is wrong");
	index->covered = head->chunks.offset + head->chunks.size;
	index->chunk_count = chunks.size / 8;
	if ((bytes.size - index->covered + INDEX_CHUNK - 1) / INDEX_CHUNK !=
	    index->chunk_count)
		return damaged(path, "its table does not cover it");
	for (int i = 0; i < PART_COUNT; i++)
		if (head->parts[i].offset < index->covered ||
		    !span_slice(bytes, head->parts[i].offset, head->parts[i].size,
				&index->parts[i]))
			return damaged(path, "a part lies outside of it");
	index->verified = calloc(index->chunk_count + 1, 1);
	return index->verified ? NULL : error_nomem();
}

struct error *index_open(const char *path, struct index **ret)
{
	_cleanup_(index_close) struct index *index = calloc(1, sizeof(*index));
	struct error *error;

	if (!index)
		return error_nomem();
	error = file_map(path, &index->mapping);
	if (!error)
		error = index_check(index, index->mapping.bytes, path);
	if (!error)
		*ret = take(index);
	return error;
}

struct error *index_wrap(uint8_t *bytes, size_t size, struct index **ret)
{
	_cleanup_(index_close) struct index *index = calloc(1, sizeof(*index));
	struct error *error;

	if (!index) {
		free(bytes);
		return error_nomem();
	}
	index->owned = bytes;
	index->mapping.bytes = (struct span){ bytes, size };
	error = index_check(index, index->mapping.bytes, NULL);
	/* Nobody else had these bytes in hand. */
	if (!error)
		memset(index->verified, 1, index->chunk_count);
	if (!error)
		*ret = take(index);
	return error;
}

void index_close(struct index *index)
{
	if (!index)
		return;
	if (index->owned)
		free(index->owned);
	else
		file_unmap(&index->mapping);
	free(index->verified);
	free(index);
}

const struct index_header *index_head(const struct index *index)
{
	return &index->head;
}

bool index_damaged(const struct index *index)
{
	return index->damaged;
}

static bool chunk_verify(struct index *index, size_t chunk)
{
	struct span all = index->mapping.bytes, bytes;
	size_t offset = index->covered + chunk * INDEX_CHUNK;
	size_t size = all.size - offset < INDEX_CHUNK ? all.size - offset : INDEX_CHUNK;
	uint64_t wanted;

	memcpy(&wanted, all.data + index->head.chunks.offset + chunk * 8, 8);
	bytes = (struct span){ all.data + offset, size };
	index->verified[chunk] = 1 + (index_checksum(bytes.data, size) != wanted);
	index->damaged |= index->verified[chunk] == 2;
	return index->verified[chunk] == 1;
}

/* @size checked bytes of @part at @offset; NULL when they are not there or damaged. */
static const void *bytes_at(const struct index *index, enum index_part part,
			    uint64_t offset, size_t size)
{
	struct span s = index->parts[part];
	size_t first, last;

	if (offset > s.size || size > s.size - offset || !size)
		return NULL;
	first = (s.data + offset - index->mapping.bytes.data - index->covered) /
		INDEX_CHUNK;
	last = (s.data + offset + size - 1 - index->mapping.bytes.data - index->covered) /
	       INDEX_CHUNK;
	for (size_t i = first; i <= last; i++)
		/* What was checked is remembered; nothing else of an index ever changes.
		 */
		if (index->verified[i] != 1 &&
		    (index->verified[i] == 2 || !chunk_verify((struct index *)index, i)))
			return NULL;
	return s.data + offset;
}

static const char *string_at(const struct index *index, uint32_t offset)
{
	struct span s = index->parts[PART_STRINGS];

	if (offset >= s.size)
		return NULL;
	for (size_t size = 64;; size *= 4) {
		size_t most = s.size - offset < size ? s.size - offset : size;
		const char *text = bytes_at(index, PART_STRINGS, offset, most);

		if (!text)
			return NULL;
		if (memchr(text, 0, most))
			return text;
		if (most < size)
			return NULL;
	}
}

static size_t items(const struct index *index, enum index_part part, size_t size)
{
	return index->parts[part].size / size;
}

/*
 * The last item of @part whose first uint32 is not above @offset: its number, or -1.
 */
static ptrdiff_t last_not_above(const struct index *index, enum index_part part,
				size_t size, uint32_t offset)
{
	size_t low = 0, high = items(index, part, size);
	const size_t count = high, hint = index->hints[part];
	const uint32_t *item =
		hint < count ? bytes_at(index, part, hint * size, size) : NULL;

	/* Lookups often come by address: the answer is near the last one. */
	if (item && *item <= offset) {
		low = hint + 1;
		for (size_t step = 1; low + step <= count; step *= 2) {
			item = bytes_at(index, part, (low + step - 1) * size, size);
			if (!item)
				return -1;
			if (*item > offset) {
				high = low + step - 1;
				break;
			}
			low += step;
		}
	} else if (item) {
		high = hint;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		item = bytes_at(index, part, middle * size, size);
		if (!item)
			return -1;
		if (*item <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	/* A hint is no part of what an index says. */
	((struct index *)index)->hints[part] = low ? low - 1 : 0;
	return (ptrdiff_t)low - 1;
}

/* A reader of LEB128 fields within a checked window of one part. */
struct fields {
	const uint8_t *p, *end;
	bool failed;
};

/* Room for a block of rows; for the inlines of any function that is not absurd. */
enum { ROWS_WINDOW = 1024, WINDOW = 1 << 16 };

/* Code of one line is not longer; what is, is a gap between two sections. */
enum { ROW_LIMIT = 4096 };

static struct fields fields_at(const struct index *index, enum index_part part,
			       uint64_t offset, size_t window)
{
	uint64_t size = index->parts[part].size;
	struct fields f = { .failed = true };

	if (offset >= size)
		return f;
	if (window > size - offset)
		window = size - offset;
	f.p = bytes_at(index, part, offset, window);
	f.end = f.p ? f.p + window : NULL;
	f.failed = !f.p;
	return f;
}

static uint32_t field(struct fields *f)
{
	uint32_t value = 0;

	for (unsigned int shift = 0; shift < 35 && f->p < f->end; shift += 7) {
		uint8_t byte = *f->p++;

		value |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	f->failed = true;
	return 0;
}

static int32_t signed_field(struct fields *f)
{
	uint32_t value = field(f);

	return (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
}

static void set_file(const struct index *index, uint32_t number, struct place *place)
{
	const struct index_file *file = bytes_at(
		index, PART_FILES, (uint64_t)number * sizeof(*file), sizeof(*file));
	const char *path = file ? string_at(index, file->path) : NULL;

	if (!path || !*path)
		return;
	place->file = path;
	place->short_file = file->root < strlen(path) ? path + file->root : path;
}

struct row {
	uint32_t address, file, line, column;
};

/* Reads one row after @row; the coding is explained in index_build.c. */
static void next_row(struct fields *f, struct row *row)
{
	uint8_t head;

	if (f->p >= f->end) {
		f->failed = true;
		return;
	}
	head = *f->p++;
	row->address += (head & 31) == 31 ? field(f) : head & 31;
	if (head & 32)
		row->file = field(f);
	if (head & 64)
		row->line += signed_field(f);
	if (head & 128)
		row->column = field(f);
}

static bool find_row_in(const struct index *index, ptrdiff_t number, uint32_t offset,
			bool within, struct row *ret)
{
	const struct index_block *block =
		bytes_at(index, PART_BLOCKS, number * sizeof(*block), sizeof(*block));
	struct row row = { 0 };
	bool found = false, beyond = false;
	struct fields f;

	if (!block)
		return false;
	f = fields_at(index, PART_ROWS, block->rows, ROWS_WINDOW);
	row.address = block->address;
	for (uint32_t count = field(&f); count && !f.failed; count--) {
		next_row(&f, &row);
		beyond = !f.failed && found && row.address > offset &&
			 row.address - ret->address < ROW_LIMIT;
		if (f.failed || row.address > offset)
			break;
		*ret = row;
		found = true;
	}
	return found && (beyond || !within) && ret->line != UINT32_MAX;
}

/*
 * Sequences are laid one after the other, but a compiler may leave a short one within
 * another: where the nearest has ended already, those before are asked whether the
 * address lies between two of their rows.
 */
static bool find_row(const struct index *index, uint32_t offset, struct row *ret)
{
	ptrdiff_t number =
		last_not_above(index, PART_BLOCKS, sizeof(struct index_block), offset);

	for (int back = 0; number >= 0 && back < 4; back++, number--)
		if (find_row_in(index, number, offset, back > 0, ret))
			return true;
	return false;
}

struct inlined {
	uint32_t name, file, line, column, depth;
};

/* Fills @chain with what is inlined at @offset, outermost first; gives the depth. */
static size_t find_inlines(const struct index *index, const struct index_function *fn,
			   uint32_t offset, struct inlined chain[INDEX_DEPTH])
{
	struct fields f;
	size_t depth = 0;
	uint32_t count;

	if (fn->inlines == UINT32_MAX)
		return 0;
	f = fields_at(index, PART_INLINES, fn->inlines, WINDOW);
	count = field(&f);
	for (uint32_t low = fn->address; count && !f.failed; count--) {
		struct inlined one = { 0 };
		uint32_t size;

		low += signed_field(&f);
		/* By address: what begins later cannot hold it. */
		if (low > offset)
			break;
		size = field(&f);
		one.depth = field(&f);
		one.name = field(&f);
		one.file = field(&f);
		one.line = field(&f);
		one.column = field(&f);
		if (f.failed || one.depth >= INDEX_DEPTH - 1)
			break;
		if (offset >= low && offset - low < size && one.depth <= depth) {
			chain[one.depth] = one;
			depth = one.depth + 1;
		}
	}
	return depth;
}

static void look_up_symbol(const struct index *index, uint32_t offset,
			   struct index_symbol_hit *ret)
{
	ptrdiff_t i =
		last_not_above(index, PART_SYMBOLS, sizeof(struct index_symbol), offset);

	/* Symbols may nest (an alias within a function): look a few back. */
	for (int back = 0; i >= 0 && back < 8; back++, i--) {
		const struct index_symbol *s =
			bytes_at(index, PART_SYMBOLS, i * sizeof(*s), sizeof(*s));

		if (!s)
			return;
		if (offset - s->address < s->size) {
			ret->name = string_at(index, s->name);
			ret->address = index->head.base + s->address;
			ret->size = s->size;
			return;
		}
	}
}

static const struct index_function *find_function(const struct index *index,
						  uint32_t offset)
{
	ptrdiff_t i = last_not_above(index, PART_FUNCTIONS, sizeof(struct index_function),
				     offset);

	for (int back = 0; i >= 0 && back < 4; back++, i--) {
		const struct index_function *fn =
			bytes_at(index, PART_FUNCTIONS, i * sizeof(*fn), sizeof(*fn));

		if (!fn)
			return NULL;
		if (offset - fn->address < fn->size)
			return fn;
	}
	return NULL;
}

void index_lookup(const struct index *index, uint64_t address, struct index_hit *ret)
{
	struct inlined chain[INDEX_DEPTH];
	const struct index_function *fn;
	struct row row = { 0 };
	uint32_t offset = (uint32_t)(address - index->head.base);
	size_t depth = 0;

	ret->count = 0;
	ret->symbol = (struct index_symbol_hit){ 0 };
	ret->has_line = false;
	if (address < index->head.base || address - index->head.base >= UINT32_MAX)
		return;
	look_up_symbol(index, offset, &ret->symbol);
	fn = find_function(index, offset);
	ret->has_line = find_row(index, offset, &row);
	if (!fn && !ret->has_line)
		return;
	ret->function_address = fn ? index->head.base + fn->address : ret->symbol.address;
	ret->function_size = fn ? fn->size : ret->symbol.size;
	if (fn)
		depth = find_inlines(index, fn, offset, chain);
	ret->count = depth + 1;
	for (size_t i = 0; i <= depth; i++) {
		/* The innermost place has the row's line, the others their callee's call.
		 */
		struct place *place = &ret->places[i];

		*place = (struct place){ 0 };
		place->function = i < depth ? string_at(index, chain[depth - 1 - i].name)
				  : fn	    ? string_at(index, fn->name)
					    : ret->symbol.name;
		if (!i && ret->has_line) {
			set_file(index, row.file, place);
			place->line = row.line;
			place->column = row.column;
		} else if (i) {
			set_file(index, chain[depth - i].file, place);
			place->line = chain[depth - i].line;
			place->column = chain[depth - i].column;
		}
	}
}

bool index_symbol_at(const struct index *index, size_t nth, struct index_symbol_hit *ret)
{
	const struct index_symbol *s =
		bytes_at(index, PART_SYMBOLS, nth * sizeof(*s), sizeof(*s));

	if (!s)
		return false;
	ret->name = string_at(index, s->name);
	ret->address = index->head.base + s->address;
	ret->size = s->size;
	return ret->name != NULL;
}

static bool named_symbol(const struct index *index, size_t nth,
			 struct index_symbol_hit *ret)
{
	const uint32_t *number = bytes_at(index, PART_NAMES, nth * 4, 4);

	return number && index_symbol_at(index, *number, ret);
}

bool index_find_symbol(const struct index *index, const char *name, size_t nth,
		       struct index_symbol_hit *ret)
{
	const uint64_t hash = index_name_hash(name);
	size_t low = 0, high = items(index, PART_NAMES, 4);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (!named_symbol(index, middle, ret))
			return false;
		if (index_name_hash(ret->name) < hash)
			low = middle + 1;
		else
			high = middle;
	}
	/* Names of the same hash lie together. */
	for (; named_symbol(index, low, ret) && index_name_hash(ret->name) == hash; low++)
		if (!strcmp(ret->name, name) && !nth--)
			return true;
	return false;
}

bool index_area(const struct index *index, size_t nth, const char **name,
		uint64_t *address, uint64_t *size)
{
	const struct index_area *area =
		bytes_at(index, PART_AREAS, nth * sizeof(*area), sizeof(*area));

	if (!area)
		return false;
	*name = string_at(index, area->name);
	*address = index->head.base + area->address;
	*size = area->size;
	return *name != NULL;
}

bool index_function_at(const struct index *index, size_t nth,
		       struct index_function_info *ret)
{
	const struct index_function *fn =
		bytes_at(index, PART_FUNCTIONS, nth * sizeof(*fn), sizeof(*fn));

	if (!fn)
		return false;
	ret->name = string_at(index, fn->name);
	ret->address = index->head.base + fn->address;
	ret->size = fn->size;
	return ret->name != NULL;
}

void index_each_inline(const struct index *index, size_t nth,
		       void (*visit)(void *context, const struct index_inline_info *info),
		       void *context)
{
	const struct index_function *fn =
		bytes_at(index, PART_FUNCTIONS, nth * sizeof(*fn), sizeof(*fn));
	struct fields f;
	uint64_t low;

	if (!fn || fn->inlines == UINT32_MAX)
		return;
	f = fields_at(index, PART_INLINES, fn->inlines, WINDOW);
	low = index->head.base + fn->address;
	for (uint32_t count = field(&f); count && !f.failed; count--) {
		struct index_inline_info one = { 0 };

		low += (uint64_t)(int64_t)signed_field(&f);
		one.address = low;
		one.size = field(&f);
		one.depth = field(&f);
		one.name = string_at(index, field(&f));
		one.file = field(&f);
		one.line = field(&f);
		field(&f);
		if (!f.failed && one.name)
			visit(context, &one);
	}
}

static uint32_t offset_of(const struct index *index, uint64_t address)
{
	uint64_t offset = address - index->head.base;

	return offset > UINT32_MAX ? UINT32_MAX : (uint32_t)offset;
}

void index_each_row(const struct index *index, uint64_t start, uint64_t end,
		    void (*visit)(void *context, uint64_t address, uint32_t file,
				  uint32_t line),
		    void *context)
{
	uint32_t low = offset_of(index, start), high = offset_of(index, end);
	ptrdiff_t number =
		last_not_above(index, PART_BLOCKS, sizeof(struct index_block), low);
	struct row covering = { 0 };
	const struct index_block *block;

	/* The row that the start lies in may begin before it. */
	if (find_row(index, low, &covering) && covering.address < low)
		visit(context, start, covering.file, covering.line);
	for (number = number < 0 ? 0 : number;
	     (block = bytes_at(index, PART_BLOCKS, (uint64_t)number * sizeof(*block),
			       sizeof(*block))) &&
	     block->address < high;
	     number++) {
		struct fields f = fields_at(index, PART_ROWS, block->rows, ROWS_WINDOW);
		struct row row = { .address = block->address };

		for (uint32_t count = field(&f); count && !f.failed; count--) {
			next_row(&f, &row);
			if (!f.failed && row.address >= low && row.address < high &&
			    row.line != UINT32_MAX)
				visit(context, index->head.base + row.address, row.file,
				      row.line);
		}
	}
}

const char *index_file_at(const struct index *index, uint32_t number)
{
	const struct index_file *file = bytes_at(
		index, PART_FILES, (uint64_t)number * sizeof(*file), sizeof(*file));

	return file ? string_at(index, file->path) : NULL;
}
