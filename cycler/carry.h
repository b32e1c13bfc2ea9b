/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings a plan's files to the target, and checks that they can be of use there. */
#pragma once

#include <jansson.h>

#include "cycler/plan.h"
#include "target/target.h"

struct error;

struct carried {
	char *name;  /* of a module, as the kernel calls it */
	char *host;  /* its file here */
	char *magic; /* the kernel release that it was built for */
};

struct carried_list {
	struct carried *items;
	size_t count, capacity;
};

void carried_list_deinit(struct carried_list *list);

/*
 * A copy of the plan in which files have their places in the target, where they (and the
 * modules that they depend on) are put. Modules that are files of ours go to @modules.
 */
struct error *carry_plan(const json_t *plan, struct target *target,
			 struct carried_list *modules, json_t **ret);

/* Fails when a module was built for another kernel than the one that runs. */
struct error *carry_check(const struct carried_list *modules, const char *release);
