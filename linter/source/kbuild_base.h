/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kbuild of one kernel gives to every module: variables that makefiles look at, and
 * the arguments of the compiler. kbuild is asked once, with an empty module of our own,
 * and the answer is kept below $XDG_CACHE_HOME/bookend/kbuild until the headers change.
 */
#pragma once

#include "common/cleanup.h"
#include "linter/source/command.h"

struct make;

struct kbuild_base {
	char *headers;			  /* the folder that make runs in */
	struct make *variables;		  /* CONFIG_…, srctree, KERNELRELEASE … */
	struct unit_commands commands;	  /* one: of the empty module */
	unsigned int version, patchlevel; /* 6, 1 */
};

/* Fails where there is no make, no compiler, or where the headers are no build's. */
struct error *kbuild_base_create(const char *headers, struct kbuild_base **ret);
void kbuild_base_destroy(struct kbuild_base *base);
CLEANUP_DEFINE(struct kbuild_base, kbuild_base_destroy)

/* What the empty module is called. */
#define KBUILD_PROBE "bookend_probe"
