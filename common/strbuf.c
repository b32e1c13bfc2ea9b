/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"

void strbuf_deinit(struct strbuf *buf)
{
	free(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
}

static bool strbuf_reserve(struct strbuf *buf, size_t extra)
{
	size_t need, capacity = buf->capacity ? buf->capacity : 64;
	char *data;

	if (buf->failed || extra > SIZE_MAX / 2 - buf->length - 1) {
		buf->failed = true;
		return false;
	}
	need = buf->length + extra + 1;
	if (need <= buf->capacity)
		return true;
	while (capacity < need)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t length)
{
	if (!strbuf_reserve(buf, length))
		return;
	if (length)
		memcpy(buf->data + buf->length, data, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void strbuf_adds(struct strbuf *buf, const char *string)
{
	strbuf_add(buf, string, strlen(string));
}

void strbuf_addc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_addv(struct strbuf *buf, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n < 0)
		buf->failed = true;
	else if (strbuf_reserve(buf, n)) {
		vsnprintf(buf->data + buf->length, n + 1, format, again);
		buf->length += n;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_addv(buf, format, args);
	va_end(args);
}

void strbuf_pad(struct strbuf *buf, char c, size_t count)
{
	if (!strbuf_reserve(buf, count))
		return;
	memset(buf->data + buf->length, c, count);
	buf->length += count;
	buf->data[buf->length] = '\0';
}

void strbuf_truncate(struct strbuf *buf, size_t length)
{
	if (length >= buf->length)
		return;
	buf->length = length;
	buf->data[length] = '\0';
}

const char *strbuf_string(const struct strbuf *buf)
{
	return buf->data ? buf->data : "";
}

struct error *strbuf_error(const struct strbuf *buf)
{
	return buf->failed ? error_nomem() : NULL;
}

struct error *strbuf_steal(struct strbuf *buf, char **ret)
{
	strbuf_reserve(buf, 0);
	if (buf->failed)
		return error_nomem();
	if (!buf->length)
		buf->data[0] = '\0';
	*ret = take(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
	return NULL;
}
