/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log as it grows, from /dev/kmsg. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

struct kmsg_line {
	int level;	   /* 0 to 7 */
	bool kernel;	   /* said by the kernel, not by a program */
	uint64_t sequence; /* of the kernel */
	uint64_t time_us;
	const char *text; /* valid until the next call */
};

struct kmsg {
	int fd;
	uint64_t lost; /* lines overwritten before they were read */
	uint64_t next; /* sequence expected */
	char buffer[8192];
};

/* Starts behind what is there already. */
struct error *kmsg_open(struct kmsg *kmsg);
void kmsg_close(struct kmsg *kmsg);

/* False when there is nothing more now. */
bool kmsg_next(struct kmsg *kmsg, struct kmsg_line *ret);

/*
 * Whether a line comes of our own doings: what our modules say, and that caches were
 * dropped. A driver's line that names our process is the driver's.
 */
bool kmsg_is_own(const char *text);

/* Takes one record of /dev/kmsg apart in place (for tests too). */
bool kmsg_parse(char *record, struct kmsg_line *ret);
