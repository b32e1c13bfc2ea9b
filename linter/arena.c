/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

enum { BLOCK = 256 * 1024, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *blocks;
	const char **table; /* interned strings, open addressing */
	size_t slots, count;
};

struct error *arena_create(struct arena **ret)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return error_nomem();
	*ret = arena;
	return NULL;
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena->table);
	free(arena);
}

static void *take_bytes(struct arena *arena, size_t size, size_t align)
{
	struct block *b = arena->blocks;
	size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;

	if (!b || at > b->size || size > b->size - at) {
		size_t room = size > BLOCK ? size : BLOCK;

		b = calloc(1, sizeof(*b) + room);
		if (!b)
			return NULL;
		b->size = room;
		b->next = arena->blocks;
		arena->blocks = b;
		at = 0;
	}
	b->used = at + size;
	return b->data + at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return take_bytes(arena, size ? size : 1, ALIGN);
}

char *arena_string(struct arena *arena, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = take_bytes(arena, n, 1);

	return copy ? memcpy(copy, text, n) : NULL;
}

static uint64_t hash_string(const char *text)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ULL;
	return h;
}

static bool grow_table(struct arena *arena)
{
	size_t slots = arena->slots ? arena->slots * 2 : 4096;
	const char **table = calloc(slots, sizeof(*table));

	if (!table)
		return false;
	for (size_t i = 0; i < arena->slots; i++) {
		size_t at;

		if (!arena->table[i])
			continue;
		at = hash_string(arena->table[i]) & (slots - 1);
		while (table[at])
			at = (at + 1) & (slots - 1);
		table[at] = arena->table[i];
	}
	free(arena->table);
	arena->table = table;
	arena->slots = slots;
	return true;
}

const char *arena_intern(struct arena *arena, const char *text)
{
	size_t at;

	if (arena->count * 2 >= arena->slots && !grow_table(arena))
		return NULL;
	at = hash_string(text) & (arena->slots - 1);
	while (arena->table[at]) {
		if (!strcmp(arena->table[at], text))
			return arena->table[at];
		at = (at + 1) & (arena->slots - 1);
	}
	arena->table[at] = arena_string(arena, text);
	if (arena->table[at])
		arena->count++;
	return arena->table[at];
}
