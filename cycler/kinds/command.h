/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command of the user's, run to its end by a step. */
#pragma once

#include <jansson.h>

struct error;

/* An array of strings as a vector with NULL at its end. NULL: out of memory. */
char **command_create(const json_t *words);
void command_destroy(char **argv); /* accepts NULL */

/*
 * Standard input is closed, output goes where the agent's diagnostics go. 0; -EREMOTEIO
 * when it ended with another status than 0; -EINTR when a signal killed it; else the
 * errno of starting it.
 */
int command_run(char *const *argv);
