/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of a source tree are compiled, how, and against which kernel. */
#pragma once

#include "linter/source/command.h"

struct arena;
struct bundle;
struct container;
struct error;

/* A kernel that a driver can be built against. */
struct kernel {
	const char *name;    /* as given with --target; NULL: found */
	const char *folder;  /* of its headers (has a Makefile) */
	const char *release; /* as the headers say; NULL: they do not */
};

struct kernels {
	struct kernel *items;
	size_t count, capacity;
	struct arena *arena; /* owns the strings, not owned */
};

/*
 * Headers of the kernels that --target names: a folder, or the release of installed
 * headers. Those without headers on this machine are left out.
 */
struct error *kernels_from_targets(const char *const *targets, size_t count,
				   struct kernels *ret);

/*
 * The headers of the running kernel, when installed; else those of the kernel that was
 * unpacked for the throwaway machine; else @ret->folder is NULL.
 */
struct error *kernel_at_hand(struct arena *arena, struct kernel *ret);

/*
 * Folder that the commands of a kbuild run in: told from their include paths and from
 * the modules that lie beside. Owned; NULL when it cannot be found.
 */
char *units_kernel_folder(const struct unit_command *command, const char *beside);

/*
 * What a build left in @container (.NAME.o.cmd, compile_commands.json). Directories are
 * filled in; a file that cannot be read is an error.
 */
struct error *units_from_build(const struct bundle *bundle,
			       const struct container *container,
			       struct unit_commands *ret);

/*
 * What kbuild would do for the tree at @folder against @kernel: `make -n`. @variables:
 * further NAME=value of the command line, NULL at the end, or NULL.
 */
struct error *units_from_kbuild(const char *folder, const char *kernel,
				const char *const *variables, struct unit_commands *ret);
