/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules as the running kernel lists them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

struct error;
struct census_slot;

/* What a line of /proc/modules says. */
struct loaded_module {
	uint64_t base, size;
};

/*
 * The name as the kernel spells it: without folder and ".ko…", '-' as '_'. False when
 * it is empty or longer than @size - 1 bytes.
 */
bool loaded_name(const char *module, char *ret, size_t size);

/* Finds @name in the text of /proc/modules. */
bool loaded_parse(struct span text, const char *name, struct loaded_module *ret);

/*
 * Section names and addresses of a loaded module (/sys/module/NAME/sections), at most
 * @room of them; fewer when the kernel does not tell.
 */
struct census_section;
/* References to a module that is loaded (/sys/module/NAME/refcnt); 0 when not known. */
uint64_t loaded_references(const char *name);

size_t loaded_sections(const char *name, struct census_section *ret, size_t room);

/* Opens @slot for a module that is loaded already; @ret tells whether it is. */
struct error *loaded_find(const char *name, struct census_slot *slot, bool *ret);
