/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared memory between a target and its controller, and what is said through it.
 *
 * A throwaway VM sees the run folder's file shared.bin as the memory of a PCI device
 * (ivshmem, BAR 2). What the guest writes there is in the file at once and stays there
 * when the guest, or the controller, dies. Layout, version 1, little endian, offsets in
 * bytes:
 *
 *	0		struct channel_header
 *	4096		commands, controller to guest: a ring of COMMAND_SIZE bytes
 *	4096 + 1 M	results, guest to controller: a ring of RESULT_SIZE bytes
 *	area_offset	the area: bytes that belong to the programs run (the cycler keeps
 *			its journal there), up to the end of the file
 *
 * A ring holds frames: struct channel_frame, then its payload, padded to 8 bytes. One
 * side writes `head`, the other `tail`; both only ever grow, the place is the value
 * modulo the ring's size. A frame counts when head has passed it, so a writer that died
 * half-way leaves no half frame.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_MAGIC 0x31646e656b6f6f62ULL /* "bookend1" */

enum {
	CHANNEL_VERSION = 1,
	CHANNEL_COMMAND_OFFSET = 4096,
	CHANNEL_COMMAND_SIZE = 1 << 20,
	CHANNEL_RESULT_OFFSET = CHANNEL_COMMAND_OFFSET + CHANNEL_COMMAND_SIZE,
	CHANNEL_RESULT_SIZE = 4 << 20,
	CHANNEL_AREA_OFFSET = 8 << 20,
	CHANNEL_AREA_SIZE = 56 << 20,	/* the file is 64 MiB; a BAR is a power of two */
	CHANNEL_FRAME_LIMIT = 64 << 10, /* payload bytes */
};

/* Positions of one ring; each on a cache line of its own. */
struct channel_ring {
	uint64_t head;
	uint64_t pad0[7];
	uint64_t tail;
	uint64_t pad1[7];
};

struct channel_header {
	uint64_t magic;
	uint32_t version;
	uint32_t flags;
	uint64_t area_offset, area_size;
	uint64_t heartbeat; /* counted up by PID 1 at least ten times a second */
	uint64_t ready;	    /* 1 once PID 1 takes commands */
	uint64_t pad[2];
	struct channel_ring commands, results;
};

/* Payloads are strings and numbers as described; strings end with a zero byte. */
enum channel_type {
	/* controller to guest */
	CHANNEL_RUN = 1, /* uint32 flags, uint32 argc, argc strings, then environment */
	CHANNEL_INPUT,	 /* bytes for the program's standard input; empty: its end */
	CHANNEL_SIGNAL,	 /* uint32 signal, for the program's process group */
	CHANNEL_READ,	 /* path of a file to send */
	/* guest to controller; `id` is the command's */
	CHANNEL_READY = 64, /* kernel release, text */
	CHANNEL_OUTPUT,	    /* bytes of standard output */
	CHANNEL_DIAGNOSTIC, /* bytes of standard error */
	CHANNEL_EXIT,	    /* uint32 wait status */
	CHANNEL_FILE,	    /* bytes of a file; empty: its end */
	CHANNEL_FAILURE,    /* text: why a command could not be done */
	CHANNEL_NOTE,	    /* text for the run's record */
};

enum channel_run_flags {
	CHANNEL_RUN_TERMINAL = 1, /* on a pseudo terminal */
};

struct channel_frame {
	uint32_t type; /* enum channel_type */
	uint32_t id;
	uint32_t size; /* of the payload */
	uint32_t reserved;
};

/* One end of a ring. Writer and reader are one process each. */
struct channel_port {
	struct channel_ring *ring;
	uint8_t *data;
	size_t size;
};

struct channel {
	struct channel_header *header;
	struct channel_port commands, results;
	uint8_t *area;
	size_t area_size;
};

/* Makes the layout in @memory (zeroed, CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE). */
void channel_format(void *memory);

/* Looks at @memory; false when it is not this layout in this version. */
bool channel_open(void *memory, size_t size, struct channel *ret);

/* False, and nothing written, when there is no room now. */
bool channel_send(struct channel_port *port, uint32_t type, uint32_t id, const void *data,
		  size_t size);

/* Bytes of payload that one frame could carry now. */
size_t channel_room(const struct channel_port *port);

/*
 * Takes the next frame into @payload (CHANNEL_FRAME_LIMIT bytes). Returns 1, or 0 when
 * there is none, or -1 when what lies there is no frame: the other side is corrupt.
 */
int channel_receive(struct channel_port *port, struct channel_frame *ret, void *payload);
