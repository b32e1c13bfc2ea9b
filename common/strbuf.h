/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing string. Failure to allocate is sticky: add what you like, then ask once
 * with strbuf_error() or strbuf_steal().
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

struct strbuf {
	char *data; /* always terminated once anything was added; NULL when empty */
	size_t length;
	size_t capacity;
	bool failed;
};

#define STRBUF_INIT               \
	{                         \
		NULL, 0, 0, false \
	}

void strbuf_deinit(struct strbuf *buf);

void strbuf_add(struct strbuf *buf, const void *data, size_t length);
void strbuf_adds(struct strbuf *buf, const char *string);
void strbuf_addc(struct strbuf *buf, char c);
void strbuf_addf(struct strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_addv(struct strbuf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Adds @count copies of @c. */
void strbuf_pad(struct strbuf *buf, char c, size_t count);
void strbuf_truncate(struct strbuf *buf, size_t length);

/* The text so far, "" when empty; owned by @buf. */
const char *strbuf_string(const struct strbuf *buf);

/* The out-of-memory error when anything failed, else NULL. */
struct error *strbuf_error(const struct strbuf *buf);

/* Hands the string over in @ret (owned by the caller, never NULL) and empties @buf. */
struct error *strbuf_steal(struct strbuf *buf, char **ret);

#define _strbuf_ __attribute__((cleanup(strbuf_deinit)))
