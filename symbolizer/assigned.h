/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the result of a call becomes, as DWARF tells: which variable or member takes it,
 * and which structure that points to. Best effort: what is sure is told apart from what
 * is only likely, and where two answers fit there is none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct debugfile;
struct error;

struct assigned {
	char *place;	/* "ctx", "rd->page": NULL when not known */
	char *type;	/* "struct refdrv_ctx": NULL when not known or none */
	uint64_t size;	/* of one of @type */
	uint64_t count; /* objects of @type that the bytes hold, and … */
	uint64_t rest;	/* … bytes that are left (a flexible array) */
	bool likely;	/* the type was chosen by its size alone */
};

void assigned_deinit(struct assigned *assigned);
#define _assigned_ __attribute__((cleanup(assigned_deinit)))

/*
 * @address is where the call returns to, in the debug file's own layout; @bytes is how
 * much was allocated (0: it varies). @direct: the caller itself asked the allocator, so
 * that the bytes may be an array or have a tail.
 */
struct error *assigned_find(struct debugfile *file, uint64_t address, uint64_t bytes,
			    bool direct, struct assigned *ret);
