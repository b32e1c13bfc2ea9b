/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of GNU make that handle text and file names, and kbuild's own. */
#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "linter/arena.h"
#include "linter/source/make_state.h"
#include "linter/source/paths.h"

enum { ARGUMENTS = 10 };

/* Arguments of one call: as written, and expanded unless the function is lazy. */
struct call {
	struct make *make;
	struct strbuf *out;
	size_t count;
	const char *text[ARGUMENTS];
	size_t length[ARGUMENTS];
	const char *value[ARGUMENTS]; /* "" beyond count */
};

struct function {
	const char *name;
	size_t most; /* arguments: the last one takes all that follows */
	bool lazy;   /* expands its arguments by itself */
	void (*run)(struct call *call);
};

/* Adds a word, with a blank before it unless it is the first since @start. */
static void add_word(struct call *call, size_t start, const char *word, size_t length)
{
	if (call->out->length > start)
		strbuf_addc(call->out, ' ');
	strbuf_add(call->out, word, length);
}

#define for_each_word(text, word, length)           \
	for (const char *at_##word = (text), *word; \
	     (word = make_word(&at_##word, &(length)));)

static void run_strip(struct call *call)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[0], word, length) add_word(call, start, word, length);
}

static void run_subst(struct call *call)
{
	const char *at = call->value[2], *from = call->value[0];
	size_t n = strlen(from);

	for (const char *next; n && (next = strstr(at, from)); at = next + n) {
		strbuf_add(call->out, at, (size_t)(next - at));
		strbuf_adds(call->out, call->value[1]);
	}
	strbuf_adds(call->out, at);
}

static void run_patsubst(struct call *call)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[2], word, length)
	{
		const char *stem = "", *percent = strchr(call->value[1], '%');
		size_t stem_length = 0;

		if (!make_matches(call->value[0], word, length, &stem, &stem_length)) {
			add_word(call, start, word, length);
			continue;
		}
		add_word(call, start, call->value[1],
			 percent ? (size_t)(percent - call->value[1])
				 : strlen(call->value[1]));
		if (!percent)
			continue;
		strbuf_add(call->out, stem, stem_length);
		strbuf_adds(call->out, percent + 1);
	}
}

static void run_findstring(struct call *call)
{
	if (strstr(call->value[1], call->value[0]))
		strbuf_adds(call->out, call->value[0]);
}

static void filter(struct call *call, bool keep)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[1], word, length)
	{
		bool found = false;
		size_t size;

		for_each_word(call->value[0], pattern, size)
		{
			_free_ char *copy = strndup(pattern, size);
			const char *stem;
			size_t stem_length;

			call->make->nomem |= !copy;
			found |= copy &&
				 make_matches(copy, word, length, &stem, &stem_length);
		}
		if (found == keep)
			add_word(call, start, word, length);
	}
}

static void run_filter(struct call *call)
{
	filter(call, true);
}

static void run_filter_out(struct call *call)
{
	filter(call, false);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void run_sort(struct call *call)
{
	_free_ char *text = strdup(call->value[0]);
	_free_ char **words = calloc(strlen(call->value[0]) / 2 + 1, sizeof(*words));
	size_t n = 0, start = call->out->length;
	char *save = NULL;

	call->make->nomem |= !text || !words;
	if (!text || !words)
		return;
	for (char *word = strtok_r(text, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save))
		words[n++] = word;
	qsort(words, n, sizeof(*words), compare_words);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(words[i], words[i - 1]))
			add_word(call, start, words[i], strlen(words[i]));
}

/* Words @first to @last, from 1. */
static void word_list(struct call *call, const char *text, long first, long last)
{
	size_t start = call->out->length, length;
	long n = 0;

	for_each_word(text, word, length)
	{
		if (++n >= first && n <= last)
			add_word(call, start, word, length);
	}
}

static void run_word(struct call *call)
{
	long n = strtol(call->value[0], NULL, 10);

	word_list(call, call->value[1], n, n);
}

static void run_wordlist(struct call *call)
{
	word_list(call, call->value[2], strtol(call->value[0], NULL, 10),
		  strtol(call->value[1], NULL, 10));
}

static long count_words(const char *text)
{
	size_t length;
	long n = 0;

	for_each_word(text, word, length) n++;
	return n;
}

static void run_words(struct call *call)
{
	strbuf_addf(call->out, "%ld", count_words(call->value[0]));
}

static void run_firstword(struct call *call)
{
	word_list(call, call->value[0], 1, 1);
}

static void run_lastword(struct call *call)
{
	long n = count_words(call->value[0]);

	word_list(call, call->value[0], n, n);
}

/* What each word becomes: from @start to @end of it. */
enum part { PART_DIR, PART_NAME, PART_SUFFIX, PART_BASE };

static void parts(struct call *call, enum part part)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[0], word, length)
	{
		size_t name = length, dot = length;

		while (name && word[name - 1] != '/')
			name--;
		for (size_t i = name; i < length; i++)
			if (word[i] == '.')
				dot = i;
		if (part == PART_DIR)
			add_word(call, start, name ? word : "./", name ? name : 2);
		else if (part == PART_NAME)
			add_word(call, start, word + name, length - name);
		else if (part == PART_BASE)
			add_word(call, start, word, dot);
		else if (dot < length)
			add_word(call, start, word + dot, length - dot);
	}
}

static void run_dir(struct call *call)
{
	parts(call, PART_DIR);
}

static void run_notdir(struct call *call)
{
	parts(call, PART_NAME);
}

static void run_suffix(struct call *call)
{
	parts(call, PART_SUFFIX);
}

static void run_basename(struct call *call)
{
	parts(call, PART_BASE);
}

static void affix(struct call *call, bool before)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[1], word, length)
	{
		add_word(call, start, before ? call->value[0] : "",
			 before ? strlen(call->value[0]) : 0);
		strbuf_add(call->out, word, length);
		strbuf_adds(call->out, before ? "" : call->value[0]);
	}
}

static void run_addprefix(struct call *call)
{
	affix(call, true);
}

static void run_addsuffix(struct call *call)
{
	affix(call, false);
}

/* A word as a path below the folder that make runs in. Owned, NULL: out of memory. */
static char *full_path(struct call *call, const char *word, size_t length)
{
	const char *folder = *word == '/' ? "" : call->make->settings.folder;
	char *path = NULL;

	if (asprintf(&path, "%s%s%.*s", folder, *folder ? "/" : "", (int)length, word) <
	    0) {
		call->make->nomem = true;
		return NULL;
	}
	return path;
}

static void run_wildcard(struct call *call)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[0], word, length)
	{
		_free_ char *path = full_path(call, word, length);
		size_t cut = *word == '/' ? 0 : strlen(call->make->settings.folder) + 1;
		glob_t found = { 0 };

		if (!path || glob(path, 0, NULL, &found)) {
			globfree(&found);
			continue;
		}
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (strlen(found.gl_pathv[i]) >= cut)
				add_word(call, start, found.gl_pathv[i] + cut,
					 strlen(found.gl_pathv[i] + cut));
		globfree(&found);
	}
}

static void paths(struct call *call, bool real)
{
	size_t start = call->out->length, length;

	for_each_word(call->value[0], word, length)
	{
		_free_ char *path = full_path(call, word, length);
		_free_ char *found = path && real ? realpath(path, NULL) : NULL;

		if (path)
			path_tidy(path);
		if (path && !real)
			add_word(call, start, path, strlen(path));
		else if (found)
			add_word(call, start, found, strlen(found));
	}
}

static void run_realpath(struct call *call)
{
	paths(call, true);
}

static void run_abspath(struct call *call)
{
	paths(call, false);
}

/* Expands an argument of a lazy function; what it gives is of the arena. */
static const char *expand_argument(struct call *call, size_t index, bool trim)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	const char *text, *copy;
	size_t length;

	if (index >= call->count)
		return "";
	make_expand(call->make, call->text[index], call->length[index], &out);
	text = strbuf_string(&out);
	if (trim)
		text += strspn(text, " \t\n");
	length = strlen(text);
	while (trim && length && isspace((unsigned char)text[length - 1]))
		length--;
	if (out.length > 0)
		out.data[text - out.data + (ptrdiff_t)length] = 0;
	copy = arena_string(call->make->arena, text);
	call->make->nomem |= !copy;
	return copy ? copy : "";
}

static void run_if(struct call *call)
{
	const char *test = expand_argument(call, 0, true);

	if (strchr(test, MAKE_UNKNOWN))
		strbuf_addc(call->out, MAKE_UNKNOWN);
	else
		strbuf_adds(call->out, expand_argument(call, *test ? 1 : 2, false));
}

static void run_or(struct call *call)
{
	const char *value = "";

	for (size_t i = 0; i < call->count && !*value; i++)
		value = expand_argument(call, i, true);
	strbuf_adds(call->out, value);
}

static void run_and(struct call *call)
{
	const char *value = "";

	for (size_t i = 0; i < call->count; i++) {
		value = expand_argument(call, i, true);
		if (!*value)
			return;
	}
	strbuf_adds(call->out, value);
}

static void run_foreach(struct call *call)
{
	const char *name = expand_argument(call, 0, true);
	const char *list = expand_argument(call, 1, false);
	const struct make_variable *old = make_find(call->make, name);
	const char *value = old ? old->value : "";
	bool recursive = old && old->recursive;
	size_t start = call->out->length, length;

	for_each_word(list, word, length)
	{
		_free_ char *copy = strndup(word, length);
		const char *text;

		if (!copy || !make_define(call->make, name, copy, false, MAKE_FILE))
			return;
		text = expand_argument(call, 2, false);
		add_word(call, start, text, strlen(text));
	}
	make_define(call->make, name, value, recursive, MAKE_FILE);
}

/* What kbuild itself defines to be called; compilers are taken to know every option. */
static bool call_kbuild(struct call *call)
{
	static const struct {
		const char *name, *gives; /* NULL: its first argument */
	} known[] = {
		{ "cc-option", NULL },	      { "cc-option-yn", "y" },
		{ "as-option", NULL },	      { "ld-option", NULL },
		{ "cc-disable-warning", "" }, { "cc-name", "gcc" },
		{ "cc-cross-prefix", "" },    { "hostcc-option", NULL },
	};
	const char *name = expand_argument(call, 0, true);

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(known[i].name, name)) {
			strbuf_adds(call->out, known[i].gives
						       ? known[i].gives
						       : expand_argument(call, 1, true));
			return true;
		}
	return false;
}

static void run_call(struct call *call)
{
	const char *name = expand_argument(call, 0, true);
	const struct make_variable *v = make_find(call->make, name);
	struct make_variable old[ARGUMENTS] = { 0 };
	char number[2] = "1";

	if (call_kbuild(call))
		return;
	if (!v) {
		make_unknown(call->make, call->out, "$(call %s)", name);
		return;
	}
	for (size_t i = 1; i < ARGUMENTS; i++, number[0]++) {
		const struct make_variable *before = make_find(call->make, number);
		const char *argument = expand_argument(call, i, i == 0);

		if (before)
			old[i] = *before;
		make_define(call->make, number, argument, false, MAKE_FILE);
	}
	make_expand(call->make, v->value, strlen(v->value), call->out);
	number[0] = '1';
	for (size_t i = 1; i < ARGUMENTS; i++, number[0]++)
		make_define(call->make, number, old[i].value ? old[i].value : "",
			    old[i].recursive, MAKE_FILE);
}

static void run_origin(struct call *call)
{
	static const char *const names[] = { [MAKE_FILE] = "file",
					     [MAKE_ENVIRONMENT] = "environment",
					     [MAKE_COMMAND] = "command line" };
	const struct make_variable *v = make_find(call->make, call->value[0]);

	strbuf_adds(call->out, v ? names[v->origin] : "undefined");
}

static void run_shell(struct call *call)
{
	make_shell(call->make, call->value[0], call->out);
}

static void run_nothing(struct call *call)
{
	(void)call;
}

static void run_error(struct call *call)
{
	make_unknown(call->make, call->out, "$(error %s)", call->value[0]);
	call->make->lost = true;
}

/* What may change any variable. */
static void run_lost(struct call *call)
{
	make_unknown(call->make, call->out, "$(eval …)");
	call->make->lost = true;
}

static const struct function functions[] = {
	{ "strip", 1, false, run_strip },
	{ "subst", 3, false, run_subst },
	{ "patsubst", 3, false, run_patsubst },
	{ "findstring", 2, false, run_findstring },
	{ "filter", 2, false, run_filter },
	{ "filter-out", 2, false, run_filter_out },
	{ "sort", 1, false, run_sort },
	{ "word", 2, false, run_word },
	{ "wordlist", 3, false, run_wordlist },
	{ "words", 1, false, run_words },
	{ "firstword", 1, false, run_firstword },
	{ "lastword", 1, false, run_lastword },
	{ "dir", 1, false, run_dir },
	{ "notdir", 1, false, run_notdir },
	{ "suffix", 1, false, run_suffix },
	{ "basename", 1, false, run_basename },
	{ "addprefix", 2, false, run_addprefix },
	{ "addsuffix", 2, false, run_addsuffix },
	{ "wildcard", 1, false, run_wildcard },
	{ "realpath", 1, false, run_realpath },
	{ "abspath", 1, false, run_abspath },
	{ "if", 3, true, run_if },
	{ "or", ARGUMENTS, true, run_or },
	{ "and", ARGUMENTS, true, run_and },
	{ "foreach", 3, true, run_foreach },
	{ "call", ARGUMENTS, true, run_call },
	{ "origin", 1, false, run_origin },
	{ "shell", 1, false, run_shell },
	{ "info", 1, false, run_nothing },
	{ "warning", 1, false, run_nothing },
	{ "error", 1, false, run_error },
	{ "eval", 1, true, run_lost },
};

/* Names that are functions too, but not known here. */
static const char *const others[] = { "join",  "value", "flavor", "file",
				      "guile", "let",	"intcmp" };

/* Splits at commas outside brackets. */
static void split(struct call *call, const struct function *function, const char *text,
		  size_t length)
{
	size_t start = 0;
	int depth = 0;

	for (size_t i = 0; i <= length && call->count < ARGUMENTS; i++) {
		if (i < length && (text[i] == '(' || text[i] == '{'))
			depth++;
		else if (i < length && (text[i] == ')' || text[i] == '}'))
			depth--;
		else if (i == length ||
			 (text[i] == ',' && !depth && call->count + 1 < function->most)) {
			call->text[call->count] = text + start;
			call->length[call->count++] = i - start;
			start = i + 1;
		}
	}
}

/* false when an argument is not known: nothing made of it is then. */
static bool expand_all(struct call *call)
{
	bool known = true;

	for (size_t i = 0; i < ARGUMENTS; i++) {
		call->value[i] = expand_argument(call, i, false);
		known &= !strchr(call->value[i], MAKE_UNKNOWN);
	}
	return known;
}

bool make_call(struct make *make, const char *name, const char *arguments, size_t length,
	       struct strbuf *out)
{
	struct call call = { .make = make, .out = out };

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (!strcmp(others[i], name)) {
			make_unknown(make, out, "$(%s …)", name);
			return true;
		}
	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
		if (strcmp(functions[i].name, name))
			continue;
		if (make->depth >= MAKE_DEEPEST) {
			make_unknown(make, out, "expands without end");
			return true;
		}
		split(&call, &functions[i], arguments, length);
		make->depth++;
		if (functions[i].lazy || expand_all(&call))
			functions[i].run(&call);
		else
			strbuf_addc(out, MAKE_UNKNOWN);
		make->depth--;
		return true;
	}
	return false;
}
