/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/options_text.h"
#include "common/strbuf.h"
#include "common/units.h"

void string_list_deinit(struct string_list *list)
{
	free(list->items);
	*list = (struct string_list){ 0 };
}

struct error *string_list_add(struct string_list *list, const char *string)
{
	if (!array_grow(list->items, list->count, list->capacity))
		return error_nomem();
	list->items[list->count++] = string;
	return NULL;
}

struct match {
	const struct option *option;
	char *base; /* the struct its offset counts from */
};

static bool find_option(const struct option *table, char *base, const char *name,
			size_t length, char letter, struct match *ret)
{
	for (; table->kind != OPTION_END; table++) {
		if (table->kind == OPTION_GROUP) {
			if (find_option(table->group, base + table->offset, name, length,
					letter, ret))
				return true;
		} else if (letter ? table->letter == letter
				  : (strlen(table->name) == length &&
				     !strncmp(table->name, name, length))) {
			*ret = (struct match){ table, base };
			return true;
		}
	}
	return false;
}

static struct error *store_choice(const struct option *option, int *at, const char *text)
{
	for (int i = 0; option->choices[i]; i++)
		if (!strcmp(option->choices[i], text)) {
			*at = i;
			return NULL;
		}
	return error_new(ERROR_USAGE, "'%s' is none of its choices (%s)", text,
			 option->argument);
}

static struct error *store(const struct match *match, const char *text)
{
	void *at = match->base + match->option->offset;

	if (match->option->given)
		*(bool *)(match->base + match->option->given) = true;
	switch (match->option->kind) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return NULL;
	case OPTION_STRING:
		*(const char **)at = text;
		return NULL;
	case OPTION_LIST:
		return string_list_add(at, text);
	case OPTION_COUNT:
		return units_parse_count(text, at);
	case OPTION_DURATION:
		return units_parse_duration(text, at);
	case OPTION_RATE:
		return units_parse_rate(text, at);
	case OPTION_SIZE:
		return units_parse_size(text, at);
	case OPTION_CHOICE:
		return store_choice(match->option, at, text);
	default:
		return error_new(ERROR_INTERNAL, "option table of unknown kind");
	}
}

/* The classic edit distance, for "did you mean". */
static size_t distance(const char *a, size_t a_length, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= ARRAY_LENGTH(row))
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static void nearest_option(const struct option *table, const char *name, size_t length,
			   const char **ret, size_t *best)
{
	for (; table->kind != OPTION_END; table++) {
		size_t d;

		if (table->kind == OPTION_GROUP) {
			nearest_option(table->group, name, length, ret, best);
			continue;
		}
		d = distance(name, length, table->name);
		if (d < *best) {
			*best = d;
			*ret = table->name;
		}
	}
}

static struct error *unknown_option(const struct command *command, const char *name,
				    size_t length)
{
	const char *near = NULL;
	size_t best = 3;

	nearest_option(command->options, name, length, &near, &best);
	if (near)
		return error_new(ERROR_USAGE, "unknown option --%.*s: did you mean --%s?",
				 (int)length, name, near);
	return error_new(ERROR_USAGE,
			 "unknown option --%.*s: 'bookend %s --help' lists them all",
			 (int)length, name, command->name);
}

struct cursor {
	char **argv;
	int argc;
	int at;
};

static struct error *take_long(const struct command *command, struct cursor *cursor,
			       void *values)
{
	const char *name = cursor->argv[cursor->at] + 2;
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	struct match match;

	if (!find_option(command->options, values, name, length, 0, &match))
		return unknown_option(command, name, length);
	if (match.option->kind == OPTION_FLAG) {
		if (value)
			return error_new(ERROR_USAGE, "--%.*s takes no value",
					 (int)length, name);
		return store(&match, NULL);
	}
	if (!value && cursor->at + 1 >= cursor->argc)
		return error_new(ERROR_USAGE, "--%.*s needs a value (%s)", (int)length,
				 name, match.option->argument);
	if (!value)
		value = cursor->argv[++cursor->at];
	return error_wrap(store(&match, value), "--%.*s", (int)length, name);
}

static struct error *take_letters(const struct command *command, struct cursor *cursor,
				  void *values)
{
	struct match match;

	for (const char *c = cursor->argv[cursor->at] + 1; *c; c++) {
		const char *value = c + 1;

		if (!find_option(command->options, values, NULL, 0, *c, &match))
			return error_new(ERROR_USAGE,
					 "unknown option -%c: 'bookend %s --help' lists "
					 "them all",
					 *c, command->name);
		if (match.option->kind == OPTION_FLAG) {
			struct error *error = store(&match, NULL);

			if (error)
				return error;
			continue;
		}
		if (!*value && cursor->at + 1 >= cursor->argc)
			return error_new(ERROR_USAGE, "-%c needs a value (%s)", *c,
					 match.option->argument);
		if (!*value)
			value = cursor->argv[++cursor->at];
		return error_wrap(store(&match, value), "-%c", *c);
	}
	return NULL;
}

struct error *options_parse(const struct command *command, int argc, char **argv,
			    void *values, struct string_list *operands,
			    struct strbuf *text, enum options_answer *ret)
{
	struct cursor cursor = { argv, argc, 1 };
	bool plain = false;

	*ret = OPTIONS_RUN;
	for (; cursor.at < argc; cursor.at++) {
		const char *argument = argv[cursor.at];
		struct error *error = NULL;

		if (plain || argument[0] != '-' || !argument[1]) {
			error = string_list_add(operands, argument);
			plain = plain || command->raw_after_first;
		} else if (!strcmp(argument, "--")) {
			plain = true;
		} else if (options_answer_text(command, argument, text)) {
			*ret = OPTIONS_TEXT;
			return NULL;
		} else if (argument[1] == '-') {
			error = take_long(command, &cursor, values);
		} else {
			error = take_letters(command, &cursor, values);
		}
		if (error)
			return error;
	}
	return NULL;
}
