/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/kernel_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

struct symbol {
	uint64_t address;
	uint32_t name; /* offset into names */
};

struct kernel_symbols {
	struct symbol *symbols; /* by address */
	size_t count, capacity;
	struct strbuf names;
};

/* A function further from its next symbol than this is none: the end of the text. */
static const uint64_t longest_function = 1 << 20;

void kernel_symbols_destroy(struct kernel_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->symbols);
	strbuf_deinit(&symbols->names);
	free(symbols);
}

static int compare_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "ffffffff81000000 T _text" with an optional "\t[module]", which is passed over. */
static bool add_line(struct kernel_symbols *symbols, struct span line)
{
	struct symbol symbol = { 0 };
	size_t i = 0, length = 0;

	for (; i < line.size && i < 16 && hex_digit(line.data[i]) >= 0; i++)
		symbol.address = symbol.address << 4 | hex_digit(line.data[i]);
	if (!i || i + 3 >= line.size || line.data[i] != ' ' || line.data[i + 2] != ' ' ||
	    !strchr("tTwW", line.data[i + 1]) || memchr(line.data, '[', line.size))
		return true;
	i += 3;
	while (i + length < line.size && line.data[i + length] > ' ')
		length++;
	if (!length || !array_grow(symbols->symbols, symbols->count, symbols->capacity))
		return !length;
	symbol.name = symbols->names.length;
	strbuf_add(&symbols->names, line.data + i, length);
	strbuf_addc(&symbols->names, 0);
	symbols->symbols[symbols->count++] = symbol;
	return !symbols->names.failed;
}

struct error *kernel_symbols_parse(struct span text, struct kernel_symbols **ret)
{
	_cleanup_(kernel_symbols_destroy) struct kernel_symbols *symbols =
		calloc(1, sizeof(*symbols));
	size_t begin = 0;

	if (!symbols)
		return error_nomem();
	while (begin < text.size) {
		const uint8_t *end = memchr(text.data + begin, '\n', text.size - begin);
		size_t size = end ? (size_t)(end - text.data) - begin : text.size - begin;

		if (!add_line(symbols, (struct span){ text.data + begin, size }))
			return error_nomem();
		begin += size + 1;
	}
	if (symbols->count)
		qsort(symbols->symbols, symbols->count, sizeof(*symbols->symbols),
		      compare_address);
	*ret = take(symbols);
	return NULL;
}

struct error *kernel_symbols_create(struct kernel_symbols **ret)
{
	_cleanup_(kernel_symbols_destroy) struct kernel_symbols *symbols = NULL;
	_free_ char *text = NULL;
	struct error *error = file_read_text("/proc/kallsyms", 128 << 20, &text);

	if (!error)
		error = kernel_symbols_parse((struct span){ (void *)text, strlen(text) },
					     &symbols);
	if (error)
		return error;
	if (!symbols->count || !symbols->symbols[symbols->count - 1].address)
		return error_new(ERROR_MISSING,
				 "/proc/kallsyms shows no addresses: root is needed, and "
				 "kernel.kptr_restrict below 2");
	*ret = take(symbols);
	return NULL;
}

const char *kernel_symbols_find(const struct kernel_symbols *symbols, uint64_t address,
				uint64_t *offset)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - symbols->symbols[low - 1].address > longest_function)
		return NULL;
	/* aliases of one address: the first name is the same in every run */
	while (low > 1 &&
	       symbols->symbols[low - 2].address == symbols->symbols[low - 1].address)
		low--;
	*offset = address - symbols->symbols[low - 1].address;
	return symbols->names.data + symbols->symbols[low - 1].name;
}

bool kernel_symbols_range(const struct kernel_symbols *symbols, const char *name,
			  uint64_t *low, uint64_t *high)
{
	for (size_t i = 0; i < symbols->count; i++) {
		const struct symbol *symbol = &symbols->symbols[i];
		size_t next = i + 1;

		if (strcmp(symbols->names.data + symbol->name, name))
			continue;
		while (next < symbols->count &&
		       symbols->symbols[next].address == symbol->address)
			next++;
		*low = symbol->address;
		*high = next < symbols->count ? symbols->symbols[next].address
					      : symbol->address + 4096;
		return true;
	}
	return false;
}
