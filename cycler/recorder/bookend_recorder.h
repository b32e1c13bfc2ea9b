/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of /dev/bookend-recorder, version 1: what the module and who feeds it
 * share. Map RECORDER_SIZE bytes at offset 0, shared; it stays while the module is
 * loaded. Offsets in bytes, numbers as the machine has them:
 *
 *	0			struct recorder_header, made by the module
 *	RECORDER_NAMES_OFFSET	struct recorder_name × RECORDER_NAMES
 *	RECORDER_STEPS_OFFSET	struct recorder_step × RECORDER_STEPS: a ring
 *
 * Who begins or ends a step takes a number from header.head (atomically, one each),
 * writes the record at number modulo RECORDER_STEPS, and its `sequence` last: the low 32
 * bits of the number, plus one. A record whose sequence is not the one of its place is
 * passed over. The record is that of the cycler's journal (cycler/journal.h).
 *
 * When the kernel panics or oopses, the module prints the last of them into the kernel
 * log, so that serial console, netconsole and pstore name the step.
 */
#ifndef BOOKEND_RECORDER_H
#define BOOKEND_RECORDER_H

#include <linux/types.h>

#define RECORDER_MAGIC	      0x7264726365726b62ULL /* "bkrecrdr" */
#define RECORDER_VERSION      1
#define RECORDER_NAMES	      512
#define RECORDER_STEPS	      1024
#define RECORDER_TEXT	      60
#define RECORDER_NAMES_OFFSET 4096
#define RECORDER_STEPS_OFFSET (RECORDER_NAMES_OFFSET + RECORDER_NAMES * 64)
#define RECORDER_SIZE	      (RECORDER_STEPS_OFFSET + RECORDER_STEPS * 32)

/* kinds of records that are printed; others are passed over */
#define RECORDER_BEGIN 1
#define RECORDER_END   2

struct recorder_header {
	__u64 magic;
	__u32 version, reserved;
	__u64 stamps_per_second; /* of the processor's counter; 0: not known */
	__u64 pad[5];
	__u64 head; /* numbers given out */
};

/* What (leg, cycle, step) is for people. An empty text ends the table. */
struct recorder_name {
	__u8 leg, cycle, step, reserved;
	char text[RECORDER_TEXT]; /* "open /dev/refdrv0", terminated */
};

struct recorder_step {
	__u64 stamp;
	__u32 sequence;
	__u32 pass; /* from 0 */
	__u8 kind, leg, cycle, step;
	__s32 result; /* 0 or a negative errno */
	__u16 worker, reserved;
	__u32 check; /* not looked at here */
};

#endif
