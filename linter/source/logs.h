/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that write to the kernel's log, however many macros stand before them. */
#pragma once

#include "linter/source/model.h"

enum log_kind {
	LOG_NONE,
	LOG_PRINT, /* printk, pr_*, dev_*, netdev_* of Linux */
	LOG_TRACE, /* trace_printk */
	LOG_DUMP,  /* dump_stack, print_hex_dump */
	LOG_APPLE, /* IOLog, printf, kprintf */
};

struct log_call {
	enum log_kind kind;
	char level;		 /* '0'…'7', 'c' for a continued line, 0: none given */
	bool limited;		 /* rate-limited, or once */
	bool dead;		 /* below if (0) */
	const char *name;	 /* as written: the macro, else the function */
	const struct node *text; /* first string literal among the arguments, or NULL */
};

/* Fills @ret; false when @node is no call that logs. */
bool log_look(const struct unit *unit, const struct node *node, struct log_call *ret);
