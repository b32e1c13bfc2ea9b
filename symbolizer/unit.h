/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <elfutils/libdw.h>

struct index_builder;

/* Adds functions, inlines and line rows of one compilation unit. */
struct error *unit_add(Dwarf_Die *cu, struct index_builder *builder);
