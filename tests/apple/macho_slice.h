/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A slice while it is made; between the parts of the writer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "readers/macho.h"

enum { WORDS = 32, SECTIONS = 5, PAGE = 4096 };
enum { TEXT, DATA, GOT, CONST, DWARF };

struct symbol {
	char *name;
	uint8_t type;
	int section; /* -1: undefined */
	uint16_t desc;
	uint64_t offset; /* in the section; size of a common symbol */
};

struct reference {
	int section;
	uint64_t offset;
	size_t symbol;
	bool branch;
};

struct slice {
	size_t arch;
	uint32_t type, cpusubtype, minimum, sdk;
	bool uuid, signature, has_main;
	bool stripped;	       /* no symbol table at all */
	bool trie;	       /* exports in a trie */
	unsigned int imports;  /* format of chained fixups' imports; 0: relocations */
	unsigned int pointers; /* format of their pointers */
	struct strbuf chains, exports;
	struct strbuf bytes[SECTIONS];
	uint64_t size[SECTIONS]; /* as laid out */
	uint64_t address[SECTIONS];
	struct symbol *symbols;
	size_t symbol_count, symbol_capacity;
	struct reference *references;
	size_t reference_count, reference_capacity;
	char *dylibs[WORDS];
	size_t dylib_count;
};

/* @size bytes of @value in the slice's byte order. */
void macho_put(const struct slice *s, struct strbuf *out, uint64_t value, size_t size);

/* Once it is laid out. */
uint64_t macho_final_address(const struct slice *s, const struct symbol *symbol);

/* Chained fixups for all references: the tables into @out, the links into the sections.
 */
void macho_put_chains(struct slice *s, struct strbuf *out);

/* A trie of all exported symbols, one node each. */
void macho_put_trie(const struct slice *s, struct strbuf *out);
