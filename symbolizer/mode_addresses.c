/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/modes.h"
#include "symbolizer/object.h"

enum { FLUSH_AT = 1 << 16, LINE_LIMIT = 4096 };

static void add_hex(struct strbuf *out, uint64_t value)
{
	char digits[16];
	size_t count = 0;

	do {
		digits[sizeof(digits) - ++count] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	strbuf_add(out, "0x", 2);
	strbuf_add(out, digits + sizeof(digits) - count, count);
}

static void add_number(struct strbuf *out, unsigned int value)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[sizeof(digits) - ++count] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	strbuf_add(out, digits + sizeof(digits) - count, count);
}

static void add_place(struct strbuf *out, const struct place *place)
{
	strbuf_addc(out, ' ');
	strbuf_adds(out, place->function ? place->function : "?");
	strbuf_addc(out, ' ');
	strbuf_adds(out, place->short_file ? place->short_file : "?");
	strbuf_addc(out, ':');
	add_number(out, place->line);
	strbuf_addc(out, ':');
	add_number(out, place->column);
	strbuf_addc(out, '\n');
}

static void add_hit(struct strbuf *out, uint64_t address, const struct index_hit *hit)
{
	struct place symbol = { .function = hit->symbol.name };

	add_hex(out, address);
	if (!hit->count)
		add_place(out, &symbol);
	for (size_t i = 0; i < hit->count; i++) {
		if (i)
			strbuf_adds(out, "  inlined into");
		add_place(out, &hit->places[i]);
	}
}

static struct error *read_address(const char *line, uint64_t number, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(line, &end, 16);
	while (isspace((unsigned char)*end))
		end++;
	if (end == line || *end || errno)
		return error_new(ERROR_INPUT,
				 "line %llu is no hexadecimal address: %.40s",
				 (unsigned long long)number, line);
	return NULL;
}

static struct error *flush(struct strbuf *out, size_t most, FILE *file)
{
	struct error *error = strbuf_error(out);

	if (error || out->length < most)
		return error;
	if (out->length && fwrite(out->data, 1, out->length, file) != out->length)
		return error_errno(errno, "cannot write");
	strbuf_truncate(out, 0);
	return NULL;
}

struct error *mode_addresses(const char *debug_file, FILE *in, bool returns, bool cache,
			     FILE *out)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct error *error = object_create(debug_file, NULL, cache, &object);
	char line[LINE_LIMIT];

	for (uint64_t number = 1; !error && fgets(line, sizeof(line), in); number++) {
		struct index_hit hit;
		uint64_t address;

		if (line[0] == '\n')
			continue;
		error = read_address(line, number, &address);
		if (!error)
			error = object_lookup(object, address - returns, &hit);
		if (error)
			return error;
		add_hit(&text, address, &hit);
		error = flush(&text, FLUSH_AT, out);
	}
	return error ? error : flush(&text, 0, out);
}
