/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct command;
struct strbuf;

/*
 * Adds to @text what @argument asks a command to say of itself, and returns true:
 * --help (-h), --version, and for other programs --help=scdoc (a manual page in scdoc's
 * format), --summary (one line), --help=words (see below). False for any other argument.
 *
 * --help=words is for shells that complete: a line for each option, "--NAME", then after
 * a tab what its value is: nothing for a flag, "|a|b" for one of these words, "FILE",
 * "DIR", "N" … otherwise.
 */
bool options_answer_text(const struct command *command, const char *argument,
			 struct strbuf *text);
