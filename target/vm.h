/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The throwaway VM: what its three files share. */
#pragma once

#include <sys/types.h>

#include "target/channel.h"
#include "target/image.h"
#include "target/kernel.h"
#include "target/qmp.h"
#include "target/guest_program.h"
#include "target/target.h"

struct vm {
	struct target target;
	struct target_options options;
	char *folder; /* absolute */
	struct kernel kernel;
	struct image *image;
	struct strbuf load_list; /* modules to load, one path a line */
	void *memory;		 /* shared.bin, mapped */
	size_t memory_size;
	struct channel channel;
	pid_t pid; /* of QEMU, 0: not running */
	int exit_status;
	struct qmp qmp;
	int console_fd;
	off_t console_seen;
	bool console_panic; /* the console said that the kernel stopped */
	bool console_ended; /* … and that it is through with saying so */
	bool corrupt;	    /* the result ring is */
	uint64_t heartbeat, heartbeat_at;
	bool nudged; /* it is silent, and was asked whether it sleeps */
	uint32_t last_id;
	uint32_t running_id; /* the program that target_run() waits for */
	struct strbuf notes;
	uint8_t *frame; /* CHANNEL_FRAME_LIMIT bytes */
};

/* Starts QEMU with the finished image and waits until PID 1 is ready (vm_boot.c). */
struct error *vm_boot(struct vm *vm);
void vm_kill(struct vm *vm);

/*
 * Looks at everything once, waiting at most @wait_ms: QMP, console, QEMU's end, the
 * heartbeat. Returns false, and why in @ret, when the machine is dead.
 */
bool vm_alive(struct vm *vm, int wait_ms, struct target_outcome *ret);
