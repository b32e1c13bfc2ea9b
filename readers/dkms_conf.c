/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/dkms_conf.h"

#include <ctype.h>
#include <fnmatch.h>
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

/* "%.0", "%%-*", "#v", "##*-" behind a name: what is left of @value when it fits. */
static void trim(const char *value, const char *operation, struct strbuf *out)
{
	bool longest = operation[1] == operation[0], suffix = *operation == '%';
	const char *pattern = operation + 1 + longest;
	size_t length = strlen(value), best = 0;
	bool found = false;

	for (size_t n = 0; n <= length && (longest || !found); n++) {
		_free_ char *part =
			suffix ? strdup(value + length - n) : strndup(value, n);

		if (part && !fnmatch(pattern, part, 0)) {
			found = true;
			best = n;
		}
	}
	if (suffix)
		strbuf_add(out, value, length - best);
	else
		strbuf_adds(out, value + best);
}

/* "/from/to" and "//from/to" behind a name, of plain text. */
static bool replace(const char *value, const char *operation, struct strbuf *out)
{
	bool all = operation[1] == '/';
	const char *from = operation + 1 + all, *slash = strchr(from, '/');
	size_t n = slash ? (size_t)(slash - from) : strlen(from);
	const char *to = slash ? slash + 1 : "";

	if (!n || strpbrk(from, "*?[\\#%"))
		return false;
	while (*value) {
		if (!strncmp(value, from, n)) {
			strbuf_adds(out, to);
			value += n;
			if (!all)
				break;
		} else {
			strbuf_addc(out, *value++);
		}
		if (out->length > VALUE_MAXIMUM)
			return false;
	}
	strbuf_adds(out, value);
	return true;
}

/*
 * What stands behind a name in braces, done to its value (NULL: the file does not set
 * it). False: only a shell knows what comes out.
 */
static bool operate(const char *value, const char *operation, struct strbuf *out)
{
	bool colon = *operation == ':';

	if (strpbrk(operation, "$`{"))
		return false;
	if (!*operation)
		return value && (strbuf_adds(out, value), true);
	if (operation[colon] == '-') {
		/* dkms or the environment may set what the file does not */
		if (!value)
			return false;
		strbuf_adds(out, colon && !*value ? operation + 2 : value);
		return true;
	}
	if (!value)
		return false;
	if (*operation == '%' || *operation == '#')
		return trim(value, operation, out), true;
	return *operation == '/' && replace(value, operation, out);
}

/* The name and index at p->at; moves behind them. */
static const char *take_variable(struct parser *p, bool braces)
{
	const struct dkms_directive *found;
	const char *name = p->at;
	size_t length = 0, index = 0;
	char text[64];

	while (name + length < p->end && is_name(name[length]))
		length++;
	p->at += length;
	if (braces && p->at < p->end && *p->at == '[') {
		for (p->at++; p->at < p->end && isdigit((unsigned char)*p->at); p->at++)
			index = index < INDEX_MAXIMUM ? index * 10 + (*p->at - '0')
						      : index;
		p->at += p->at < p->end && *p->at == ']';
	}
	if (!length || length >= sizeof(text))
		return NULL;
	memcpy(text, name, length);
	text[length] = '\0';
	found = dkms_conf_find(p->conf, text, index);
	return found ? found->value : NULL;
}

/*
 * "$NAME", "${NAME}", "${NAME[2]}", "${NAME%.*}": what comes out, or the text as it
 * stands. *computed: an operation that only a shell can do.
 */
static void expand(struct parser *p, struct strbuf *out, bool *computed)
{
	const char *start = p->at++, *value, *operation;
	bool braces = p->at < p->end && *p->at == '{';
	_free_ char *text = NULL;
	size_t before = out->length, n = 0;

	p->at += braces;
	value = take_variable(p, braces);
	operation = p->at;
	while (braces && operation + n < p->end && operation[n] != '}' &&
	       operation[n] != '\n')
		n++;
	p->at += n;
	p->at += braces && p->at < p->end && *p->at == '}';
	text = strndup(operation, n);
	if (text && out->length + (value ? strlen(value) : 0) < VALUE_MAXIMUM &&
	    operate(value, text, out))
		return;
	strbuf_truncate(out, before);
	strbuf_add(out, start, p->at - start);
	*computed |= n > 0;
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
			expand(p, out, computed);
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
			expand(p, out, computed);
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
	bool computed = false;

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
