/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log in pieces, to its end or beyond it: files that grow, are cut or replaced, pipes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tail {
	const char *path; /* "-": standard input */
	int fd;
	bool follow, regular;
	off_t offset;
	ino_t inode;
};

enum tail_state {
	TAIL_DATA,
	TAIL_IDLE, /* nothing came for a while; only when following */
	TAIL_END,
};

struct error *tail_open(const char *path, bool follow, struct tail *ret);
void tail_close(struct tail *tail);
#define _tail_ __attribute__((cleanup(tail_close)))

/* Up to @size bytes; waits for some when following, for about a quarter of a second. */
struct error *tail_read(struct tail *tail, char *buffer, size_t size, size_t *length,
			enum tail_state *ret);
