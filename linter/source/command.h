/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a unit of source is compiled: read from what a build left behind (kbuild's
 * .NAME.o.cmd, compile_commands.json) or from what `make -n` says it would run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/span.h"

struct error;

/* All strings owned. */
struct unit_command {
	char *file;	  /* as the command names it */
	char *directory;  /* where it runs; NULL: not known */
	char **arguments; /* what clang needs of them, NULL at the end; without the file
			   */
	size_t count, capacity;
	bool cplusplus;
	bool own_compiler_flags; /* -w, -fpermissive or a disabled warning was there */
};

struct unit_commands {
	struct unit_command *items;
	size_t count, capacity;
};

void unit_commands_deinit(struct unit_commands *commands);
/* Takes away those behind the first @count. */
void unit_commands_truncate(struct unit_commands *commands, size_t count);
#define _unit_commands_ __attribute__((cleanup(unit_commands_deinit)))

/*
 * Adds the unit of a .NAME.o.cmd file's text; nothing when it compiles no C. Format:
 * scripts/Makefile.lib and scripts/basic/fixdep.c of the kernel.
 */
struct error *command_read_cmd(struct span text, struct unit_commands *ret);

/* Adds what a compile_commands.json holds (clang's JSON Compilation Database). */
struct error *command_read_json(const char *name, struct span text,
				struct unit_commands *ret);

/* Adds every compilation among the lines that `make -n` printed. */
struct error *command_read_make(struct span text, const char *directory,
				struct unit_commands *ret);

/*
 * Adds one command from its words. What clang 14 does not know or what means nothing
 * to reading (gcc's code generation, warnings, outputs) is left out.
 */
struct error *command_add(const char *directory, const char *const *words, size_t count,
			  struct unit_commands *ret);

/* The words of @text as a shell reads them: owned strings, NULL at the end. */
struct error *command_split(const char *text, char ***ret);
