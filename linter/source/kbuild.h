/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which units kbuild would compile of a folder, and how: told from its Kbuild or Makefile
 * by reading it. Source: Documentation/kbuild/makefiles.rst and modules.rst,
 * scripts/Makefile.build and Makefile.lib of the kernel.
 */
#pragma once

#include "linter/source/command.h"

struct kbuild_base;

struct kbuild_request {
	const char *folder;	      /* absolute */
	const char *const *variables; /* NAME=value of make's command line; may be NULL */
	size_t first; /* units from here on are of the same tree: none is added twice */
	bool lenient; /* flags that only a program knows are left out, and told in @why */
};

/*
 * Adds the units of the folder and of the folders that its makefile goes down to. What
 * the makefile leaves to programs or tells in ways that are not followed is an owned line
 * in @why: then nothing was added (but for flags, where that is asked for), and only make
 * can answer.
 */
struct error *kbuild_units(const struct kbuild_base *base,
			   const struct kbuild_request *request,
			   struct unit_commands *ret, char **why);
