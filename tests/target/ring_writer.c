/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes numbered records into the shared memory it is given, waiting for room, and the
 * same numbers to its output: what a cycle does, as far as a target sees it.
 *
 *	ring_writer COUNT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/target/ring.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = number;
}

static struct ring *map_area(void)
{
	char *text = strdup(getenv("BOOKEND_AREA")), *size, *offset;
	void *memory;
	int fd;

	size = strrchr(text, ':');
	*size++ = 0;
	offset = strrchr(text, ':');
	*offset++ = 0;
	fd = open(text, O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, strtoull(size, NULL, 10), PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, (off_t)strtoull(offset, NULL, 10));
	return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, i;
	struct ring *ring = map_area();

	signal(SIGTERM, on_signal);
	if (!ring || ring->magic != RING_MAGIC)
		return 3;
	for (i = 0; i < count && !stop; i++) {
		struct ring_record *r = &ring->records[i % RING_CAPACITY];

		while (i - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >=
			       RING_CAPACITY &&
		       !stop)
			usleep(500);
		for (int k = 0; k < 4; k++)
			r->number[k] = i;
		ring->state = i;
		__atomic_store_n(&ring->head, i + 1, __ATOMIC_RELEASE);
		if (i % 100 == 0) {
			printf("%llu\n", (unsigned long long)i);
			fflush(stdout);
			usleep(1000);
		}
	}
	fprintf(stderr, "wrote %llu\n", (unsigned long long)i);
	return stop ? 7 : 0;
}
