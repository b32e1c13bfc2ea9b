/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/dkms_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"

enum {
	INDEX_MAXIMUM = 10000,
	VALUE_MAXIMUM = 1 << 16, /* doubling variables must not fill memory */
};

struct parser {
	struct dkms_conf *conf;
	const char *at, *end;
	unsigned int line;
	unsigned int depth; /* of if, for, while, case */
};

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

const struct dkms_directive *dkms_conf_find(const struct dkms_conf *conf,
					    const char *name, size_t index)
{
	for (size_t i = conf->count; i-- > 0;)
		if (conf->items[i].index == index && !strcmp(conf->items[i].name, name))
			return &conf->items[i];
	return NULL;
}

size_t dkms_conf_length(const struct dkms_conf *conf, const char *name)
{
	size_t length = 0;

	for (size_t i = 0; i < conf->count; i++)
		if (!strcmp(conf->items[i].name, name) && conf->items[i].index >= length)
			length = conf->items[i].index + 1;
	return length;
}

/* "$NAME", "${NAME}", "${NAME[2]}": its value, or the text as it stands. */
static void expand(struct parser *p, struct strbuf *out)
{
	const char *start = p->at++, *name;
	const struct dkms_directive *found;
	bool braces = p->at < p->end && *p->at == '{';
	size_t length = 0, index = 0;
	char text[64];

	p->at += braces;
	name = p->at;
	while (name + length < p->end && is_name(name[length]))
		length++;
	p->at += length;
	if (braces && p->at < p->end && *p->at == '[') {
		for (p->at++; p->at < p->end && isdigit((unsigned char)*p->at); p->at++)
			index = index < INDEX_MAXIMUM ? index * 10 + (*p->at - '0')
						      : index;
		p->at += p->at < p->end && *p->at == ']';
	}
	while (braces && p->at < p->end && *p->at != '}' && *p->at != '\n')
		p->at++;
	p->at += braces && p->at < p->end && *p->at == '}';
	if (length && length < sizeof(text)) {
		memcpy(text, name, length);
		text[length] = '\0';
		found = dkms_conf_find(p->conf, text, index);
		if (found && out->length + strlen(found->value) < VALUE_MAXIMUM) {
			strbuf_adds(out, found->value);
			return;
		}
	}
	strbuf_add(out, start, p->at - start);
}

/* "$(…)" with what nests in it, or "`…`": kept as text. */
static void skip_command(struct parser *p, struct strbuf *out)
{
	const char *start = p->at;
	bool backtick = *p->at == '`';
	int depth = 0;

	p->at += backtick ? 1 : 2;
	for (; p->at < p->end; p->at++) {
		p->line += *p->at == '\n';
		if (backtick ? *p->at == '`' : *p->at == ')' && !depth)
			break;
		depth += *p->at == '(';
		depth -= *p->at == ')';
	}
	p->at += p->at < p->end;
	strbuf_add(out, start, p->at - start);
}

/* One quoted part; false: never closed. */
static bool take_quoted(struct parser *p, struct strbuf *out, bool *computed)
{
	char quote = *p->at++;

	while (p->at < p->end && *p->at != quote) {
		char c = *p->at;

		p->line += c == '\n';
		if (quote == '"' && c == '\\' && p->at + 1 < p->end) {
			p->line += p->at[1] == '\n';
			if (p->at[1] != '\n')
				strbuf_addc(out, p->at[1]);
			p->at += 2;
		} else if (quote == '"' && (c == '`' || (c == '$' && p->at + 1 < p->end &&
							 p->at[1] == '('))) {
			*computed = true;
			skip_command(p, out);
		} else if (quote == '"' && c == '$') {
			expand(p, out);
		} else {
			strbuf_addc(out, c);
			p->at++;
		}
	}
	if (p->at == p->end)
		return false;
	p->at++;
	return true;
}

/* One word: everything to an unquoted blank, ";" or ")" or the line's end. */
static void take_word(struct parser *p, struct strbuf *out, bool *computed)
{
	unsigned int line = p->line;

	while (p->at < p->end && !strchr(" \t\n;)#&|", *p->at)) {
		char c = *p->at;

		if (c == '"' || c == '\'') {
			if (!take_quoted(p, out, computed)) {
				p->conf->open_quote = line;
				return;
			}
		} else if (c == '`' ||
			   (c == '$' && p->at + 1 < p->end && p->at[1] == '(')) {
			*computed = true;
			skip_command(p, out);
		} else if (c == '$') {
			expand(p, out);
		} else if (c == '\\' && p->at + 1 < p->end) {
			p->line += p->at[1] == '\n';
			if (p->at[1] != '\n')
				strbuf_addc(out, p->at[1]);
			p->at += 2;
		} else {
			strbuf_addc(out, c);
			p->at++;
		}
	}
}

static struct error *add(struct parser *p, const char *name, size_t length, size_t index,
			 unsigned int line, bool computed, struct strbuf *value)
{
	struct dkms_conf *conf = p->conf;
	struct dkms_directive d = { .index = index,
				    .line = line,
				    .computed = computed || p->depth };
	struct error *error = strbuf_steal(value, &d.value);

	if (error)
		return error;
	d.name = strndup(name, length);
	if (!d.name || !array_grow(conf->items, conf->count, conf->capacity)) {
		free(d.name);
		free(d.value);
		return error_nomem();
	}
	conf->items[conf->count++] = d;
	return NULL;
}

/* "=(a b c)": one element after the other. */
static struct error *take_array(struct parser *p, const char *name, size_t length,
				size_t index)
{
	struct error *error = NULL;

	p->at++;
	while (!error && p->at < p->end && *p->at != ')') {
		_strbuf_ struct strbuf value = STRBUF_INIT;
		unsigned int line = p->line;
		bool computed = false;

		if (*p->at == '#')
			while (p->at < p->end && *p->at != '\n')
				p->at++;
		if (p->at < p->end && strchr(" \t\n;&|", *p->at)) {
			p->line += *p->at++ == '\n';
			continue;
		}
		if (p->at == p->end)
			break;
		take_word(p, &value, &computed);
		error = add(p, name, length, index++, line, computed, &value);
	}
	p->at += p->at < p->end;
	return error;
}

/* NAME=, NAME[2]=, NAME+=; moves behind the "=". */
static bool take_target(struct parser *p, size_t *length, size_t *index, bool *append)
{
	const char *at = p->at;

	while (at < p->end && is_name(*at))
		at++;
	*length = at - p->at;
	*index = 0;
	if (!*length || isdigit((unsigned char)*p->at))
		return false;
	if (at < p->end && *at == '[') {
		for (at++; at < p->end && isdigit((unsigned char)*at); at++)
			*index = *index * 10 + (*at - '0') > INDEX_MAXIMUM
					 ? INDEX_MAXIMUM
					 : *index * 10 + (*at - '0');
		if (at == p->end || *at != ']')
			return false;
		at++;
	}
	*append = at + 1 < p->end && *at == '+' && at[1] == '=';
	at += *append;
	if (at == p->end || *at != '=')
		return false;
	p->at = at + 1;
	return true;
}

static struct error *take_assignment(struct parser *p, bool *ret)
{
	_strbuf_ struct strbuf value = STRBUF_INIT;
	const char *name = p->at;
	unsigned int line = p->line;
	size_t length, index;
	bool append, computed = false;

	*ret = take_target(p, &length, &index, &append);
	if (!*ret)
		return NULL;
	if (p->at < p->end && *p->at == '(') {
		_free_ char *text = strndup(name, length);

		if (!text)
			return error_nomem();
		return take_array(p, name, length,
				  append ? dkms_conf_length(p->conf, text) : 0);
	}
	if (append) {
		_free_ char *text = strndup(name, length);
		const struct dkms_directive *old =
			text ? dkms_conf_find(p->conf, text, index) : NULL;

		if (old && strlen(old->value) < VALUE_MAXIMUM)
			strbuf_adds(&value, old->value);
	}
	take_word(p, &value, &computed);
	return add(p, name, length, index, line, computed, &value);
}

/* Keywords that open and close what may not be run. */
static void note_keyword(struct parser *p)
{
	static const char *const opening[] = { "if", "for", "while", "until", "case" };
	static const char *const closing[] = { "fi", "done", "esac" };
	size_t n = 0;

	while (p->at + n < p->end && is_name(p->at[n]))
		n++;
	for (size_t i = 0; i < ARRAY_LENGTH(opening); i++)
		p->depth += n == strlen(opening[i]) && !strncmp(p->at, opening[i], n);
	for (size_t i = 0; i < ARRAY_LENGTH(closing); i++)
		if (p->depth && n == strlen(closing[i]) && !strncmp(p->at, closing[i], n))
			p->depth--;
}

/* Any other statement, to the end of its line; quotes may go over lines. */
static void skip_statement(struct parser *p)
{
	_strbuf_ struct strbuf ignored = STRBUF_INIT;
	bool computed;

	p->conf->has_code = true;
	note_keyword(p);
	while (p->at < p->end && *p->at != '\n' && *p->at != ';') {
		const char *before = p->at;

		strbuf_truncate(&ignored, 0);
		take_word(p, &ignored, &computed);
		if (p->at == before)
			p->at++;
	}
}

/* Words after which a statement begins anew. */
static bool take_prefix(struct parser *p)
{
	static const char *const words[] = { "export", "then", "else", "do" };

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(p->end - p->at) > n && !strncmp(p->at, words[i], n) &&
		    strchr(" \t\n", p->at[n])) {
			p->at += n;
			return true;
		}
	}
	return false;
}

static struct error *parse(struct parser *p)
{
	struct error *error = NULL;

	while (!error && p->at < p->end) {
		bool taken;

		if (strchr(" \t\r\n;)&|", *p->at)) {
			p->line += *p->at++ == '\n';
			continue;
		}
		if (*p->at == '#') {
			while (p->at < p->end && *p->at != '\n')
				p->at++;
			continue;
		}
		if (take_prefix(p))
			continue;
		error = take_assignment(p, &taken);
		if (!error && !taken)
			skip_statement(p);
	}
	return error;
}

struct error *dkms_conf_create(struct span text, struct dkms_conf **ret)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = calloc(1, sizeof(*conf));
	/* strchr() above finds terminators too: text ends at the first zero byte */
	size_t size = text.size ? strnlen((const char *)text.data, text.size) : 0;
	struct parser p = { conf, (const char *)text.data, (const char *)text.data + size,
			    1, 0 };
	struct error *error;

	if (!conf)
		return error_nomem();
	error = parse(&p);
	if (error)
		return error;
	*ret = take(conf);
	return NULL;
}

void dkms_conf_destroy(struct dkms_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->count; i++) {
		free(conf->items[i].name);
		free(conf->items[i].value);
	}
	free(conf->items);
	free(conf);
}
