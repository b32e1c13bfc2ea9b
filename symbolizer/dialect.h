/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialects of kernel logs. Adding one: one C file in symbolizer/dialects/ that ends with
 * a descriptor and REGISTER(dialect, …), and its line in symbolizer/symbolizer.ninja.
 *
 * A dialect names texts that start a report (patterns). The reader finds them in one
 * pass over every line, whatever their number; where several match, the longest one
 * counts. It then gathers stacks, registers and modules itself, which look alike in all
 * reports of one kernel; a dialect that is not of a Linux kernel's takes every line of
 * its report instead.
 */
#pragma once

#include <stdbool.h>

#include "common/registry.h"
#include "symbolizer/logline.h"
#include "symbolizer/panic.h"

struct strbuf;

/* Who is guilty. */
enum blame {
	BLAME_NAMED, /* the function that the first line names, unless it is a helper */
	BLAME_FAULT, /* where the instruction pointer stood, unless that is a helper */
	BLAME_STACK, /* the first function of the stack that is no helper */
	BLAME_WAIT,  /* … and does not merely wait */
	BLAME_ALLOCATION, /* … and does not allocate for somebody else */
	BLAME_STALL,	  /* the one that the kernel handed control to */
	BLAME_GIVEN,	  /* the function that the first line names, helper or not */
	BLAME_OVERFLOW,	  /* the one that recursed, else as for a stall */
	BLAME_NOBODY,
};

enum { EVENT_TEXT = 160 };

struct pattern;

/* A report under construction. */
struct event {
	struct panic panic;
	const struct dialect *dialect;
	const struct pattern *pattern;
	enum blame blame;
	/* What the first lines said; "" where they did not. */
	char named[EVENT_TEXT];	 /* a function */
	char what[EVENT_TEXT];	 /* the kind of error: "use-after-free" */
	char access[EVENT_TEXT]; /* "Read", "Write" */
	char file[EVENT_TEXT];	 /* of WARNING: "drivers/x.c:12" */
	char after[EVENT_TEXT];	 /* the frame to begin below, when blaming */
	unsigned int stack_size; /* bytes of access */
	char prefer[32];	 /* name of the context to blame when it is there */
	char caller[16];
	char fault[EVENT_TEXT]; /* the place of the faulting instruction */
	uint64_t address;	/* that was accessed */
	bool address_known;
	uint64_t idle;	   /* lines since one that belonged to the report */
	bool fault_seen;   /* the faulting instruction is known */
	bool pointer_lost; /* … and it is no code */
	bool in_user;	   /* the registers that follow are of user space */
	bool closed;	   /* an end mark was seen */
	bool expect_bytes;
	uint64_t begun, begun_at; /* line and offset, when the first line was another */
	bool stack_begun;	  /* its header was seen */
	int cpu;		  /* that reports; -1: not told */
	const char *title;	  /* static, in place of the pattern's; NULL */
	const char *title_alt;	  /* likewise for alt */
	void *state; /* of a dialect that takes lines itself; freed with free() */
};

struct pattern {
	const char *trigger;
	const char *type;
	enum panic_grade grade;
	enum blame blame;
	/*
	 * "{f}" stands for the guilty function, "{w}" for what, "{a}" for access; " in
	 * {f}" is left out when nobody is guilty.
	 */
	const char *title;
	const char *alt; /* the coarse title, for what merges variants; may be NULL */
	/*
	 * Reads the first line, @at being where the trigger lies. False: no report
	 * after all. NULL: nothing to read.
	 */
	bool (*begin)(struct event *event, const struct logline *line, const char *at);
	/* No report when the line holds one of these. NULL at the end. */
	const char *const *unless;
	/* Belongs to a report that is open; starts one only when none is. */
	bool joins;
	/* One line, which leaves a report that is open alone. */
	bool single;
};

struct dialect {
	const char *name;
	const char *summary;		/* for docs and --help */
	const char *os;			/* "linux", "macos" */
	const char *title_dialect;	/* name in the JSON: "linux", "macos-text" */
	const struct pattern *patterns; /* trigger NULL at the end */
	/* Sees every line of its own report after the reader did. May be NULL. */
	void (*line)(struct event *event, const struct logline *line);
	/* The report is complete: last changes to type, blame and title. May be NULL. */
	void (*finish)(struct event *event);
	/*
	 * Consumes every line of its report itself, the first included; false: the line
	 * is not part of the report. NULL: the reader knows how.
	 */
	bool (*consume)(struct event *event, const struct logline *line);
};

REGISTRY(dialect);

/* Copies text up to @stop or the end of the line; cut at EVENT_TEXT. */
void event_copy(char *ret, const struct logline *line, const char *from,
		const char *stop);

/* Copies a function name: letters, digits, "_", ".", "$". */
void event_copy_name(char *ret, const struct logline *line, const char *from);
