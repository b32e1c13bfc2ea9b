/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colours and links for people. A style is a table of escape sequences: all empty for
 * files, pipes and NO_COLOR, so that printers never ask.
 */
#pragma once

#include <stdbool.h>

struct style {
	const char *bold, *dim, *red, *yellow, *green, *cyan, *reset;
	bool links;	    /* OSC 8 hyperlinks may be written */
	unsigned int width; /* columns; 0: not a terminal */
};

/* For a file descriptor: respects NO_COLOR, TERM=dumb, CLICOLOR_FORCE. */
struct style style_for(int fd);

extern const struct style style_plain;
