/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/trace.h"

#include <ctype.h>
#include <string.h>

#include "symbolizer/logline.h"

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* A hexadecimal number of at most 16 digits, with or without 0x. */
static const char *read_hex(const char *p, const char *end, uint64_t *ret, int *digits)
{
	uint64_t value = 0;
	int count = 0;

	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (; p < end && isxdigit((unsigned char)*p) && count < 17; p++, count++)
		value = value << 4 |
			(uint64_t)(isdigit((unsigned char)*p) ? *p - '0'
							      : (*p | 32) - 'a' + 10);
	*ret = value;
	*digits = count;
	return p;
}

static void copy(char *ret, size_t size, const char *from, size_t length)
{
	if (length >= size)
		length = size - 1;
	memcpy(ret, from, length);
	ret[length] = 0;
}

/* "[<ffffffff810a376f>]", "[<ffff…>]", "[c000000000123456]", once or twice. */
static const char *read_address(const char *p, const char *end, struct trace_place *ret)
{
	for (int i = 0; i < 2; i++) {
		const char *q = p;
		uint64_t value;
		int digits;

		if (q >= end || *q != '[')
			break;
		q++;
		if (q < end && *q == '<')
			q++;
		q = skip_blanks(q, end);
		if (end - q > 6 && !memcmp(q, "inline", 6)) {
			q = skip_blanks(q + 6, end);
			ret->inlined = true;
		} else {
			q = read_hex(q, end, &value, &digits);
			if (digits < 8)
				break;
			ret->address = value;
		}
		if (q < end && *q == '>')
			q++;
		if (q >= end || *q != ']') {
			ret->inlined = false;
			break;
		}
		p = skip_blanks(q + 1, end);
	}
	return p;
}

/* "[module]", "[module 3f9a…]", "[module(OE)]" */
static const char *read_module(const char *p, const char *end, struct trace_place *ret)
{
	const char *name = p + 1, *stop;
	const char *close = p < end && *p == '[' ? memchr(p, ']', end - p) : NULL;

	if (!close || close - p > 110)
		return p;
	if (close - p == 7 && !memcmp(p, "[inline]", 8)) {
		ret->inlined = true;
		return close + 1;
	}
	for (stop = name; stop < close && (is_name_char(*stop) || *stop == '-'); stop++)
		;
	if (stop == name)
		return p;
	copy(ret->module, sizeof(ret->module), name, stop - name);
	if (stop < close && *stop == ' ')
		copy(ret->build_id, sizeof(ret->build_id), stop + 1, close - stop - 1);
	if (strspn(ret->build_id, "0123456789abcdef") != strlen(ret->build_id))
		ret->build_id[0] = 0;
	return close + 1;
}

/* "kernel/fork.c:123" of a log that was symbolized before */
static const char *read_file(const char *p, const char *end, struct trace_place *ret)
{
	const char *q = p, *colon = NULL;
	unsigned int line = 0;

	while (q < end && *q != ' ' && *q != '\t') {
		if (*q == ':' && !colon)
			colon = q;
		q++;
	}
	if (!colon || colon == p || colon + 1 >= end || !isdigit((unsigned char)colon[1]))
		return p;
	if (!memchr(p, '.', colon - p))
		return p;
	for (const char *d = colon + 1; d < q && isdigit((unsigned char)*d); d++)
		line = line * 10 + (unsigned int)(*d - '0');
	copy(ret->file, sizeof(ret->file), p, colon - p);
	ret->line = line;
	return q;
}

/* "+0x12/0x34" or "+0x12" */
static const char *read_offsets(const char *p, const char *end, struct trace_place *ret)
{
	const char *q;
	int digits;

	if (end - p < 4 || p[0] != '+' || p[1] != '0' || p[2] != 'x')
		return p;
	q = read_hex(p + 1, end, &ret->offset, &digits);
	if (!digits)
		return p;
	if (end - q > 3 && q[0] == '/' && q[1] == '0' && q[2] == 'x') {
		q = read_hex(q + 1, end, &ret->size, &digits);
		ret->sized = digits > 0;
	}
	return q;
}

const char *trace_read_place(const char *text, const char *end, struct trace_place *ret)
{
	const char *p = skip_blanks(text, end), *name, *after;

	*ret = (struct trace_place){ 0 };
	p = read_address(p, end, ret);
	if (p < end && *p == '?') {
		ret->guessed = true;
		p = skip_blanks(p + 1, end);
	}
	if (p < end && *p == '(')
		p++;
	if (!ret->address && end - p > 10 && p[0] == '0' && p[1] == 'x') {
		int digits;

		p = read_hex(p, end, &ret->address, &digits);
		return digits >= 8 ? skip_blanks(p, end) : NULL;
	}
	name = p;
	while (p < end && is_name_char(*p))
		p++;
	if (p == name || isdigit((unsigned char)*name))
		return ret->address ? p : NULL;
	copy(ret->function, sizeof(ret->function), name, p - name);
	after = read_offsets(p, end, ret);
	if (after < end && *after == ')')
		after++;
	p = skip_blanks(after, end);
	p = read_file(p, end, ret);
	p = skip_blanks(p, end);
	p = read_module(p, end, ret);
	/* "(unreliable)" of powerpc, "(P)" and the like of arm64 */
	p = skip_blanks(p, end);
	if (end - p >= 12 && !memcmp(p, "(unreliable)", 12)) {
		ret->guessed = true;
		p += 12;
	} else if (p < end && *p == '(' && end - p <= 6) {
		p = end;
	}
	p = skip_blanks(p, end);
	p = read_module(p, end, ret);
	return skip_blanks(p, end);
}

static bool plausible(const struct trace_place *place)
{
	return place->sized || (place->address && place->function[0]) ||
	       (place->file[0] && (place->inlined || place->offset));
}

bool trace_read_frame(const struct logline *line, struct trace_place *ret)
{
	const char *end = line->text + line->length, *rest;

	if (!line->length || line->length > 512)
		return false;
	rest = trace_read_place(line->text, end, ret);
	if (rest != end)
		return false;
	if (plausible(ret))
		return true;
	return ret->address && !ret->function[0] && line->text[0] == '[';
}

bool trace_read_arm_frame(const struct logline *line, struct trace_place *ret,
			  struct trace_place *callee)
{
	const char *from = logline_find(line, " from "), *end = line->text + line->length;

	if (!from || !trace_read_place(line->text, from, callee) || !callee->function[0])
		return false;
	return trace_read_place(from + 6, end, ret) && ret->sized;
}
