/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernels of --target: what each exports, and what its vermagic is. A target is a
 * release (its headers are looked for where distributions install them, and among the
 * kernels that ./setup unpacked), a folder of headers, or a Module.symvers alone, of
 * which neither release nor configuration are known.
 */
#pragma once

#include "common/file.h"
#include "linter/linter.h"
#include "readers/symvers.h"

struct linux_target {
	char *label;	/* the release, or the path as given */
	char *release;	/* NULL: not known */
	char *folder;	/* of headers; NULL: a Module.symvers alone */
	char *vermagic; /* without release: "SMP preempt mod_unload modversions "; NULL */
	bool modversions; /* CONFIG_MODVERSIONS, or any CRC */
	bool extended;	  /* CONFIG_EXTENDED_MODVERSIONS */
	bool basic;	  /* names in __versions are enough: CONFIG_BASIC_MODVERSIONS */
	struct mapping mapping;
	struct symvers *symvers;
	char **modules; /* names of its modules that export something, sorted */
	size_t module_count, module_capacity;
};

struct linux_targets {
	struct linux_target *items; /* in the order given */
	size_t count, capacity;
};

/* NULL when no Linux target was given. */
const struct linux_targets *linter_linux_targets(const struct linter *linter);

/* Owned folder of the installed headers of a release. */
struct error *linux_target_folder(const char *release, char **ret);

/* Opens one target; for `bookend extract` and tests. */
struct error *linux_target_init(const char *spec, struct linux_target *ret);
void linux_target_deinit(struct linux_target *target);

/* Whether a module of that name exports something there. */
bool linux_target_has_module(const struct linux_target *target, const char *name);
