/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The units of a tree that was not built: of every folder whose makefile names modules,
 * but not below one that was understood, as that one's makefile goes down by itself.
 */
#pragma once

#include "linter/source/model.h"

struct bundle;
struct container;
struct kernel;

struct tree {
	const struct bundle *bundle;
	const struct container *container;
	const struct source_model *model;
	const struct kernel *kernel;
	bool run_make; /* make -n may be asked for what reading does not tell */
};

/*
 * Adds the units. @why, owned: what stood in the way of the first folder that could not
 * be understood, or NULL. Some units may have been found all the same.
 */
struct error *tree_units(const struct tree *tree, struct unit_commands *ret, char **why);
