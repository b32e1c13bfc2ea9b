/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared memory of ring_writer and the test that runs it. */
#pragma once

#include <stdint.h>

#define RING_MAGIC 0x676e6972 /* "ring" */

enum { RING_CAPACITY = 3000 };

struct ring_record {
	uint64_t number[4];
};

struct ring {
	uint64_t magic, head, tail, state;
	uint64_t pad[508]; /* the state is a page */
	struct ring_record records[RING_CAPACITY];
};
