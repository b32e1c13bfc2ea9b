/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making an index: add strings, files, areas, symbols, functions and line rows in any
 * order, then finish. The same builder makes the whole index of a file and the little
 * one of a single unit.
 */
#pragma once

#include "symbolizer/index.h"

struct index_builder;

struct error *index_builder_create(struct index_builder **ret);
void index_builder_destroy(struct index_builder *builder);
CLEANUP_DEFINE(struct index_builder, index_builder_destroy)

/*
 * From now on strings are not compared with those that are there already: quicker, where
 * hardly any comes twice.
 */
void index_builder_do_not_compare(struct index_builder *builder);

/* Numbers of strings and files; the same text gives the same number. */
uint32_t builder_string(struct index_builder *b, const char *text);
uint32_t builder_file(struct index_builder *b, const char *path, size_t root);

void builder_area(struct index_builder *b, const char *name, uint64_t address,
		  uint64_t size);
void builder_symbol(struct index_builder *b, const char *name, uint64_t address,
		    uint64_t size);

struct builder_inline {
	uint64_t address, size;
	uint32_t name, file, line, column;
	uint32_t depth; /* 0: directly in the function */
};

/* @inlines in any order. */
void builder_function(struct index_builder *b, uint64_t address, uint64_t size,
		      uint32_t name, struct builder_inline *inlines, size_t count);

struct builder_row {
	uint64_t address;
	uint32_t file, line, column;
};

/* One sequence: rows by address, of which the last one only says where it ends. */
void builder_rows(struct index_builder *b, const struct builder_row *rows, size_t count);

/*
 * The bytes of the index, from malloc, owned by the caller. @head gives build-id,
 * machine, source and relocatable; the rest of it is filled in. Failures on the way
 * (memory, a file larger than 4 GiB of code) are told here.
 */
struct error *index_builder_finish(struct index_builder *b,
				   const struct index_header *head, uint8_t **bytes,
				   size_t *size);
