/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expendable machine for any program. It knows nothing of cycles.
 *
 *	target_create("vm", &options, &t);
 *	target_add_program(t, "build/guest/bookend-agent", "/bookend/agent");
 *	target_add_file(t, "refdrv.ko", "/driver/refdrv.ko");
 *	target_add_module(t, "dummy");
 *	target_start(t);
 *	target_run(t, &program, &outcome);
 *	target_read_file(t, "/proc/kallsyms", limit, &text);
 *	target_dump(t, "memory.elf");
 *	target_destroy(t);
 *
 * That the target dies is an outcome, not an error: errors are what keeps the work from
 * being done at all. Everything the target leaves is in the run folder from the first
 * moment on, and stays there when this process is killed.
 *
 * Adding an implementation: one C file that ends with a `static const struct
 * target_kind` and REGISTER(target_kind, …), and its line in target/target.ninja.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/registry.h"
#include "common/strbuf.h"

struct error;
struct target;

/* How a target is to be. Strings are borrowed until target_destroy(). */
struct target_options {
	const char *folder; /* run folder, made when it is not there */
	const char *kernel; /* release, or folder holding vmlinuz; NULL: the default */
	const char *host;   /* of "ssh:HOST" */
	const char *append; /* words for the kernel's command line, or NULL */
	const char *const *devices; /* further QEMU -device words, NULL end, or NULL */
	uint64_t memory;	    /* bytes; 0: 512 MiB */
	unsigned int cpus;	    /* 0: 2 */
	uint64_t boot_ns;	    /* until PID 1 answers; 0: 120 s */
	uint64_t silence_ns;	    /* without a sign of life; 0: 60 s */
	uint64_t orphan_ns; /* a real machine ends by itself without us; 0: 30 min */
	bool no_kvm;	    /* do not try KVM */
	bool permitted;	    /* "local": yes, on this machine */
	const char *const *ssh_options; /* further -o words of ssh, NULL end, or NULL */
	/* Ports of the VM ("2222:22": 127.0.0.1:2222 leads there), NULL end, or NULL. */
	const char *const *forwards;
	const char *const *drives; /* raw files that are disks (/dev/vda …), NULL end */
	const volatile int *interrupted; /* set by a signal: everything ends soon */
};

/* A program to run to its end, as root. */
struct target_program {
	const char *const *argv;	/* NULL end; argv[0] is a path in the target */
	const char *const *environment; /* "NAME=value", NULL end, or NULL */
	uint64_t timeout_ns;		/* of the whole run; 0: none */
	bool terminal;			/* interactive: our standard input goes there */
	void *context;
	/* Bytes as they come; @diagnostic: from standard error. NULL: thrown away. */
	struct error *(*output)(void *context, bool diagnostic, const void *data,
				size_t size);
	/* Called some hundred times a second while it runs; NULL: not wanted. */
	struct error *(*tick)(void *context);
};

enum target_end {
	TARGET_EXITED,	    /* `status` is its exit status, or 128 + signal */
	TARGET_PANICKED,    /* the target's kernel stopped */
	TARGET_SILENT,	    /* no sign of life for silence_ns */
	TARGET_OVERDUE,	    /* timeout_ns passed */
	TARGET_GONE,	    /* the machine ended, or cannot be reached */
	TARGET_INTERRUPTED, /* *interrupted was set */
};

struct target_outcome {
	enum target_end end;
	int status;
	char why[160]; /* one line for people, but for TARGET_EXITED */
};

/*
 * How the area is used, for a target whose memory is not ours and must be carried over:
 * a state that only the program writes, and a ring of records with two counters in that
 * state; `tail` is written by us. Offsets and sizes in bytes.
 */
struct target_ring {
	size_t state_size; /* from 0; a copy of it is kept, a moment old */
	size_t head, tail; /* of uint64_t: the next record to be written, to be taken */
	size_t records, record_size;
	uint64_t capacity; /* records */
};

struct target_kind {
	const char *name; /* "vm"; a name ending in ':' takes a host after it */
	const char *summary;
	struct error *(*create)(const struct target_options *options,
				struct target **ret);
};

REGISTRY(target_kind);

/* What an implementation fills in; it embeds struct target as its first member. */
struct target_operations {
	struct error *(*add_file)(struct target *, const char *host, const char *path);
	struct error *(*add_bytes)(struct target *, const void *data, size_t size,
				   const char *path, unsigned int mode);
	struct error *(*add_program)(struct target *, const char *host, const char *path);
	struct error *(*add_module)(struct target *, const char *name, bool load,
				    char **path);
	struct error *(*start)(struct target *);
	struct error *(*run)(struct target *, const struct target_program *,
			     struct target_outcome *);
	struct error *(*signal)(struct target *, int number);
	struct error *(*read_file)(struct target *, const char *path, size_t limit,
				   char **ret);
	struct error *(*dump)(struct target *, const char *path);
	struct error *(*hold)(struct target *);
	void (*share)(struct target *, const struct target_ring *);
	void (*destroy)(struct target *);
};

struct target {
	const struct target_operations *operations;
	const char *kind;
	char *description; /* "throwaway VM (TCG)", after target_start() */
	char *release;	   /* the kernel's release, after target_start() */
	char *console;	   /* path of the console log, or NULL */
	/*
	 * Where on the target the paths of target_add_…() begin, "/var/tmp/bookend-x";
	 * "": at its root. After target_create().
	 */
	const char *root;
	bool vanished; /* it cannot be reached any more */
	bool real;     /* not expendable: it has a disk, and a power cut is one */
	/*
	 * Memory shared with what runs there; survives its death. Programs find it
	 * through the variable BOOKEND_AREA, "PATH:OFFSET:SIZE": a file to map.
	 */
	uint8_t *area;
	size_t area_size;
	double boot_seconds;
	uint64_t woken;	     /* how often it slept and nothing in it woke it */
	unsigned int losses; /* connections that were lost */
};

/* @name: "vm", "ssh:HOST", "local". Unknown names are ERROR_USAGE. */
struct error *target_create(const char *name, const struct target_options *options,
			    struct target **ret);

/* Ends the machine, whatever state it is in. Accepts NULL. */
void target_destroy(struct target *target);
CLEANUP_DEFINE(struct target, target_destroy)

/* Before target_start(): what shall be there, at which absolute path. */
struct error *target_add_file(struct target *target, const char *host, const char *path);
struct error *target_add_bytes(struct target *target, const void *data, size_t size,
			       const char *path, unsigned int mode);
/* A program with the libraries its ELF headers ask for. */
struct error *target_add_program(struct target *target, const char *host,
				 const char *path);
/*
 * A module of the target's kernel and what it depends on; @load: loaded at start. A name
 * with a slash, or that ends in .ko, is a file of ours. @path (may be NULL): where it
 * lies in the target, owned.
 */
struct error *target_add_module(struct target *target, const char *name, bool load,
				char **path);

/* Boots it, or makes contact. Afterwards description, release and area are set. */
struct error *target_start(struct target *target);

struct error *target_run(struct target *target, const struct target_program *program,
			 struct target_outcome *ret);

/*
 * Before target_run(), after the area was filled: how it is to be carried. Without it the
 * area is not, unless it is shared memory in truth.
 */
void target_share(struct target *target, const struct target_ring *ring);

/* Owned: where what was added as  lies on the target. */
struct error *target_path(const struct target *target, const char *path, char **ret);

/* While a program runs (from its callbacks): a signal for its process group. */
struct error *target_signal(struct target *target, int number);

/* Owned by the caller, terminated. Fails on a dead target. */
struct error *target_read_file(struct target *target, const char *path, size_t limit,
			       char **ret);

/* Writes the target's memory as an ELF core; ERROR_MISSING where it cannot be done. */
struct error *target_dump(struct target *target, const char *path);

/*
 * Makes a dead machine attachable: gdb's remote protocol on the socket
 * TARGET_GDB_SOCKET in the run folder, until target_destroy().
 */
#define TARGET_GDB_SOCKET "gdb.sock"
struct error *target_hold(struct target *target);

/* What the console has said so far (at most the last @limit bytes), owned. */
struct error *target_console(struct target *target, size_t limit, char **ret);
