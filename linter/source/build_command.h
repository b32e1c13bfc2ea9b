/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variables that a tree's own way of building hands to kbuild. */
#pragma once

#include <stdbool.h>

struct arena;
struct dkms_conf;
struct error;
struct kernel;

/* Lists of NAME=value, NULL at the end, of an arena. */
struct build_command {
	const char *const *variables;
	bool is_kbuild; /* kbuild is called, not the tree's own makefile */
};

/*
 * What MAKE[0] of @conf says, with what dkms would put in for @kernel and for the tree at
 * @folder. Words that a shell would have to compute are left out.
 */
struct error *build_command_of_dkms(const struct dkms_conf *conf, const char *folder,
				    const struct kernel *kernel, struct arena *arena,
				    struct build_command *ret);

/*
 * What the Makefile in @folder, called with the variables in @ret, hands to kbuild
 * ("$(MAKE) -C $(KDIR) M=$(PWD) CONFIG_X=m modules"): added to those in @ret.
 */
struct error *build_command_of_makefile(const char *folder, const struct kernel *kernel,
					struct arena *arena, struct build_command *ret);
