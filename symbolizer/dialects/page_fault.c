/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor met something it cannot go on with: a bad address, a bad instruction.
 * x86's "BUG: unable to handle …" and "general protection fault", arm64's and riscv's
 * "Unable to handle kernel …", arm32's "Unhandled fault", and the oops line itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/dialect.h"
#include "symbolizer/panic_model.h"

static const char null_type[] = "NULL-POINTER-DEREFERENCE";

/* The address that the first line ends with, behind one of these. */
static void read_address(struct event *event, const struct logline *line)
{
	static const char *const marks[] = { "address: ", "virtual address ",
					     "request at ", "dereference at ",
					     "(ptrval)" };
	char text[EVENT_TEXT], *end;

	for (size_t i = 0; !event->address_known && i < sizeof(marks) / sizeof(*marks);
	     i++) {
		const char *at = logline_find(line, marks[i]);

		if (!at)
			continue;
		event_copy(text, line, at + strlen(marks[i]), " ");
		event->address = strtoull(text, &end, 16);
		event->address_known = end != text || !strcmp(text, "(null)");
	}
}

/* "… for address: 0000000000000008" and old kernels' "… request at 0000000000000008" */
static bool begin_bug(struct event *event, const struct logline *line, const char *at)
{
	(void)at;
	read_address(event, line);
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

/* "Oops: 0002 [#1]" of x86: bit 1 is a write; "Oops: 817 [#1]" of arm32: bit 11. */
static void read_code(struct event *event, const struct logline *line)
{
	const char *at = logline_find(line, "Oops: ");
	unsigned long code;
	char text[EVENT_TEXT];

	if (!at || event->access[0])
		return;
	event_copy(text, line, at + strlen("Oops: "), " ");
	if (!isxdigit((unsigned char)text[0]))
		return;
	code = strtoul(text, NULL, 16);
	if (logline_find(line, " ARM") || logline_find(line, " THUMB2"))
		strcpy(event->access, code & 0x800 ? "write" : "read");
	else if (strlen(text) == 4)
		strcpy(event->access, code & 0x10 ? "fetch"
				      : code & 2  ? "write"
						  : "read");
}

/* What was tried: in words since Linux 5.1 (x86), 4.20 (arm64), and as a cause (riscv).
 */
static void read_line(struct event *event, const struct logline *line)
{
	static const struct {
		const char *text, *access;
	} words[] = {
		{ "#PF: supervisor write", "write" },
		{ "#PF: supervisor read", "read" },
		{ "#PF: supervisor instruction", "fetch" },
		{ " WnR = 1", "write" },
		{ " WnR = 0", "read" },
		{ "cause: 000000000000000f", "write" },
		{ "cause: 000000000000000d", "read" },
		{ "cause: 000000000000000c", "fetch" },
		{ "IABT (current EL)", "fetch" },
	};

	/* All of it stands above the stack. */
	if (event->stack_begun || event->access[0])
		return;
	for (size_t i = 0; !event->access[0] && i < sizeof(words) / sizeof(*words); i++)
		if (logline_find(line, words[i].text))
			strcpy(event->access, words[i].access);
	read_code(event, line);
}

/* What can be said without the instruction's bytes. */
static void finish(struct event *event)
{
	const char *access = event->access;
	char text[96];

	if (!event->address_known || event->panic.reading)
		return;
	snprintf(text, sizeof(text), "%.16s %s%s0x%llx", access[0] ? access : "access",
		 !access[0] || !strcmp(access, "write") ? "to " : "from ",
		 event->address < 4096 ? "NULL + " : "",
		 (unsigned long long)event->address);
	if (!event->address)
		strcpy(strstr(text, "NULL") + 4, "");
	panic_set(&event->panic.reading, text, strlen(text));
}

/* "Oops: 0002 [#1] SMP" counts; whoever else says oops does not. */
static bool begin_oops(struct event *event, const struct logline *line, const char *at)
{
	(void)event;
	(void)at;
	return logline_find(line, "[#") != NULL;
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
	  "bad-access in {f}", begin_oops, NULL, true },
	{ "Oops - ", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT, "Oops in {f}",
	  "bad-access in {f}", begin_oops, NULL, true },
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
	.finish = finish,
};
REGISTER(dialect, dialect_page_fault);
