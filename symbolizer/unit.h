/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <elfutils/libdw.h>

#include <stdint.h>

struct index_builder;

struct unit_range {
	uint64_t start, end;
};

/* Adds functions, inlines and line rows of one compilation unit. */
struct error *unit_add(Dwarf_Die *cu, struct index_builder *builder);

/*
 * Adds only the function that holds @address, with its rows; @ret is the part of it that
 * the address lies in. Where no function holds it the whole unit is added.
 */
struct error *unit_add_function(Dwarf_Die *cu, uint64_t address,
				struct index_builder *builder, struct unit_range *ret);

/* The range of the unit that holds @address; that address alone where none does. */
void unit_bounds(Dwarf_Die *cu, uint64_t address, struct unit_range *ret);
