/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines from tables. A command describes its options once; parsing, --help,
 * the man page's list and the error messages all come from that table.
 *
 * Values are written into the command's own struct at the offsets that the table
 * names. Strings point into argv and are not owned; lists are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct strbuf;

enum option_kind {
	OPTION_END,	 /* closes a table */
	OPTION_FLAG,	 /* bool, set to true */
	OPTION_STRING,	 /* const char * */
	OPTION_LIST,	 /* struct string_list: repeatable */
	OPTION_COUNT,	 /* uint64_t: 1000, 100k */
	OPTION_DURATION, /* uint64_t nanoseconds: 90s, 1h */
	OPTION_RATE,	 /* struct rate: 300/s, max */
	OPTION_SIZE,	 /* uint64_t bytes: 512M */
	OPTION_CHOICE,	 /* int: index into the words of `choices` */
	OPTION_GROUP,	 /* another table at an offset, under a heading */
};

struct option {
	enum option_kind kind;
	char letter;		    /* 0: only long */
	const char *name;	    /* without dashes; for a group its heading */
	const char *argument;	    /* placeholder shown in help, as FILE */
	size_t offset;		    /* of the value in the command's struct */
	const char *help;	    /* one or two sentences; default and unit in it */
	const char *const *choices; /* OPTION_CHOICE: words, NULL at the end */
	const struct option *group; /* OPTION_GROUP */
	size_t given;		    /* offset of a bool set when given; 0: none */
};

#define OPTIONS_END                \
	{                          \
		.kind = OPTION_END \
	}

struct string_list {
	const char **items;
	size_t count;
	size_t capacity;
};

void string_list_deinit(struct string_list *list);
struct error *string_list_add(struct string_list *list, const char *string);

/* What a command says of itself. */
struct command {
	const char *name;    /* "lint"; the program is bookend-lint */
	const char *usage;   /* "[OPTION]… PATH…", several lines for several forms */
	const char *summary; /* one line */
	const char *description; /* paragraphs for --help and the man page; may be NULL */
	const char *examples;	 /* may be NULL */
	const struct option *options;
	bool raw_after_first; /* options end at the first operand (exec-like commands) */
};

enum options_answer {
	OPTIONS_RUN,  /* go on */
	OPTIONS_TEXT, /* --help or --version: print the text and leave */
};

/*
 * Fills @values (zeroed or preset by the caller) and @operands. With --help,
 * --help=scdoc or --version the text to print is added to @text.
 * Fails with ERROR_USAGE.
 */
struct error *options_parse(const struct command *command, int argc, char **argv,
			    void *values, struct string_list *operands,
			    struct strbuf *text, enum options_answer *ret);

void options_add_help(const struct command *command, struct strbuf *out);
