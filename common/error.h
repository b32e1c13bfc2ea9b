/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error type of every library here.
 *
 * A function that can fail returns `struct error *`: NULL is success, anything else is
 * owned by the caller and given back with error_destroy() (or the _error_ attribute).
 * Messages say what failed, on which file, and why: lower case, no full stop. Running
 * out of memory is handed out as a static object, so that reporting it cannot fail.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

enum error_kind {
	ERROR_INPUT,	 /* foreign bytes or a user's file are not what they should be */
	ERROR_USAGE,	 /* the command line is wrong */
	ERROR_MISSING,	 /* a tool, file or feature this needs is not there */
	ERROR_SYSTEM,	 /* a system call failed; the message holds its reason */
	ERROR_NOMEM,	 /* allocation failed */
	ERROR_INTERRUPT, /* the user stopped it */
	ERROR_TIMEOUT,	 /* a deadline passed */
	ERROR_INTERNAL,	 /* a defect of bookend itself */
};

struct error;

struct error *error_new(enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct error *error_newv(enum error_kind kind, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Appends ": " and the text of errno @code to the message. */
struct error *error_errno(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The static out-of-memory error. */
struct error *error_nomem(void);

/*
 * Puts "context: " before the message of @error, which is consumed; the result is
 * owned by the caller. NULL stays NULL.
 */
struct error *error_wrap(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

const char *error_message(const struct error *error);
enum error_kind error_kind(const struct error *error);

/* Accepts NULL. */
void error_destroy(struct error *error);
