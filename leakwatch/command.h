/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that cycles, as a process of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct command_hooks {
	void *context;
	void (*started)(void *context, pid_t process); /* before it does anything */
	void (*tick)(void *context);		       /* ten times a second */
};

/*
 * Runs argv[0] (found through PATH) to its end; @ret is its exit status, or 128 + signal.
 * *interrupted ends it, too. @hooks may be NULL.
 */
struct error *command_run(const char *const *argv, const struct command_hooks *hooks,
			  const volatile int *interrupted, int *ret);

/*
 * For as long, a process that does nothing: starting one takes memory, too, so idling
 * starts one as cycling does.
 */
struct error *command_idle(uint64_t ns, const volatile int *interrupted);

uint64_t command_clock(void); /* CLOCK_MONOTONIC, ns */
