/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine that is there already, and reached through a command that runs shell lines
 * on it: what the targets "ssh:HOST" and "local" have in common.
 *
 * Everything of ours lies in one folder there (target.root), and goes with it. Programs
 * bring their libraries and run with those. bookend-relay (target/relay.h) runs programs
 * so that they outlive a lost connection: output and shared memory are files there.
 */
#pragma once

#include <sys/types.h>

#include "common/strbuf.h"
#include "target/image.h"
#include "target/relay.h"
#include "target/target.h"

enum { MACHINE_WORDS = 40 };

/* One `relay stream`, as long as its connection lasts. */
struct machine_stream {
	pid_t pid; /* of the transport; 0: not connected */
	int in, out;
	struct strbuf partial; /* of frames */
	uint64_t heard_ns;     /* last sign of life */
};

struct machine {
	struct target target;
	struct target_options options;
	char *folder;			/* run folder, absolute */
	char *who;			/* for messages: "host", "this machine" */
	char *transport[MACHINE_WORDS]; /* words before the shell line, NULL end; owned */
	char *scratch;			/* folder for the transport's socket, or NULL */
	bool here;			/* the run folder is on that machine: no mirror */
	bool lossy; /* the connection may be lost, and is made again */
	char *root; /* on the machine */
	char *boot_id;
	char *sudo; /* "sudo -n " or "" */
	struct image *image;
	struct strbuf load, unload; /* shell lines */
	void *memory;		    /* shared.bin, mapped */
	size_t memory_size;
	struct target_ring ring; /* capacity 0: nothing is carried */
	unsigned int programs;	 /* run so far; the last one's id */
	bool running;
	/* how far the last program's files and the kernel's log were taken */
	uint64_t out_taken, err_taken, kmsg_next;
	uint64_t tail_told;
	int signal_waiting; /* to be passed on when there is a connection; 0: none */
	int console_fd;
	struct machine_stream stream;
};

/*
 * Makes contact: finds out release and boot, and makes the folder. @machine: zeroed but
 * for options, target.kind, who, transport, here and lossy. On failure the caller gives
 * it to machine_destroy().
 */
struct error *machine_connect(struct machine *machine);
void machine_destroy(struct target *target);
extern const struct target_operations machine_operations;

/*
 * Runs a shell line there, @stdin_fd being its input (-1: none). @ret (may be NULL) gets
 * its output, owned. ERROR_MISSING when the machine cannot be reached, else the line's
 * failure with what it said.
 */
struct error *machine_shell(struct machine *machine, const char *line, int stdin_fd,
			    uint64_t timeout_ns, char **ret);

/* 'text', for a shell. */
void machine_quote(struct strbuf *out, const char *text);

/* target_run() of a machine (machine_run.c). */
struct error *machine_run(struct target *target, const struct target_program *program,
			  struct target_outcome *ret);
