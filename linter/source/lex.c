/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

enum { DEEPEST = 64 };

/* One #if that is open. */
struct region {
	unsigned int flags;    /* of what stands in it now */
	bool was_debug;	       /* the condition was positive about debugging */
	bool was_dead, wanted; /* #if 0; the name stood without negation */
};

struct lexer {
	struct lexed *out;
	const char *text;
	size_t size, at;
	uint32_t line;
	size_t line_start;
	bool directive; /* in a preprocessor line */
	bool fresh;	/* only blanks so far on this line */
	bool include;	/* in an #include line */
	struct region regions[DEEPEST];
	size_t depth, too_deep;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

bool name_means_debug(const char *name, size_t length)
{
	static const char *const words[] = { "DEBUG", "DBG", "TRACE", "VERBOSE" };
	char upper[128];

	if (length >= sizeof(upper))
		return false;
	for (size_t i = 0; i < length; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[length] = 0;
	if (strstr(upper, "NDEBUG"))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strstr(upper, words[i]))
			return true;
	return false;
}

static unsigned int current_flags(const struct lexer *l)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < l->depth; i++)
		flags |= l->regions[i].flags;
	return flags;
}

static bool add(struct lexer *l, enum token_kind kind, size_t start, uint32_t line,
		size_t line_start, unsigned int extra)
{
	struct lexed *out = l->out;

	if (!array_grow(out->tokens, out->count, out->capacity))
		return false;
	out->tokens[out->count++] = (struct token){
		.kind = kind,
		.flags = current_flags(l) | extra | (l->directive ? TOKEN_DIRECTIVE : 0),
		.offset = (uint32_t)start,
		.length = (uint32_t)(l->at - start),
		.line = line,
		.column = (uint32_t)(start - line_start + 1),
	};
	return true;
}

static void mark_line(struct lexer *l)
{
	if (l->line <= l->out->line_count)
		l->out->lines[l->line] |= (uint8_t)current_flags(l);
}

static void new_line(struct lexer *l)
{
	l->line++;
	l->line_start = l->at;
	mark_line(l);
}

static void skip_comment(struct lexer *l)
{
	bool block = l->text[l->at + 1] == '*';

	l->at += 2;
	while (l->at < l->size) {
		if (block && l->text[l->at] == '*' && l->at + 1 < l->size &&
		    l->text[l->at + 1] == '/') {
			l->at += 2;
			return;
		}
		if (l->text[l->at] == '\n') {
			if (!block)
				return;
			l->at++;
			new_line(l);
		} else {
			l->at++;
		}
	}
}

static void skip_quoted(struct lexer *l, char end)
{
	l->at++;
	while (l->at < l->size && l->text[l->at] != end && l->text[l->at] != '\n') {
		if (l->text[l->at] == '\\' && l->at + 1 < l->size) {
			l->at++;
			if (l->text[l->at] == '\n') {
				l->at++;
				new_line(l);
				continue;
			}
		}
		l->at++;
	}
	if (l->at < l->size && l->text[l->at] == end)
		l->at++;
}

/* What the condition on this line says of debugging; @at is after the directive. */
static struct region read_condition(const struct lexer *l, size_t at, bool ifndef)
{
	size_t start = at, end = at;
	struct region region = { .wanted = true };
	bool negated = ifndef;

	while (end < l->size && l->text[end] != '\n')
		end++;
	while (start < end && isblank((unsigned char)l->text[start]))
		start++;
	if (end - start >= 1 && l->text[start] == '0' &&
	    (start + 1 == end || !is_word(l->text[start + 1]))) {
		region.was_dead = true;
		region.flags = TOKEN_DEAD;
	}
	for (size_t i = start; i < end;) {
		size_t word = i;

		while (word < end && is_word(l->text[word]))
			word++;
		if (word > i && name_means_debug(l->text + i, word - i)) {
			region.was_debug = true;
			region.wanted = !negated;
		}
		if (l->text[i] == '!')
			negated = true;
		else if (word == i && (l->text[i] == '&' || l->text[i] == '|'))
			negated = ifndef;
		i = word > i ? word : i + 1;
	}
	if (region.was_debug && region.wanted)
		region.flags |= TOKEN_DEBUG;
	return region;
}

static void turn_region(struct lexer *l, bool elif, size_t at)
{
	struct region *region = &l->regions[l->depth - 1], next = { 0 };

	if (elif)
		next = read_condition(l, at, false);
	region->flags = next.flags;
	if (!elif && region->was_debug && !region->wanted)
		region->flags |= TOKEN_DEBUG;
}

static void directive(struct lexer *l, const char *name, size_t length)
{
	bool is_if = (length == 2 && !memcmp(name, "if", 2)) ||
		     (length == 5 && !memcmp(name, "ifdef", 5));
	bool ifndef = length == 6 && !memcmp(name, "ifndef", 6);

	if (is_if || ifndef) {
		if (l->depth == DEEPEST)
			l->too_deep++;
		else
			l->regions[l->depth++] = read_condition(l, l->at, ifndef);
	} else if (length == 5 && !memcmp(name, "endif", 5)) {
		if (l->too_deep)
			l->too_deep--;
		else if (l->depth)
			l->depth--;
	} else if (length == 4 && l->depth && !l->too_deep &&
		   (!memcmp(name, "else", 4) || !memcmp(name, "elif", 4))) {
		turn_region(l, name[2] == 'i', l->at);
	}
	l->include = (length == 7 && !memcmp(name, "include", 7)) ||
		     (length == 6 && !memcmp(name, "import", 6));
}

static bool lex_word(struct lexer *l, bool names_directive)
{
	size_t start = l->at;
	bool number = isdigit((unsigned char)l->text[start]);

	while (l->at < l->size && is_word(l->text[l->at]))
		l->at++;
	if (!add(l, number ? TOKEN_NUMBER : TOKEN_IDENTIFIER, start, l->line,
		 l->line_start, 0))
		return false;
	if (names_directive)
		directive(l, l->text + start, l->at - start);
	return true;
}

static bool lex_punctuation(struct lexer *l)
{
	static const char *const pairs[] = { "->", "::", "==", "!=", "&&", "||" };
	size_t start = l->at++;
	bool hash = l->text[start] == '#' && l->fresh;

	for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
		if (l->at < l->size && !memcmp(l->text + start, pairs[i], 2)) {
			l->at++;
			break;
		}
	if (hash)
		l->directive = true;
	return add(l, TOKEN_PUNCTUATION, start, l->line, l->line_start,
		   hash ? TOKEN_HASH : 0);
}

static bool after_hash(const struct lexed *out)
{
	return out->count && out->tokens[out->count - 1].flags & TOKEN_HASH;
}

static bool lex_one(struct lexer *l)
{
	const char *c = l->text + l->at;
	size_t left = l->size - l->at, start = l->at, line_start = l->line_start;
	uint32_t line = l->line;

	if (*c == '/' && left > 1 && (c[1] == '/' || c[1] == '*')) {
		skip_comment(l);
		return add(l, TOKEN_COMMENT, start, line, line_start, 0);
	}
	if (*c == '"' || *c == '\'' || (*c == '<' && l->include)) {
		skip_quoted(l, *c == '<' ? '>' : *c);
		l->fresh = false;
		return add(l, *c == '\'' ? TOKEN_CHARACTER : TOKEN_STRING, start, line,
			   line_start, 0);
	}
	if (is_word(*c)) {
		bool names = after_hash(l->out) && l->directive;

		l->fresh = false;
		return lex_word(l, names);
	}
	if (lex_punctuation(l)) {
		l->fresh = false;
		return true;
	}
	return false;
}

static struct error *run(struct lexer *l)
{
	while (l->at < l->size) {
		char c = l->text[l->at];

		if (c == '\n') {
			l->at++;
			l->directive = l->include = false;
			l->fresh = true;
			new_line(l);
		} else if (c == '\\' && l->at + 1 < l->size &&
			   l->text[l->at + 1] == '\n') {
			l->at += 2;
			new_line(l);
		} else if (isspace((unsigned char)c) || !c) {
			l->at++;
		} else if (!lex_one(l)) {
			return error_nomem();
		}
	}
	return NULL;
}

struct error *lex(struct span text, struct lexed *ret)
{
	struct lexer l = { .out = ret,
			   .text = (const char *)text.data,
			   .size = text.size,
			   .line = 1,
			   .fresh = true };
	struct error *error;

	*ret = (struct lexed){ .text = text };
	if (text.size > UINT32_MAX / 2)
		return error_new(ERROR_INPUT, "larger than 2 GiB");
	for (size_t i = 0; i < text.size; i++)
		ret->line_count += text.data[i] == '\n';
	ret->line_count++;
	ret->lines = calloc(ret->line_count + 1, 1);
	if (!ret->lines)
		return error_nomem();
	error = run(&l);
	if (error)
		lexed_deinit(ret);
	return error;
}

void lexed_deinit(struct lexed *lexed)
{
	free(lexed->tokens);
	free(lexed->lines);
	*lexed = (struct lexed){ 0 };
}

bool token_is(const struct lexed *lexed, const struct token *token, const char *text)
{
	return token->length == strlen(text) &&
	       !memcmp(lexed->text.data + token->offset, text, token->length);
}

bool token_begins(const struct lexed *lexed, const struct token *token, const char *text)
{
	size_t length = strlen(text);

	return token->length >= length &&
	       !memcmp(lexed->text.data + token->offset, text, length);
}

unsigned int lexed_line_flags(const struct lexed *lexed, unsigned int line)
{
	return line <= lexed->line_count && lexed->lines ? lexed->lines[line] : 0;
}

const struct token *lexed_next(const struct lexed *lexed, size_t at, size_t *ret)
{
	for (size_t i = at + 1; i < lexed->count; i++)
		if (lexed->tokens[i].kind != TOKEN_COMMENT) {
			*ret = i;
			return &lexed->tokens[i];
		}
	return NULL;
}
