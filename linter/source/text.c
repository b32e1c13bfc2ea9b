/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/text.h"

#include <string.h>

bool text_call(const struct lexed *lexed, size_t index, struct text_call *ret)
{
	const struct token *token = lexed_next(lexed, index, &index);
	unsigned int depth = 0;

	*ret = (struct text_call){ 0 };
	if (!token || !token_is(lexed, token, "("))
		return false;
	ret->count = 1;
	ret->arguments[0] = (struct text_argument){ index + 1, index + 1 };
	for (size_t i = index; i < lexed->count; i++) {
		const struct token *t = &lexed->tokens[i];
		char c = t->length == 1 ? (char)lexed->text.data[t->offset] : 0;

		if (t->kind != TOKEN_PUNCTUATION)
			continue;
		if (c == '(' || c == '[' || c == '{') {
			depth++;
		} else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
			ret->arguments[ret->count - 1].end = i;
			ret->end = i;
			return true;
		} else if (c == ',' && depth == 1 && ret->count < TEXT_ARGUMENTS) {
			ret->arguments[ret->count - 1].end = i;
			ret->arguments[ret->count++] =
				(struct text_argument){ i + 1, i + 1 };
		}
	}
	return false;
}

void text_copy(const struct lexed *lexed, const struct token *token, char *ret,
	       size_t size)
{
	size_t length = token->length < size ? token->length : size - 1;

	memcpy(ret, lexed->text.data + token->offset, length);
	ret[length] = 0;
}

void text_unquote(const struct lexed *lexed, const struct token *token, char *ret,
		  size_t size)
{
	size_t length;

	text_copy(lexed, token, ret, size);
	length = strlen(ret);
	if (length >= 2 && (*ret == '"' || *ret == '\'' || *ret == '<')) {
		memmove(ret, ret + 1, length - 1);
		ret[length - 2] = 0;
	}
}
