/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index: everything that lookups need from a debug file, in one flat block of bytes
 * that is mapped and read in place.
 *
 * Layout (numbers little-endian, sections 8-byte aligned):
 *	header		struct index_header
 *	chunks		uint64 checksum for every INDEX_CHUNK bytes that follow this table
 *	strings		terminated, offset 0 is ""
 *	files		struct index_file: path and how much of it is the build folder
 *	areas		struct index_area: sections that hold code, by address
 *	symbols		struct index_symbol, by address
 *	names		uint32: numbers of symbols, by hash of the name, then address
 *	functions	struct index_function, by address
 *	inlines		LEB128 fields, found through a function (see index_build.c)
 *	blocks		struct index_block, by address: where line rows start
 *	rows		line rows, delta-coded (see index_build.c)
 * Addresses are offsets from header.base, which fit in 32 bits.
 *
 * The header is verified when the index is opened, every chunk when first touched: an
 * index is never believed where it has not been checked, and opening costs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

enum {
	INDEX_VERSION = 6,
	INDEX_CHUNK = 1 << 14,
	INDEX_BLOCK_ROWS = 48,
	INDEX_ID_SIZE = 64,
	INDEX_DEPTH = 64, /* inlines at one address */
};

enum index_part {
	PART_STRINGS,
	PART_FILES,
	PART_AREAS,
	PART_SYMBOLS,
	PART_NAMES,
	PART_FUNCTIONS,
	PART_INLINES,
	PART_BLOCKS,
	PART_ROWS,
	PART_COUNT,
};

struct index_range {
	uint64_t offset, size;
};

struct index_header {
	char magic[8];
	uint32_t version, machine;
	uint64_t size;			    /* of the whole index */
	uint64_t base;			    /* added to every address */
	uint64_t source_size, source_mtime; /* of the debug file: stale when it changed */
	char build_id[INDEX_ID_SIZE];	    /* hex, terminated */
	uint32_t relocatable; /* addresses are a layout of ours: go through the areas */
	uint32_t reserved;
	struct index_range parts[PART_COUNT];
	struct index_range chunks;
	uint64_t chunks_sum;
	uint64_t header_sum; /* of all fields above */
};

struct index_file {
	uint32_t path; /* in strings */
	uint32_t root; /* leading bytes of the path that are the build folder */
};

struct index_area {
	uint32_t name, address, size;
};

struct index_symbol {
	uint32_t address, size, name;
};

struct index_function {
	uint32_t address, size, name;
	uint32_t inlines; /* offset of its list, ~0: none */
};

struct index_block {
	uint32_t address, rows; /* offset in rows */
};

struct index;

/* Maps the index at @path; fails with ERROR_INPUT when it is damaged or of another
 * version. */
struct error *index_open(const char *path, struct index **ret);

/* Takes over @bytes (from malloc), which index_builder_finish() made. */
struct error *index_wrap(uint8_t *bytes, size_t size, struct index **ret);
void index_close(struct index *index);
CLEANUP_DEFINE(struct index, index_close)

const struct index_header *index_head(const struct index *index);

/* Whether a chunk that did not match its checksum was met; answers are then partial. */
bool index_damaged(const struct index *index);

struct place {
	const char *function;
	const char *file;	/* whole path, NULL: unknown */
	const char *short_file; /* the same without the build folder */
	unsigned int line, column;
};

struct index_symbol_hit {
	const char *name;
	uint64_t address, size;
};

struct index_hit {
	struct place places[INDEX_DEPTH]; /* innermost first */
	size_t count;			  /* 0: no function there */
	uint64_t function_address, function_size;
	struct index_symbol_hit symbol; /* name NULL: none */
	bool has_line;
};

/* What is at @address (of the file's own address space). */
void index_lookup(const struct index *index, uint64_t address, struct index_hit *ret);

/*
 * The @nth symbol (from 0) that is called @name; false when there are no more.
 */
bool index_find_symbol(const struct index *index, const char *name, size_t nth,
		       struct index_symbol_hit *ret);

/* Sections with code: false when there is none of that number. */
bool index_area(const struct index *index, size_t nth, const char **name,
		uint64_t *address, uint64_t *size);

/* Every symbol by address; false after the last. */
bool index_symbol_at(const struct index *index, size_t nth, struct index_symbol_hit *ret);

/* By which names are sorted. */
uint64_t index_name_hash(const char *name);

uint64_t index_checksum(const void *data, size_t size);

/* For those who copy an index elsewhere: functions by address, with all that is in them.
 */
struct index_function_info {
	const char *name;
	uint64_t address, size;
};

/* False after the last. */
bool index_function_at(const struct index *index, size_t nth,
		       struct index_function_info *ret);

struct index_inline_info {
	uint64_t address, size;
	const char *name;
	uint32_t file, line, depth; /* file: a number for index_file_at() */
};

/* Calls @visit for every inline of the function, by address, outer before inner. */
void index_each_inline(const struct index *index, size_t nth,
		       void (*visit)(void *context, const struct index_inline_info *info),
		       void *context);

/* Calls @visit for every row from @start to before @end. */
void index_each_row(const struct index *index, uint64_t start, uint64_t end,
		    void (*visit)(void *context, uint64_t address, uint32_t file,
				  uint32_t line),
		    void *context);

/* NULL after the last; number 0 is "". */
const char *index_file_at(const struct index *index, uint32_t number);
