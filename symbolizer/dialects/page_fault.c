/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor met something it cannot go on with: a bad address, a bad instruction.
 * x86's "BUG: unable to handle …" and "general protection fault", arm64's and riscv's
 * "Unable to handle kernel …", arm32's "Unhandled fault", and the oops line itself.
 */
#include <stdio.h>
#include <string.h>

#include "symbolizer/dialect.h"

static const char null_type[] = "NULL-POINTER-DEREFERENCE";

/* "… for address: 0000000000000008" and old kernels' "… request at 0000000000000008" */
static bool begin_bug(struct event *event, const struct logline *line, const char *at)
{
	(void)at;
	if (logline_find(line, "NULL pointer dereference")) {
		strcpy(event->what, "NULL pointer dereference");
		event->panic.type = null_type;
	} else if (logline_find(line, "page fault") ||
		   logline_find(line, "paging request")) {
		strcpy(event->what, "paging request");
	} else {
		strcpy(event->what, "access");
	}
	return true;
}

static bool begin_arm(struct event *event, const struct logline *line, const char *at)
{
	/* arm64: "Unable to handle kernel access to user memory outside uaccess …" */
	return begin_bug(event, line, at);
}

static void read_line(struct event *event, const struct logline *line)
{
	/* #PF of newer kernels says what was tried. */
	if (logline_starts(line, "#PF: supervisor write"))
		strcpy(event->access, "write");
	else if (logline_starts(line, "#PF: supervisor read"))
		strcpy(event->access, "read");
	else if (logline_starts(line, "#PF: supervisor instruction"))
		strcpy(event->access, "fetch");
}

static const char *const user_faults[] = { "userspace", "user process", " ip:", NULL };

static const struct pattern patterns[] = {
	{ "BUG: kernel NULL pointer dereference, address", "NULL-POINTER-DEREFERENCE",
	  PANIC_SERIOUS, BLAME_FAULT, "BUG: unable to handle kernel {w} in {f}",
	  "bad-access in {f}", begin_bug, NULL, false },
	{ "BUG: unable to handle", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: unable to handle kernel {w} in {f}", "bad-access in {f}", begin_bug, NULL,
	  false },
	{ "Unable to handle kernel", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: unable to handle kernel {w} in {f}", "bad-access in {f}", begin_arm, NULL,
	  false },
	{ "general protection fault", "DoS", PANIC_SERIOUS, BLAME_FAULT,
	  "general protection fault in {f}", "bad-access in {f}", NULL, user_faults,
	  false },
	{ "divide_error: ", "DoS", PANIC_SERIOUS, BLAME_FAULT, "divide error in {f}",
	  NULL, NULL, NULL, false },
	{ "divide error: ", "DoS", PANIC_SERIOUS, BLAME_FAULT, "divide error in {f}",
	  NULL, NULL, NULL, false },
	{ "invalid opcode: ", "DoS", PANIC_SERIOUS, BLAME_FAULT, "invalid opcode in {f}",
	  NULL, NULL, NULL, true },
	{ "stack segment: ", "DoS", PANIC_SERIOUS, BLAME_FAULT, "stack segment in {f}",
	  NULL, NULL, NULL, false },
	{ "int3: 0", "DoS", PANIC_SERIOUS, BLAME_FAULT, "int3 in {f}", NULL, NULL, NULL,
	  false },
	{ "Internal error:", "DoS", PANIC_SERIOUS, BLAME_FAULT, "Internal error in {f}",
	  "bad-access in {f}", NULL, NULL, true },
	{ "Unhandled fault:", "DoS", PANIC_SERIOUS, BLAME_FAULT, "Unhandled fault in {f}",
	  "bad-access in {f}", NULL, NULL, false },
	{ "Alignment trap:", "DoS", PANIC_SERIOUS, BLAME_FAULT, "Alignment trap in {f}",
	  NULL, NULL, NULL, false },
	{ "PANIC: double fault", "DoS", PANIC_FATAL, BLAME_FAULT,
	  "PANIC: double fault in {f}", NULL, NULL, NULL, false },
	{ "Oops: ", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT, "Oops in {f}",
	  "bad-access in {f}", NULL, NULL, true },
	{ "Oops - ", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT, "Oops in {f}",
	  "bad-access in {f}", NULL, NULL, true },
	{ "BUG: stack guard page was hit", "MEMORY_SAFETY_BUG", PANIC_FATAL,
	  BLAME_OVERFLOW, "BUG: stack guard page was hit in {f}", "stack-overflow in {f}",
	  NULL, NULL, false },
	{ "BUG: TASK stack guard page was hit", "MEMORY_SAFETY_BUG", PANIC_FATAL,
	  BLAME_OVERFLOW, "BUG: stack guard page was hit in {f}", "stack-overflow in {f}",
	  NULL, NULL, false },
	{ "kernel stack overflow", "DoS", PANIC_FATAL, BLAME_OVERFLOW,
	  "kernel stack overflow in {f}", "stack-overflow in {f}", NULL, NULL, true },
	{ "Insufficient stack space to handle exception", "DoS", PANIC_FATAL,
	  BLAME_OVERFLOW, "kernel stack overflow in {f}", "stack-overflow in {f}", NULL,
	  NULL, false },
	{ NULL },
};

static const struct dialect dialect_page_fault = {
	.name = "oops",
	.summary = "bad addresses and instructions: oops of x86, arm64, arm32, riscv",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.line = read_line,
};
REGISTER(dialect, dialect_page_fault);
