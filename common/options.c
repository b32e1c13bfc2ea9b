/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "common/version.h"

/* Columns of --help: where the text starts, and where it wraps. */
enum { HELP_INDENT = 28, HELP_WIDTH = 88 };

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

static size_t columns(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Wraps at words; a line break in  stays one, no line ends in a blank. */
static void add_wrapped(struct strbuf *out, const char *text, size_t indent)
{
	size_t column = indent, blanks = 0;

	while (*text) {
		size_t word = strcspn(text, " \n"), wide = columns(text, word);

		if (word && column > indent && column + blanks + wide > HELP_WIDTH) {
			strbuf_addc(out, '\n');
			strbuf_pad(out, ' ', indent);
			column = indent;
			blanks = 0;
		}
		if (word) {
			strbuf_pad(out, ' ', blanks);
			strbuf_add(out, text, word);
			column += blanks + wide;
			blanks = 0;
		}
		text += word;
		if (*text == '\n') {
			strbuf_addc(out, '\n');
			strbuf_pad(out, ' ', text[1] && text[1] != '\n' ? indent : 0);
			column = indent;
			blanks = 0;
		} else if (*text) {
			blanks++;
		}
		text += *text != '\0';
	}
	strbuf_addc(out, '\n');
}

/* Every line after two blanks, whatever the table's author did. */
static void add_examples(struct strbuf *out, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		size_t lead = strspn(text, " ");

		strbuf_adds(out, "  ");
		strbuf_add(out, text + (lead < length ? lead : 0),
			   length - (lead < length ? lead : 0));
		strbuf_addc(out, '\n');
		text += length + (text[length] == '\n');
	}
}

static void add_option_head(const struct option *option, struct strbuf *out)
{
	if (option->letter)
		strbuf_addf(out, "-%c, ", option->letter);
	else
		strbuf_adds(out, "    ");
	strbuf_addf(out, "--%s", option->name);
	if (option->kind != OPTION_FLAG)
		strbuf_addf(out, " %s", option->argument);
}

static void add_option_help(const struct option *option, struct strbuf *out)
{
	struct strbuf head = STRBUF_INIT;
	size_t column;

	add_option_head(option, &head);
	strbuf_addf(out, "  %s", strbuf_string(&head));
	column = 2 + columns(head.data, head.length);
	strbuf_deinit(&head);
	if (column + 2 > HELP_INDENT) {
		strbuf_addc(out, '\n');
		column = 0;
	}
	strbuf_pad(out, ' ', HELP_INDENT - column);
	add_wrapped(out, option->help, HELP_INDENT);
}

static const struct option standard[] = {
	{ OPTION_FLAG, .name = "help", .help = "show this and leave" },
	{ OPTION_FLAG, .name = "version", .help = "show the version and leave" },
	OPTIONS_END,
};

static void add_table_help(const struct option *table, struct strbuf *out)
{
	for (; table->kind != OPTION_END; table++) {
		if (table->kind != OPTION_GROUP) {
			add_option_help(table, out);
			continue;
		}
		strbuf_addf(out, "\n%s:\n", table->name);
		add_table_help(table->group, out);
	}
}

void options_add_help(const struct command *command, struct strbuf *out)
{
	const char *line = command->usage;

	for (const char *lead = "Usage: "; *line; lead = "       ") {
		size_t length = strcspn(line, "\n");

		strbuf_addf(out, "%sbookend %s %.*s\n", lead, command->name, (int)length,
			    line);
		line += length + (line[length] == '\n');
	}
	strbuf_addf(out, "\n%s\n", command->summary);
	if (command->description) {
		strbuf_addc(out, '\n');
		add_wrapped(out, command->description, 0);
	}
	strbuf_adds(out, "\nOptions:\n");
	add_table_help(command->options, out);
	strbuf_addc(out, '\n');
	add_table_help(standard, out);
	if (command->examples) {
		strbuf_adds(out, "\nExamples:\n");
		add_examples(out, command->examples);
	}
}

static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\", *text))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *text == '\n' ? ' ' : *text);
	}
}

static void add_table_scdoc(const struct option *table, struct strbuf *out)
{
	for (; table->kind != OPTION_END; table++) {
		if (table->kind == OPTION_GROUP) {
			strbuf_addf(out, "## %s\n\n", table->name);
			add_table_scdoc(table->group, out);
			continue;
		}
		if (table->letter)
			strbuf_addf(out, "*-%c*, ", table->letter);
		strbuf_addf(out, "*--%s*", table->name);
		if (table->kind != OPTION_FLAG) {
			strbuf_adds(out, " <");
			add_escaped(out, table->argument);
			strbuf_addc(out, '>');
		}
		strbuf_adds(out, "\n\t");
		add_escaped(out, table->help);
		strbuf_adds(out, "\n\n");
	}
}

static void add_scdoc_text(struct strbuf *out, const char *text, const char *lead)
{
	for (; *text; text += *text == '\n') {
		size_t length = strcspn(text, "\n");
		_strbuf_ struct strbuf line = STRBUF_INIT;

		strbuf_add(&line, text, length);
		strbuf_adds(out, length ? lead : "");
		add_escaped(out, strbuf_string(&line));
		strbuf_addc(out, '\n');
		text += length;
	}
}

/* A whole manual page, so that it never says other things than --help. */
static void add_manual(const struct command *command, struct strbuf *out)
{
	strbuf_addf(out, "bookend-%s(1)\n\n# NAME\n\nbookend-%s - ", command->name,
		    command->name);
	add_escaped(out, command->summary);
	strbuf_adds(out, "\n\n# SYNOPSIS\n\n");
	for (const char *line = command->usage; *line; line += *line == '\n') {
		size_t length = strcspn(line, "\n");
		_strbuf_ struct strbuf one = STRBUF_INIT;

		strbuf_add(&one, line, length);
		strbuf_addf(out, "*bookend %s* ", command->name);
		add_escaped(out, strbuf_string(&one));
		strbuf_adds(out, "++\n");
		line += length;
	}
	strbuf_truncate(out, out->length - strlen("++\n"));
	strbuf_adds(out, "\n\n# DESCRIPTION\n\n");
	add_scdoc_text(
		out, command->description ? command->description : command->summary, "");
	strbuf_adds(out, "\n# OPTIONS\n\n");
	add_table_scdoc(command->options, out);
	add_table_scdoc(standard, out);
	if (command->examples) {
		strbuf_adds(out, "# EXAMPLES\n\n```\n");
		add_examples(out, command->examples);
		strbuf_adds(out, "```\n\n");
	}
	strbuf_adds(out,
		    "# EXIT STATUS\n\n*0*\n\tclean\n\n*1*\n\tfindings at or above the "
		    "level of --fail-on, or a failed run\n\n*2*\n\tthe tool could not do "
		    "its work; one line on standard error says why\n\n*3*\n\tincomplete: "
		    "nothing bad was found, but something asked for was not checked\n\n"
		    "# SEE ALSO\n\n*bookend*(1)\n");
}

static bool answer(const struct command *command, const char *argument,
		   struct strbuf *text)
{
	if (!strcmp(argument, "--help") || !strcmp(argument, "-h"))
		options_add_help(command, text);
	else if (!strcmp(argument, "--help=scdoc"))
		add_manual(command, text);
	else if (!strcmp(argument, "--summary"))
		strbuf_addf(text, "%s\n", command->summary);
	else if (!strcmp(argument, "--version"))
		strbuf_addf(text, "bookend %s %s\n", command->name, BOOKEND_VERSION);
	else
		return false;
	return true;
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
		} else if (answer(command, argument, text)) {
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
