/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables and the lines of a makefile; expansion see make_expand.c. */
#include "linter/source/make.h"

#include <ctype.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "linter/arena.h"
#include "linter/source/make_state.h"

struct error *make_create(const struct make *base, const struct make_settings *settings,
			  struct make **ret)
{
	_cleanup_(make_destroy) struct make *make = calloc(1, sizeof(*make));
	struct error *error;

	if (!make)
		return error_nomem();
	make->base = base;
	make->settings = *settings;
	error = arena_create(&make->arena);
	if (!error)
		*ret = take(make);
	return error;
}

void make_destroy(struct make *make)
{
	if (make) {
		arena_destroy(make->arena);
		strbuf_deinit(&make->recipes);
	}
	free(make);
}

static struct make_variable **bucket_of(struct make *make, const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return &make->buckets[hash % MAKE_BUCKETS];
}

static struct make_variable *find_own(const struct make *make, const char *name)
{
	struct make_variable *v = *bucket_of((struct make *)make, name);

	while (v && strcmp(v->name, name))
		v = v->next;
	return v;
}

const struct make_variable *make_find(const struct make *make, const char *name)
{
	const struct make_variable *found = NULL;

	for (; make && !found; make = make->base)
		found = find_own(make, name);
	return found;
}

struct make_variable *make_define(struct make *make, const char *name, const char *value,
				  bool recursive, enum make_origin origin)
{
	struct make_variable *v = find_own(make, name);
	const char *copy = arena_string(make->arena, value);

	if (!v) {
		struct make_variable **bucket = bucket_of(make, name);

		v = arena_alloc(make->arena, sizeof(*v));
		if (v) {
			v->name = arena_string(make->arena, name);
			v->next = *bucket;
		}
		if (v && v->name)
			*bucket = v;
	}
	if (!v || !v->name || !copy) {
		make->nomem = true;
		return NULL;
	}
	v->value = copy;
	v->recursive = recursive;
	v->origin = origin;
	return v;
}

struct error *make_set(struct make *make, const char *name, const char *value,
		       enum make_origin origin)
{
	struct make_variable *v = make_define(make, name, value, false, origin);

	if (v)
		v->exported = origin != MAKE_FILE;
	return v ? NULL : error_nomem();
}

void make_unknown(struct make *make, struct strbuf *out, const char *format, ...)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	va_list args;

	strbuf_addc(out, MAKE_UNKNOWN);
	if (make->reason)
		return;
	if (make->file)
		strbuf_addf(&text, "%s:%u: ", strrchr(make->file, '/') + 1, make->line);
	va_start(args, format);
	strbuf_addv(&text, format, args);
	va_end(args);
	make->reason = arena_string(make->arena, strbuf_string(&text));
}

const char *make_reason(const struct make *make)
{
	return make->reason;
}

bool make_lost(const struct make *make)
{
	return make->lost;
}

struct error *make_value(struct make *make, const char *name, char **ret)
{
	const struct make_variable *v = make_find(make, name);
	_strbuf_ struct strbuf out = STRBUF_INIT;

	if (v && v->recursive)
		make_expand(make, v->value, strlen(v->value), &out);
	else if (v)
		strbuf_adds(&out, v->value);
	return make->nomem ? error_nomem() : strbuf_steal(&out, ret);
}

struct error *make_export(struct make *make, struct make *to)
{
	if (make->reason)
		to->reason = arena_string(to->arena, make->reason);
	for (size_t i = 0; i < MAKE_BUCKETS; i++)
		for (struct make_variable *v = make->buckets[i]; v; v = v->next) {
			_free_ char *value = NULL;
			struct error *error;

			if (!v->exported && !make->export_all)
				continue;
			error = make_value(make, v->name, &value);
			if (!error)
				error = make_set(to, v->name, value,
						 v->origin == MAKE_COMMAND
							 ? MAKE_COMMAND
							 : MAKE_ENVIRONMENT);
			if (error)
				return error;
		}
	return NULL;
}

struct error *make_set_words(struct make *make, const char *const *words)
{
	struct error *error = NULL;

	for (; !error && words && *words; words++) {
		const char *equal = strchr(*words, '=');
		_free_ char *name = NULL;

		if (!equal)
			continue;
		name = strndup(*words, (size_t)(equal - *words));
		error = name ? make_set(make, name, equal + 1, MAKE_COMMAND)
			     : error_nomem();
	}
	return error;
}

const char *make_recipes(const struct make *make)
{
	return strbuf_string(&make->recipes);
}

struct error *make_read_config(struct make *make, const char *path)
{
	_mapping_ struct mapping file = { 0 };
	struct error *error = file_map(path, &file);
	const char *at = file.bytes.size ? (const char *)file.bytes.data : "";
	const char *end = at + file.bytes.size;

	while (!error && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *equal = memchr(at, '=', (size_t)((stop ? stop : end) - at));
		_free_ char *name = NULL, *value = NULL;

		stop = stop ? stop : end;
		if (equal && *at != '#') {
			name = strndup(at, (size_t)(equal - at));
			value = strndup(equal + 1, (size_t)(stop - equal - 1));
			error = name && value ? make_set(make, name, value, MAKE_FILE)
					      : error_nomem();
		}
		at = stop + 1;
	}
	return error;
}

/* One if of those that are open. */
struct branch {
	bool taken;   /* one of its branches was read already */
	bool live;    /* this one is */
	bool unknown; /* which one it is cannot be known */
};

struct reader {
	struct make *make;
	struct branch branches[MAKE_DEEPEST];
	size_t depth;
	bool in_rule;
	const char *define; /* name of the define that is open, or NULL */
	bool define_appends;
	unsigned int defines; /* in defines */
	struct strbuf text;   /* of it */
};

static bool is_live(const struct reader *r)
{
	for (size_t i = 0; i < r->depth; i++)
		if (!r->branches[i].live)
			return false;
	return true;
}

static bool is_unknown(const struct reader *r)
{
	for (size_t i = 0; i < r->depth; i++)
		if (r->branches[i].unknown)
			return true;
	return false;
}

static char *trim(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = 0;
	return text;
}

/* Whether @text begins with the word; then *@rest is what follows. */
static bool takes_word(char *text, const char *word, char **rest)
{
	size_t n = strlen(word);

	if (strncmp(text, word, n) ||
	    (text[n] && !isspace((unsigned char)text[n]) && text[n] != '('))
		return false;
	*rest = trim(text + n);
	return true;
}

/* "(a,b)", "'a' 'b'", "\"a\" \"b\"": the two sides, in place. */
static bool split_sides(char *text, char **left, char **right)
{
	char *at = text + 1, quote = *text;
	int depth = 0;

	*left = at;
	if (quote != '(') {
		if (quote != '\'' && quote != '"')
			return false;
		at = strchr(at, quote);
		if (!at)
			return false;
		*at++ = 0;
		at = trim(at);
		quote = *at;
		if (quote != '\'' && quote != '"')
			return false;
		*right = at + 1;
		at = strchr(at + 1, quote);
		if (at)
			*at = 0;
		return at;
	}
	for (*right = NULL; *at; at++) {
		if (*at == '(' || *at == '{')
			depth++;
		else if (*at == ',' && !depth && !*right) {
			*at = 0;
			*right = at + 1;
		} else if ((*at == ')' || *at == '}') && !depth--)
			break;
	}
	*at = 0;
	if (!*right)
		return false;
	*left = trim(*left);
	*right = trim(*right);
	return true;
}

static void test_equal(struct reader *r, char *text, bool negate, struct branch *ret)
{
	_strbuf_ struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	char *left, *right;

	ret->unknown = true;
	if (!split_sides(text, &left, &right))
		return;
	make_expand(r->make, left, strlen(left), &a);
	make_expand(r->make, right, strlen(right), &b);
	if (strchr(strbuf_string(&a), MAKE_UNKNOWN) ||
	    strchr(strbuf_string(&b), MAKE_UNKNOWN))
		return;
	ret->unknown = false;
	ret->live = !strcmp(strbuf_string(&a), strbuf_string(&b)) != negate;
}

static void test_defined(struct reader *r, const char *text, bool negate,
			 struct branch *ret)
{
	_strbuf_ struct strbuf name = STRBUF_INIT;
	const struct make_variable *v;

	make_expand(r->make, text, strlen(text), &name);
	v = make_find(r->make, strbuf_string(&name));
	ret->unknown = strchr(strbuf_string(&name), MAKE_UNKNOWN) ||
		       (v && *v->value == MAKE_UNKNOWN && !v->value[1]);
	ret->live = (v && *v->value) != negate;
}

/* ifeq, ifneq, ifdef, ifndef: false when the line is none. */
static bool read_condition(struct reader *r, char *line, struct branch *ret)
{
	static const struct {
		const char *word;
		bool defined, negate;
	} kinds[] = {
		{ "ifeq", false, false },
		{ "ifneq", false, true },
		{ "ifdef", true, false },
		{ "ifndef", true, true },
	};
	bool live = is_live(r);
	char *rest;

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		if (!takes_word(line, kinds[i].word, &rest))
			continue;
		*ret = (struct branch){ 0 };
		if (!live)
			return true; /* nothing is asked where nothing is read */
		if (kinds[i].defined)
			test_defined(r, rest, kinds[i].negate, ret);
		else
			test_equal(r, rest, kinds[i].negate, ret);
		/* both branches are looked through for what they would set */
		if (ret->unknown)
			ret->live = true;
		ret->taken = ret->live;
		return true;
	}
	return false;
}

static void read_else(struct reader *r, char *rest)
{
	struct branch *top = &r->branches[r->depth - 1], next = { 0 };

	if (top->unknown)
		return;
	if (top->taken || !*rest) {
		top->live = !top->taken;
		top->taken = true;
		return;
	}
	r->depth--;
	if (read_condition(r, rest, &next))
		*top = next;
	r->depth++;
}

static bool read_conditional(struct reader *r, char *line)
{
	struct branch next;
	char *rest;

	if (takes_word(line, "else", &rest)) {
		if (r->depth)
			read_else(r, rest);
		return true;
	}
	if (takes_word(line, "endif", &rest)) {
		if (r->depth)
			r->depth--;
		return true;
	}
	if (!read_condition(r, line, &next))
		return false;
	if (r->depth == MAKE_DEEPEST)
		r->make->lost = true;
	else
		r->branches[r->depth++] = next;
	return true;
}

/* Where the assignment's op stands: its start, or NULL when the line is none. */
static char *find_operator(char *line, size_t *length)
{
	int depth = 0;

	for (char *at = line; *at; at++) {
		if (*at == '$' && (at[1] == '(' || at[1] == '{')) {
			depth++;
			at++;
		} else if (depth && (*at == '(' || *at == '{')) {
			depth++;
		} else if (depth && (*at == ')' || *at == '}')) {
			depth--;
		} else if (!depth && *at == '=') {
			*length = 1;
			return at;
		} else if (!depth && strchr(":+?!", *at) && at[1] == '=') {
			*length = 2;
			return at;
		} else if (!depth && !strncmp(at, "::=", 3)) {
			*length = 3;
			return at;
		} else if (!depth && *at == ':') {
			return NULL;
		}
	}
	return NULL;
}

/* Whether NAME's value may be set from a makefile. */
static bool may_set(const struct make *make, const char *name, bool override)
{
	const struct make_variable *v = make_find(make, name);

	return override || !v || v->origin != MAKE_COMMAND;
}

static void append(struct make *make, const char *name, const char *value)
{
	const struct make_variable *old = make_find(make, name);
	_strbuf_ struct strbuf text = STRBUF_INIT;
	bool recursive = !old || old->recursive;

	if (old)
		strbuf_adds(&text, old->value);
	if (text.length)
		strbuf_addc(&text, ' ');
	if (recursive)
		strbuf_adds(&text, value);
	else
		make_expand(make, value, strlen(value), &text);
	make_define(make, name, strbuf_string(&text), recursive, MAKE_FILE);
}

static void assign(struct reader *r, const char *name, char op, const char *value,
		   bool override)
{
	static const char unknown[] = { MAKE_UNKNOWN, 0 };
	struct make *make = r->make;
	_strbuf_ struct strbuf text = STRBUF_INIT;

	if (!may_set(make, name, override))
		return;
	if (is_unknown(r)) {
		append(make, name, unknown);
		return;
	}
	switch (op) {
	case ':':
		make_expand(make, value, strlen(value), &text);
		make_define(make, name, strbuf_string(&text), false, MAKE_FILE);
		return;
	case '!':
		make_expand(make, value, strlen(value), &text);
		value = strbuf_string(&text);
		{
			_strbuf_ struct strbuf out = STRBUF_INIT;

			make_shell(make, value, &out);
			make_define(make, name, strbuf_string(&out), false, MAKE_FILE);
		}
		return;
	case '+':
		append(make, name, value);
		return;
	case '?':
		if (make_find(make, name))
			return;
		/* fall through */
	default:
		make_define(make, name, value, true, MAKE_FILE);
	}
}

static bool read_assignment(struct reader *r, char *line, bool override, bool exports)
{
	_strbuf_ struct strbuf name = STRBUF_INIT;
	struct make_variable *v;
	size_t length = 0;
	char *at = find_operator(line, &length), op, *value;

	if (!at)
		return false;
	op = length > 1 ? *at : '=';
	value = at + length;
	*at = 0;
	while (isspace((unsigned char)*value))
		value++;
	line = trim(line);
	make_expand(r->make, line, strlen(line), &name);
	if (strchr(strbuf_string(&name), MAKE_UNKNOWN)) {
		r->make->lost = true;
		return true;
	}
	assign(r, strbuf_string(&name), op, value, override);
	v = exports ? find_own(r->make, strbuf_string(&name)) : NULL;
	if (v)
		v->exported = true;
	return true;
}

static void export_names(struct make *make, const char *text)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;
	const char *at, *word;
	size_t length;

	if (!*text)
		make->export_all = true;
	make_expand(make, text, strlen(text), &names);
	at = strbuf_string(&names);
	while ((word = make_word(&at, &length))) {
		_free_ char *name = strndup(word, length);
		struct make_variable *v = name ? find_own(make, name) : NULL;

		if (v)
			v->exported = true;
	}
}

static void include_one(struct reader *r, const char *name, size_t length, bool optional)
{
	struct make *make = r->make;
	_strbuf_ struct strbuf unused = STRBUF_INIT;
	_free_ char *path = NULL;
	struct error *error;
	const char *file = make->file;
	unsigned int line = make->line;

	if (asprintf(&path, "%s%s%.*s", *name == '/' ? "" : make->settings.folder,
		     *name == '/' ? "" : "/", (int)length, name) < 0) {
		path = NULL;
		make->nomem = true;
		return;
	}
	error = make->files < MAKE_DEEPEST / 4
			? make_read(make, path)
			: error_new(ERROR_INPUT, "includes itself");
	make->file = file;
	make->line = line;
	/* one that is missing may be made by a rule */
	if (error && !optional) {
		make_unknown(make, &unused, "include %.*s", (int)length, name);
		make->lost = true;
	}
	error_destroy(error);
}

static void include(struct reader *r, const char *text, bool optional)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;
	const char *at, *word;
	size_t length;

	make_expand(r->make, text, strlen(text), &names);
	at = strbuf_string(&names);
	if (is_unknown(r) || strchr(at, MAKE_UNKNOWN)) {
		r->make->lost = true;
		return;
	}
	while ((word = make_word(&at, &length)))
		include_one(r, word, length, optional);
}

static void begin_define(struct reader *r, char *rest)
{
	size_t length = 0;
	char *op = find_operator(rest, &length);

	r->define_appends = op && *op == '+';
	if (op)
		*op = 0;
	r->define = arena_string(r->make->arena, trim(rest));
	r->defines = 1;
	r->make->nomem |= !r->define;
}

/* A line of a define: the last one sets the variable. */
static void read_define(struct reader *r, const char *line, char *trimmed)
{
	char *rest;

	if (takes_word(trimmed, "define", &rest))
		r->defines++;
	if (takes_word(trimmed, "endef", &rest) && !--r->defines) {
		if (is_live(r))
			assign(r, r->define, r->define_appends ? '+' : '=',
			       strbuf_string(&r->text), false);
		r->define = NULL;
		strbuf_truncate(&r->text, 0);
		return;
	}
	if (r->text.length)
		strbuf_addc(&r->text, '\n');
	strbuf_adds(&r->text, line);
}

static void read_statement(struct reader *r, char *line)
{
	bool override = false, exports = false;
	_strbuf_ struct strbuf unused = STRBUF_INIT;
	char *rest;

	r->in_rule = false;
	for (;;) {
		if (takes_word(line, "override", &rest) && *rest != '=')
			override = true;
		else if (takes_word(line, "export", &rest) && *rest != '=')
			exports = true;
		else if (!takes_word(line, "private", &rest) || *rest == '=')
			break;
		line = rest;
	}
	if (takes_word(line, "define", &rest))
		begin_define(r, rest);
	else if (read_assignment(r, line, override, exports))
		;
	else if (exports)
		export_names(r->make, line);
	else if (takes_word(line, "include", &rest))
		include(r, rest, false);
	else if (takes_word(line, "-include", &rest) ||
		 takes_word(line, "sinclude", &rest))
		include(r, rest, true);
	else if (takes_word(line, "unexport", &rest) ||
		 takes_word(line, "vpath", &rest) || takes_word(line, "undefine", &rest))
		;
	else if (*line == '$' && !strchr(line, ':'))
		make_expand(r->make, line, strlen(line), &unused);
	else
		r->in_rule = true;
}

/* Cuts a comment off, and the backslash of "\#". */
static void cut_comment(char *line)
{
	char *out = line;

	for (char *at = line; *at; at++) {
		if (*at == '#')
			break;
		if (*at == '\\' && at[1] == '#')
			at++;
		*out++ = *at;
	}
	*out = 0;
}

static void read_line(struct reader *r, char *raw)
{
	char *line;

	if (r->define) {
		_free_ char *copy = strdup(raw);

		r->make->nomem |= !copy;
		if (copy)
			read_define(r, raw, trim(copy));
		return;
	}
	if (*raw == '\t' && r->in_rule) {
		if (is_live(r) && r->make->recipes.length < MAKE_RECIPES) {
			strbuf_adds(&r->make->recipes, raw + 1);
			strbuf_addc(&r->make->recipes, '\n');
		}
		return;
	}
	cut_comment(raw);
	line = trim(raw);
	if (!*line || read_conditional(r, line) || !is_live(r))
		return;
	read_statement(r, line);
}

/* The next line with what follows a backslash, in @ret; false at the end. */
static bool next_line(const char **at, const char *end, unsigned int *number,
		      struct strbuf *ret)
{
	strbuf_truncate(ret, 0);
	if (*at >= end)
		return false;
	for (;;) {
		const char *stop = memchr(*at, '\n', (size_t)(end - *at));
		const char *line = *at;
		size_t length = (size_t)((stop ? stop : end) - line), slashes = 0;

		*at = stop ? stop + 1 : end;
		++*number;
		if (length && line[length - 1] == '\r')
			length--;
		while (slashes < length && line[length - 1 - slashes] == '\\')
			slashes++;
		strbuf_add(ret, line, length - slashes % 2);
		if (!(slashes % 2) || *at >= end)
			return true;
		/* blanks on both sides of the break are one */
		while (ret->length && strchr(" \t", ret->data[ret->length - 1]))
			strbuf_truncate(ret, ret->length - 1);
		strbuf_addc(ret, ' ');
		while (*at < end && (**at == ' ' || **at == '\t'))
			++*at;
	}
}

struct error *make_read(struct make *make, const char *path)
{
	_mapping_ struct mapping file = { 0 };
	_strbuf_ struct strbuf line = STRBUF_INIT;
	struct reader r = { .make = make };
	unsigned int number = 0;
	struct error *error = file_map(path, &file);
	const char *at = file.bytes.size ? (const char *)file.bytes.data : "";
	const char *end = at + file.bytes.size;

	if (error)
		return error;
	if (file.bytes.size > MAKE_FILE_BYTES || memchr(at, 0, file.bytes.size) ||
	    memchr(at, MAKE_UNKNOWN, file.bytes.size))
		return error_new(ERROR_INPUT, "%s: is no makefile", path);
	make->files++;
	append(make, "MAKEFILE_LIST", path);
	while (!make->nomem && make->bytes < MAKE_BYTES) {
		unsigned int first = number + 1;
		_free_ char *text = NULL;

		if (!next_line(&at, end, &number, &line))
			break;
		text = strdup(strbuf_string(&line));
		make->nomem |= !text;
		make->file = path;
		make->line = first;
		make->bytes += line.length;
		if (text)
			read_line(&r, text);
	}
	make->lost |= make->bytes >= MAKE_BYTES;
	make->files--;
	make->file = NULL;
	strbuf_deinit(&r.text);
	return make->nomem ? error_nomem() : NULL;
}
