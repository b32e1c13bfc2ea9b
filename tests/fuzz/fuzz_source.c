/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that reads a driver's files and build leftovers as text. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "linter/source/command.h"
#include "linter/source/import.h"
#include "linter/source/lex.h"
#include "linter/source/make.h"
#include "linter/source/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_text(struct span text)
{
	_lexed_ struct lexed lexed = { 0 };
	char word[32];

	error_destroy(lex(text, &lexed));
	for (size_t i = 0; i < lexed.count && i < 2000; i++) {
		struct text_call call;

		text_call(&lexed, i, &call);
		text_unquote(&lexed, &lexed.tokens[i], word, sizeof(word));
		lexed_line_flags(&lexed, lexed.tokens[i].line);
	}
}

static void look_at_lines(struct span text)
{
	const char *at = (const char *)text.data, *end = at + text.size;
	struct import_diff diff = { .at = at, .end = end };
	uint32_t line, column;
	char file[64];

	while (import_parse_diff(&diff, &line))
		;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *rest;
		size_t length = (size_t)((stop ? stop : end) - at);

		import_parse_line(at, length, file, sizeof(file), &line, &column, &rest);
		at = stop ? stop + 1 : end;
	}
}

/* The reader of makefiles takes a file, as includes are files too. */
static void look_at_makefile(struct span text)
{
	static const char *const names[] = { "obj-m", "ccflags-y", "MAKEFILE_LIST" };
	const struct make_settings settings = { "/nonexistent", "6.1.0" };
	_cleanup_(make_destroy) struct make *make = NULL;
	_close_ int fd = memfd_create("makefile", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, text.data, text.size) != (ssize_t)text.size)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error_destroy(make_create(NULL, &settings, &make));
	error_destroy(make_read(make, path));
	for (size_t i = 0; i < 3; i++) {
		_free_ char *value = NULL;

		error_destroy(make_value(make, names[i], &value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_unit_commands_ struct unit_commands commands = { 0 };
	struct span text = { data, size };

	look_at_text(text);
	look_at_lines(text);
	look_at_makefile(text);
	error_destroy(command_read_cmd(text, &commands));
	error_destroy(command_read_make(text, "/", &commands));
	error_destroy(command_read_json("x", text, &commands));
	return 0;
}
