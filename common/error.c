/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error {
	enum error_kind kind;
	char *message;
};

static struct error nomem = { ERROR_NOMEM, (char *)"out of memory" };

struct error *error_nomem(void)
{
	return &nomem;
}

static struct error *error_own(enum error_kind kind, char *message)
{
	struct error *error = malloc(sizeof(*error));

	if (!error) {
		free(message);
		return &nomem;
	}
	error->kind = kind;
	error->message = message;
	return error;
}

struct error *error_newv(enum error_kind kind, const char *format, va_list args)
{
	char *message;

	if (vasprintf(&message, format, args) < 0)
		return &nomem;
	return error_own(kind, message);
}

struct error *error_new(enum error_kind kind, const char *format, ...)
{
	va_list args;
	struct error *error;

	va_start(args, format);
	error = error_newv(kind, format, args);
	va_end(args);
	return error;
}

static struct error *error_join(enum error_kind kind, char *head, const char *tail)
{
	char *message;
	int n = asprintf(&message, "%s: %s", head, tail);

	free(head);
	return n < 0 ? &nomem : error_own(kind, message);
}

struct error *error_errno(int code, const char *format, ...)
{
	va_list args;
	char *head;
	int n;

	va_start(args, format);
	n = vasprintf(&head, format, args);
	va_end(args);
	if (n < 0)
		return &nomem;
	return error_join(ERROR_SYSTEM, head, strerror(code));
}

struct error *error_wrap(struct error *error, const char *format, ...)
{
	struct error *wrapped;
	va_list args;
	char *head;
	int n;

	if (!error)
		return NULL;
	va_start(args, format);
	n = vasprintf(&head, format, args);
	va_end(args);
	if (n < 0)
		return error;
	wrapped = error_join(error->kind, head, error->message);
	error_destroy(error);
	return wrapped;
}

const char *error_message(const struct error *error)
{
	return error ? error->message : "";
}

enum error_kind error_kind(const struct error *error)
{
	return error->kind;
}

void error_destroy(struct error *error)
{
	if (!error || error == &nomem)
		return;
	free(error->message);
	free(error);
}
