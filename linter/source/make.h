/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A makefile's variables, read without running anything: assignments, conditionals,
 * includes and the functions that only handle text and file names. Rules and recipes are
 * passed over. Where a value depends on a program ($(shell …), but for a few that are
 * known) or on what is not read here ($(eval …)), it holds MAKE_UNKNOWN; what is made of
 * such a value is unknown in turn, the rest stays good. Source: GNU make's manual,
 * "Reading Makefiles" and "Functions".
 */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"

struct make;

/* A byte that no makefile holds: stands where a value cannot be known. */
#define MAKE_UNKNOWN '\1'

struct make_settings {
	const char *folder;  /* where relative names are meant from; the shell's pwd */
	const char *release; /* what `uname -r` is taken to say; NULL: unknown */
};

/* Variables of @base (may be NULL; must outlive this) are seen unless set here. */
struct error *make_create(const struct make *base, const struct make_settings *settings,
			  struct make **ret);
void make_destroy(struct make *make);
CLEANUP_DEFINE(struct make, make_destroy)

/* How a variable came to be: one of the command line is not changed by a makefile. */
enum make_origin { MAKE_FILE, MAKE_ENVIRONMENT, MAKE_COMMAND };

/* The value is final: nothing in it is expanded. */
struct error *make_set(struct make *make, const char *name, const char *value,
		       enum make_origin origin);

/* NAME=value words of the command line, NULL at the end; @words may be NULL. */
struct error *make_set_words(struct make *make, const char *const *words);

/* Reads "NAME=value" lines of kbuild's auto.conf, where all values are final. */
struct error *make_read_config(struct make *make, const char *path);

/* @path is absolute. A file that cannot be read is an error. */
struct error *make_read(struct make *make, const char *path);

/* The variable's value, expanded, "" when it is not set; owned by the caller. */
struct error *make_value(struct make *make, const char *name, char **ret);

/* The lines of recipes that were passed over, as written, a newline after each. */
const char *make_recipes(const struct make *make);

/* Hands what was exported on to @to, as make does through the environment. */
struct error *make_export(struct make *make, struct make *to);

/* Why a value could not be known ("Makefile:12: $(shell git describe)"), or NULL. */
const char *make_reason(const struct make *make);

/* Whether something of the makefile as a whole could not be followed. */
bool make_lost(const struct make *make);
