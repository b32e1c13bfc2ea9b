/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mach-O debug files as ELF: libdw reads the DWARF of a dSYM when it lies in an ELF file,
 * so one is made in memory. Its areas are the segments that hold code, its symbols those
 * of the symbol table without their underscore, its build-id the UUID.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

struct error;

/* The UUID as 32 lower-case hex digits. */
enum { DSYM_UUID = 33 };

/*
 * Looks at the slice that has the UUID @wanted (NULL or no such: the first one).
 */
struct error *dsym_glance(struct span bytes, const char *wanted, char uuid[DSYM_UUID],
			  bool *lines);

/* The same slice as an ELF image, from malloc. */
struct error *dsym_to_elf(struct span bytes, const char *wanted, uint8_t **image,
			  size_t *size);
