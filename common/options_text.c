/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an option table says of itself: --help, the manual page, the words that a shell
 * completes. All from the same table, so they never say different things.
 */
#include <string.h>

#include "common/options.h"
#include "common/options_text.h"
#include "common/strbuf.h"
#include "common/version.h"

/* Columns of --help: where the text starts, and where it wraps. */
enum { HELP_INDENT = 28, HELP_WIDTH = 88 };

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

static void add_words(const struct option *table, struct strbuf *out)
{
	for (; table->kind != OPTION_END; table++) {
		if (table->kind == OPTION_GROUP) {
			add_words(table->group, out);
			continue;
		}
		strbuf_addf(out, "--%s\t", table->name);
		if (table->kind == OPTION_CHOICE)
			for (size_t i = 0; table->choices[i]; i++)
				strbuf_addf(out, "|%s", table->choices[i]);
		else if (table->kind != OPTION_FLAG)
			strbuf_adds(out, table->argument);
		strbuf_addc(out, '\n');
	}
}

bool options_answer_text(const struct command *command, const char *argument,
			 struct strbuf *text)
{
	if (!strcmp(argument, "--help") || !strcmp(argument, "-h")) {
		options_add_help(command, text);
	} else if (!strcmp(argument, "--help=scdoc")) {
		add_manual(command, text);
	} else if (!strcmp(argument, "--help=words")) {
		add_words(command->options, text);
		add_words(standard, text);
	} else if (!strcmp(argument, "--summary")) {
		strbuf_addf(text, "%s\n", command->summary);
	} else if (!strcmp(argument, "--version")) {
		strbuf_addf(text, "bookend %s %s\n", command->name, BOOKEND_VERSION);
	} else {
		return false;
	}
	return true;
}
