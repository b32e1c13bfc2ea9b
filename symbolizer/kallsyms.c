/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/packed.h"

enum { LIMIT = 256 << 20 };

struct kallsyms {
	char *text; /* names and modules are terminated in place */
	struct kallsym *symbols;
	size_t count, capacity;
	bool locals; /* names of functions that are not exported, too */
};

void kallsyms_destroy(struct kallsyms *symbols)
{
	if (!symbols)
		return;
	free(symbols->text);
	free(symbols->symbols);
	free(symbols);
}

static int compare(const void *left, const void *right)
{
	const struct kallsym *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Reads one line in place; false when it is not a symbol of code. */
static bool parse_line(char *line, struct kallsym *ret)
{
	char *end, *module;

	*ret = (struct kallsym){ 0 };
	ret->address = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !end[1] || end[2] != ' ')
		return false;
	ret->type = end[1];
	ret->name = end + 3;
	module = strchr(end + 3, '\t');
	if (module) {
		*module++ = 0;
		if (*module == '[') {
			ret->module = module + 1;
			module[strcspn(module, "]")] = 0;
		}
	}
	return ret->address && *ret->name && strchr("tTwW", ret->type);
}

static struct error *read_all(struct kallsyms *symbols)
{
	char *next = symbols->text;

	while (*next) {
		char *line = next;
		struct kallsym one;

		next += strcspn(next, "\n");
		if (*next)
			*next++ = 0;
		if (!parse_line(line, &one))
			continue;
		if (!array_grow(symbols->symbols, symbols->count, symbols->capacity))
			return error_nomem();
		symbols->locals |= !one.module && one.type == 't';
		symbols->symbols[symbols->count++] = one;
	}
	qsort(symbols->symbols, symbols->count, sizeof(*symbols->symbols), compare);
	for (size_t i = 0; i + 1 < symbols->count; i++)
		symbols->symbols[i].size =
			symbols->symbols[i + 1].address - symbols->symbols[i].address;
	return NULL;
}

struct error *kallsyms_parse(const char *text, size_t size, const char *path,
			     struct kallsyms **ret)
{
	_cleanup_(kallsyms_destroy) struct kallsyms *symbols =
		calloc(1, sizeof(*symbols));
	struct error *error;

	if (symbols)
		symbols->text = strndup(text, size);
	if (!symbols || !symbols->text)
		return error_nomem();
	error = read_all(symbols);
	if (!error && !symbols->count)
		error = error_new(ERROR_INPUT,
				  "%s holds no kernel symbols with addresses (is it a "
				  "copy of /proc/kallsyms that root made?)",
				  path);
	if (!error)
		*ret = take(symbols);
	return error;
}

struct error *kallsyms_load(const char *path, struct kallsyms **ret)
{
	_free_ char *text = NULL;
	struct error *error = packed_read_text(path, LIMIT, &text);

	return error ? error : kallsyms_parse(text, strlen(text), path, ret);
}

bool kallsyms_at(const struct kallsyms *symbols, uint64_t address, struct kallsym *ret)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*ret = symbols->symbols[low - 1];
	ret->nearest = !symbols->locals && !ret->module;
	return !ret->size || address - ret->address < ret->size;
}

static bool same_module(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool kallsyms_find(const struct kallsyms *symbols, const char *name, const char *module,
		   struct kallsym *ret)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strcmp(symbols->symbols[i].name, name) &&
		    same_module(symbols->symbols[i].module, module)) {
			*ret = symbols->symbols[i];
			return true;
		}
	return false;
}
