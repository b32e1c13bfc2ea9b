/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at one C or C++ file as text: tokens, comments and the
 * conditional regions they stand in. It needs no compiler, so it also serves files
 * that do not parse, and branches that this configuration leaves out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

struct error;

enum token_kind {
	TOKEN_IDENTIFIER,
	TOKEN_NUMBER,
	TOKEN_STRING,	   /* with its quotes; <header> after #include too */
	TOKEN_CHARACTER,   /* with its quotes */
	TOKEN_PUNCTUATION, /* one character, but for ->, ::, ==, != */
	TOKEN_COMMENT,	   /* with its marks */
};

enum token_flags {
	TOKEN_DIRECTIVE = 1 << 0, /* part of a preprocessor line */
	TOKEN_HASH = 1 << 1,	  /* the # that begins one */
	TOKEN_DEBUG = 1 << 2,	  /* in a region that a debug macro switches on */
	TOKEN_DEAD = 1 << 3,	  /* below #if 0 */
};

struct token {
	enum token_kind kind;
	unsigned int flags;
	uint32_t offset, length;
	uint32_t line, column; /* from 1 */
};

struct lexed {
	struct span text; /* not owned */
	struct token *tokens;
	size_t count, capacity;
	uint8_t *lines; /* flags (DEBUG, DEAD) of each line, index from 1 */
	size_t line_count;
};

/* @text must outlive @ret. Any bytes are accepted. */
struct error *lex(struct span text, struct lexed *ret);
void lexed_deinit(struct lexed *lexed);
#define _lexed_ __attribute__((cleanup(lexed_deinit)))

bool token_is(const struct lexed *lexed, const struct token *token, const char *text);
/* Whether the token's text begins with @text. */
bool token_begins(const struct lexed *lexed, const struct token *token, const char *text);

/* Flags of a line; 0 when there is no such line. */
unsigned int lexed_line_flags(const struct lexed *lexed, unsigned int line);

/*
 * The next token after index @at that is no comment, or NULL; @ret is its index.
 * To begin at the first token, give SIZE_MAX.
 */
const struct token *lexed_next(const struct lexed *lexed, size_t at, size_t *ret);

/* Whether a name is one that people switch debugging on with: DEBUG, FOO_DBG, debug. */
bool name_means_debug(const char *name, size_t length);
