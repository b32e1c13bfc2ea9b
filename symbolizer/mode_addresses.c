/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/modes.h"
#include "symbolizer/object.h"
#include "symbolizer/tail.h"

/*
 * Addresses are answered in batches, each in the order of the addresses, so that what
 * lies together in the index is touched together; the answers come in the order of the
 * questions. Whoever asks one by one has its answer at once: a batch ends when nothing
 * more is to be read.
 */
enum { BATCH = 1 << 15, BLOCK = 1 << 16, LINE_LIMIT = 4096, DIGIT_BITS = 11 };

struct question {
	uint64_t address;
	uint32_t number;
};

struct answer {
	uint32_t offset, length; /* in the batch's text */
};

struct batch {
	struct object *object;
	bool returns;
	struct question *questions, *scratch; /* BATCH each */
	struct answer *answers;
	size_t count;
	struct strbuf text;
	FILE *out;
};

static char *add_number(char *p, unsigned int value)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[sizeof(digits) - ++count] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	memcpy(p, digits + sizeof(digits) - count, count);
	return p + count;
}

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

static void add_place(struct strbuf *out, const struct place *place)
{
	char numbers[32], *p = numbers;

	strbuf_addc(out, ' ');
	strbuf_adds(out, place->function ? place->function : "?");
	strbuf_addc(out, ' ');
	strbuf_adds(out, place->short_file ? place->short_file : "?");
	*p++ = ':';
	p = add_number(p, place->line);
	*p++ = ':';
	p = add_number(p, place->column);
	*p++ = '\n';
	strbuf_add(out, numbers, (size_t)(p - numbers));
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

/* By address, stable: passes over the digits, lowest first, that differ at all. */
static void sort(struct batch *b)
{
	uint64_t all = ~UINT64_C(0), any = 0;

	for (size_t i = 0; i < b->count; i++) {
		all &= b->questions[i].address;
		any |= b->questions[i].address;
	}
	for (unsigned int shift = 0; shift < 64; shift += DIGIT_BITS) {
		size_t starts[1 << DIGIT_BITS] = { 0 }, sum = 0;
		const uint64_t mask = (1 << DIGIT_BITS) - 1;
		struct question *swap = b->questions;

		if (!((all ^ any) >> shift & mask))
			continue;
		for (size_t i = 0; i < b->count; i++)
			starts[b->questions[i].address >> shift & mask]++;
		for (size_t i = 0; i <= mask; i++) {
			size_t here = starts[i];

			starts[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < b->count; i++)
			b->scratch[starts[b->questions[i].address >> shift & mask]++] =
				b->questions[i];
		b->questions = b->scratch;
		b->scratch = swap;
	}
}

static struct error *answer(struct batch *b)
{
	struct error *error = NULL;

	sort(b);
	for (size_t i = 0; !error && i < b->count; i++) {
		const struct question *q = &b->questions[i];
		struct index_hit hit;
		size_t start = b->text.length;

		error = object_lookup(b->object, q->address - b->returns, &hit);
		if (!error)
			add_hit(&b->text, q->address, &hit);
		b->answers[q->number] =
			(struct answer){ (uint32_t)start,
					 (uint32_t)(b->text.length - start) };
	}
	if (!error)
		error = strbuf_error(&b->text);
	for (size_t i = 0; !error && i < b->count; i++) {
		const struct answer *a = &b->answers[i];

		if (a->length &&
		    fwrite(b->text.data + a->offset, 1, a->length, b->out) != a->length)
			error = error_errno(errno, "cannot write");
	}
	if (!error && fflush(b->out))
		error = error_errno(errno, "cannot write");
	strbuf_truncate(&b->text, 0);
	b->count = 0;
	return error;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* "0xffffffff81000000", with or without 0x; *@blank: the line holds nothing. */
static bool read_address(const char *p, const char *end, uint64_t *ret, bool *blank)
{
	uint64_t value = 0;
	int digits = 0;

	while (p < end && is_blank(*p))
		p++;
	*blank = p == end;
	if (end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x')
		p += 2;
	for (; p < end && digits < 17; p++, digits++) {
		unsigned char c = (unsigned char)*p;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value << 4 | (uint64_t)((c | 32) - 'a' + 10);
		else
			break;
	}
	while (p < end && is_blank(*p))
		p++;
	*ret = value;
	return p == end && digits && digits <= 16;
}

static struct error *take_line(struct batch *b, const char *line, size_t length,
			       uint64_t number)
{
	uint64_t address;
	bool blank;

	if (!read_address(line, line + length, &address, &blank)) {
		if (blank)
			return NULL;
		return error_new(ERROR_INPUT, "line %llu is no hexadecimal address: %.*s",
				 (unsigned long long)number,
				 (int)(length < 40 ? length : 40), line);
	}
	b->questions[b->count] = (struct question){ address, (uint32_t)b->count };
	b->count++;
	return b->count == BATCH ? answer(b) : NULL;
}

/* Lines of what was read so far; what is left of the last one stays in @rest. */
static struct error *take_block(struct batch *b, struct strbuf *rest, uint64_t *number)
{
	struct error *error = NULL;
	size_t at = 0;

	while (!error) {
		const char *start = rest->data + at;
		const char *end =
			rest->length > at ? memchr(start, '\n', rest->length - at) : NULL;

		if (!end)
			break;
		error = take_line(b, start, (size_t)(end - start), ++*number);
		at += (size_t)(end - start) + 1;
	}
	if (!error && rest->length - at > LINE_LIMIT)
		error = error_new(ERROR_INPUT, "line %llu is no hexadecimal address",
				  (unsigned long long)*number + 1);
	if (at)
		memmove(rest->data, rest->data + at, rest->length - at);
	strbuf_truncate(rest, rest->length - at);
	return error;
}

static struct error *run(struct batch *b, struct tail *in)
{
	_strbuf_ struct strbuf rest = STRBUF_INIT;
	enum tail_state state = TAIL_DATA;
	struct error *error = NULL;
	uint64_t number = 0;
	char block[BLOCK];
	size_t length;

	while (!error && state == TAIL_DATA) {
		struct pollfd more = { .fd = in->fd, .events = POLLIN };

		if (b->count && !in->regular && !poll(&more, 1, 0))
			error = answer(b);
		if (!error)
			error = tail_read(in, block, sizeof(block), &length, &state);
		if (error)
			break;
		strbuf_add(&rest, block, length);
		if (state == TAIL_END && rest.length)
			strbuf_addc(&rest, '\n');
		error = strbuf_error(&rest);
		if (!error)
			error = take_block(b, &rest, &number);
	}
	return error ? error : answer(b);
}

struct error *mode_addresses(const char *debug_file, const char *in, bool returns,
			     bool cache, FILE *out)
{
	_cleanup_(object_destroy) struct object *object = NULL;
	_free_ struct answer *answers = malloc(BATCH * sizeof(*answers));
	_tail_ struct tail tail = { 0 };
	struct batch b = { .returns = returns, .answers = answers, .out = out };
	struct error *error;

	b.questions = malloc(BATCH * sizeof(*b.questions));
	b.scratch = malloc(BATCH * sizeof(*b.scratch));
	error = b.questions && b.scratch && answers ? NULL : error_nomem();
	if (!error)
		error = object_create(debug_file, NULL, cache, &object);
	if (!error)
		error = tail_open(in, false, &tail);
	b.object = object;
	if (!error)
		error = run(&b, &tail);
	free(b.questions);
	free(b.scratch);
	strbuf_deinit(&b.text);
	return error;
}
