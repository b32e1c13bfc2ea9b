/* SPDX-License-Identifier: GPL-2.0-or-later */
/* $(NAME), $(NAME:a=b) and $(function arguments). */
#include <ctype.h>
#include <string.h>

#include "linter/source/make_state.h"

const char *make_word(const char **at, size_t *length)
{
	const char *start = *at + strspn(*at, " \t\n");

	*length = strcspn(start, " \t\n");
	*at = start + *length;
	return *length ? start : NULL;
}

bool make_matches(const char *pattern, const char *word, size_t length, const char **stem,
		  size_t *stem_length)
{
	const char *percent = strchr(pattern, '%');
	size_t before, after;

	if (!percent)
		return strlen(pattern) == length && !memcmp(pattern, word, length);
	before = (size_t)(percent - pattern);
	after = strlen(percent + 1);
	if (length < before + after || memcmp(pattern, word, before) ||
	    memcmp(percent + 1, word + length - after, after))
		return false;
	*stem = word + before;
	*stem_length = length - before - after;
	return true;
}

/* $(NAME:from=to) */
static void substitute(struct make *make, const char *value, const char *how,
		       struct strbuf *out)
{
	_strbuf_ struct strbuf arguments = STRBUF_INIT;
	const char *equal = strchr(how, '=');

	if (!equal) {
		make_unknown(make, out, "$(…:%s)", how);
		return;
	}
	/* "%": as written; else the ends of words */
	strbuf_addf(&arguments, "%s%.*s,%s%s,",
		    memchr(how, '%', (size_t)(equal - how)) ? "" : "%",
		    (int)(equal - how), how,
		    memchr(how, '%', (size_t)(equal - how)) ? "" : "%", equal + 1);
	strbuf_adds(&arguments, value);
	if (strchr(value, '$') || strchr(how, '$'))
		make_unknown(make, out, "$(…:%s)", how);
	else
		make_call(make, "patsubst", strbuf_string(&arguments), arguments.length,
			  out);
}

static void expand_variable(struct make *make, const char *name, struct strbuf *out)
{
	const struct make_variable *v = make_find(make, name);

	if (!v)
		return;
	if (v->recursive)
		make_expand(make, v->value, strlen(v->value), out);
	else
		strbuf_adds(out, v->value);
}

static void expand_reference(struct make *make, const char *text, size_t length,
			     struct strbuf *out)
{
	_strbuf_ struct strbuf name = STRBUF_INIT, value = STRBUF_INIT;
	size_t word = 0;
	char *colon;

	while (word < length && (isalpha((unsigned char)text[word]) || text[word] == '-'))
		word++;
	if (word && word < length && isspace((unsigned char)text[word])) {
		size_t skip = word;

		while (skip < length && isspace((unsigned char)text[skip]))
			skip++;
		strbuf_add(&name, text, word);
		if (make_call(make, strbuf_string(&name), text + skip, length - skip,
			      out))
			return;
		strbuf_truncate(&name, 0);
	}
	make_expand(make, text, length, &name);
	if (name.failed || !name.length)
		return;
	if (strchr(name.data, MAKE_UNKNOWN)) {
		strbuf_addc(out, MAKE_UNKNOWN);
		return;
	}
	colon = strchr(name.data, ':');
	if (!colon || !strchr(colon, '=')) {
		expand_variable(make, name.data, out);
		return;
	}
	*colon = 0;
	expand_variable(make, name.data, &value);
	substitute(make, strbuf_string(&value), colon + 1, out);
}

/* The index of the bracket that closes the one at @text[0], or @length. */
static size_t closing(const char *text, size_t length)
{
	char open = *text, close = open == '(' ? ')' : '}';
	size_t depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == open)
			depth++;
		else if (text[i] == close && !--depth)
			return i;
	}
	return length;
}

void make_expand(struct make *make, const char *text, size_t length, struct strbuf *out)
{
	size_t before = out->length;

	if (make->depth >= MAKE_DEEPEST || make->bytes >= MAKE_BYTES) {
		make_unknown(make, out, "expands without end");
		return;
	}
	make->depth++;
	for (size_t i = 0; i < length && make->bytes < MAKE_BYTES; i++) {
		char name[2] = { 0 };

		if (text[i] != '$' || i + 1 == length) {
			strbuf_addc(out, text[i]);
			continue;
		}
		i++;
		if (text[i] == '(' || text[i] == '{') {
			size_t end = closing(text + i, length - i);

			if (end == length - i) {
				make_unknown(make, out, "a bracket is not closed");
				break;
			}
			expand_reference(make, text + i + 1, end - 1, out);
			i += end;
		} else if (text[i] == '$') {
			strbuf_addc(out, '$');
		} else {
			name[0] = text[i];
			expand_variable(make, name, out);
		}
	}
	make->depth--;
	make->bytes += out->length - before + 1;
	make->nomem |= out->failed;
}
