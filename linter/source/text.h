/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and macro uses as they stand in the text, for rules that need no compiler. */
#pragma once

#include "linter/source/lex.h"

enum { TEXT_ARGUMENTS = 12 };

/* Token indices [first, end) of one argument. */
struct text_argument {
	size_t first, end;
};

struct text_call {
	size_t count;
	struct text_argument arguments[TEXT_ARGUMENTS];
	size_t end; /* index of the closing parenthesis */
};

/*
 * Whether the identifier at token @index is followed by arguments in parentheses; if
 * so they are in @ret, those beyond TEXT_ARGUMENTS left out.
 */
bool text_call(const struct lexed *lexed, size_t index, struct text_call *ret);

/* The text of a string literal token without its quotes: copied, cut to @size. */
void text_unquote(const struct lexed *lexed, const struct token *token, char *ret,
		  size_t size);

/* The token's text, copied, cut to @size. */
void text_copy(const struct lexed *lexed, const struct token *token, char *ret,
	       size_t size);
