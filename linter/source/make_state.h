/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the makefile reader share. */
#pragma once

#include <stdint.h>

#include "common/strbuf.h"
#include "linter/source/make.h"

struct arena;

enum {
	MAKE_DEEPEST = 100,	    /* expansions in expansions, includes, conditionals */
	MAKE_BYTES = 32 << 20,	    /* handled in all: a makefile may multiply itself */
	MAKE_FILE_BYTES = 16 << 20, /* of one file */
	MAKE_RECIPES = 1 << 20,	    /* bytes kept of recipes */
};

struct make_variable {
	struct make_variable *next; /* in its bucket */
	const char *name;
	const char *value;
	enum make_origin origin;
	bool recursive; /* expanded when used */
	bool exported;
};

enum { MAKE_BUCKETS = 1024 };

struct make {
	const struct make *base;
	struct make_settings settings;
	struct arena *arena;
	struct make_variable *buckets[MAKE_BUCKETS];
	const char *reason;
	const char *file; /* that is read now, for reasons */
	unsigned int line;
	unsigned int depth; /* of expansions */
	unsigned int files; /* includes that are open */
	size_t bytes;
	struct strbuf recipes;
	bool export_all, lost, nomem;
};

const struct make_variable *make_find(const struct make *make, const char *name);

/* NULL when memory is out (then make->nomem). */
struct make_variable *make_define(struct make *make, const char *name, const char *value,
				  bool recursive, enum make_origin origin);

/* Says once why a value is not known, and adds MAKE_UNKNOWN. */
void make_unknown(struct make *make, struct strbuf *out, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Expands @length bytes of @text to @out. */
void make_expand(struct make *make, const char *text, size_t length, struct strbuf *out);

/* $(NAME ARGUMENTS): false when there is no function of that name. */
bool make_call(struct make *make, const char *name, const char *arguments, size_t length,
	       struct strbuf *out);

/* $(shell COMMAND), for the few commands whose answer is known. */
void make_shell(struct make *make, const char *command, struct strbuf *out);

/* "%.o" against "a.o": the stem in @stem. */
bool make_matches(const char *pattern, const char *word, size_t length, const char **stem,
		  size_t *stem_length);

/* The next word at *@at: its start (not terminated) and length, or NULL. */
const char *make_word(const char **at, size_t *length);
