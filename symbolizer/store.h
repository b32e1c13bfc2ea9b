/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the result of a call goes: the first instructions behind it, x86-64. A handful
 * of forms is known, those that compilers write there; anything else ends the search.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

struct store {
	size_t at;	      /* offset of the storing instruction into the code */
	unsigned int base;    /* register, numbered as DWARF does */
	int32_t displacement; /* from what it points to */
	size_t reach;	      /* up to here the result is where the call left it */
};

/*
 * @code begins where the call returns. True when the result, or a copy of it in another
 * register, is stored through a pointer other than the stack's. @ret->reach is set in
 * either case.
 */
bool store_of_result(struct span code, struct store *ret);
