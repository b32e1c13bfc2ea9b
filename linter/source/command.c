/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "report/json.h"

/* Words of one command. */
struct words {
	char **items;
	size_t count, capacity;
};

static void words_clear(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	words->count = 0;
}

static void words_deinit(struct words *words)
{
	words_clear(words);
	free(words->items);
}

#define _words_ __attribute__((cleanup(words_deinit)))

static void unit_command_deinit(struct unit_command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->arguments[i]);
	free(command->arguments);
	free(command->file);
	free(command->directory);
}

void unit_commands_deinit(struct unit_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		unit_command_deinit(&commands->items[i]);
	free(commands->items);
	*commands = (struct unit_commands){ 0 };
}

void unit_commands_truncate(struct unit_commands *commands, size_t count)
{
	while (commands->count > count)
		unit_command_deinit(&commands->items[--commands->count]);
}

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool is_source(const char *word, bool *cplusplus)
{
	static const char *const plus[] = { ".cc", ".cpp", ".cxx", ".C", ".mm" };
	const char *dot = strrchr(word, '.');

	*cplusplus = false;
	if (!dot || *word == '-')
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(plus); i++)
		*cplusplus |= !strcmp(dot, plus[i]);
	return *cplusplus || !strcmp(dot, ".c");
}

/* Options that change what the text means. The value may be the next word. */
static const char *const with_value[] = { "-I",		 "-D",	       "-U",
					  "-include",	 "-imacros",   "-isystem",
					  "-iquote",	 "-idirafter", "-isysroot",
					  "-target",	 "-arch",      "-x",
					  "-iframework", "-F" };
static const char *const alone[] = {
	"-nostdinc",	  "-nostdinc++",     "-ansi",		"-m32",
	"-m64",		  "-fshort-wchar",   "-funsigned-char", "-fsigned-char",
	"-ffreestanding", "-fno-builtin",    "-fms-extensions", "-mkernel",
	"-fapple-kext",	  "-fno-exceptions", "-fno-rtti",	"-fblocks",
	"-mno-sse",	  "-mno-mmx",	     "-mno-sse2",	"-mno-3dnow",
	"-mno-avx",	  "-mno-80387",	     "-fopenmp",	"-pthread",
};
static const char *const prefixes[] = { "-std=", "--target=", "--sysroot=", "-mcmodel=",
					"-mmacosx-version-min=" };
static const char *const ignored_with_value[] = { "-o",	 "-MF",	    "-MT",
						  "-MQ", "--param", "-Xlinker",
						  "-T",	 "-u",	    "-L" };

static bool in_list(const char *const *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

static bool wanted(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
		if (begins(word, prefixes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LENGTH(with_value); i++)
		if (begins(word, with_value[i]) && strlen(with_value[i]) == 2)
			return true;
	return in_list(alone, ARRAY_LENGTH(alone), word);
}

static bool add_argument(struct unit_command *command, const char *argument)
{
	char *copy = strdup(argument);

	/* one more for the NULL at the end */
	if (!copy || !array_grow(command->arguments, command->count, command->capacity)) {
		free(copy);
		return false;
	}
	command->arguments[command->count++] = copy;
	return true;
}

/* "aarch64-linux-gnu-gcc-12" compiles for aarch64-linux-gnu. */
static bool add_target(struct unit_command *command, const char *compiler)
{
	const char *slash = strrchr(compiler, '/'), *base = slash ? slash + 1 : compiler;
	const char *tool = strstr(base, "-gcc");
	_free_ char *target = NULL;

	if (!tool)
		tool = strstr(base, "-g++");
	if (!tool || tool == base || !memchr(base, '-', (size_t)(tool - base)))
		return true;
	if (asprintf(&target, "--target=%.*s", (int)(tool - base), base) < 0)
		return target = NULL, false;
	return add_argument(command, target);
}

static bool disables_warnings(const char *word)
{
	return !strcmp(word, "-w") || !strcmp(word, "-fpermissive");
}

static bool fill(struct unit_command *command, const char *const *words, size_t count)
{
	bool ok = add_target(command, words[0]);

	for (size_t i = 1; ok && i < count; i++) {
		const char *word = words[i];
		bool cplusplus;

		if (in_list(ignored_with_value, ARRAY_LENGTH(ignored_with_value), word)) {
			i++;
		} else if (in_list(with_value, ARRAY_LENGTH(with_value), word)) {
			if (i + 1 < count)
				ok = add_argument(command, word) &&
				     add_argument(command, words[++i]);
		} else if (wanted(word)) {
			ok = add_argument(command, word);
		} else if (disables_warnings(word)) {
			command->own_compiler_flags = true;
		} else if (is_source(word, &cplusplus)) {
			free(command->file);
			command->file = strdup(word);
			command->cplusplus = cplusplus;
			ok = command->file;
		}
	}
	if (ok && array_grow(command->arguments, command->count, command->capacity))
		command->arguments[command->count] = NULL;
	else
		ok = false;
	return ok;
}

/* Whether these words compile one C or C++ file to an object. */
static bool compiles(const char *const *words, size_t count)
{
	bool to_object = false, source = false, cplusplus;

	for (size_t i = 1; i < count; i++) {
		to_object |=
			!strcmp(words[i], "-c") || !strcmp(words[i], "-fsyntax-only");
		source |= is_source(words[i], &cplusplus);
		if (!strcmp(words[i], "-E") || !strcmp(words[i], "-S"))
			return false;
	}
	return to_object && source;
}

struct error *command_add(const char *directory, const char *const *words, size_t count,
			  struct unit_commands *ret)
{
	struct unit_command command = { 0 };

	if (!compiles(words, count))
		return NULL;
	command.directory = directory ? strdup(directory) : NULL;
	if ((directory && !command.directory) || !fill(&command, words, count) ||
	    !array_grow(ret->items, ret->count, ret->capacity)) {
		unit_command_deinit(&command);
		return error_nomem();
	}
	ret->items[ret->count++] = command;
	return NULL;
}

/* A shell's reading of text, as far as make writes it. */
struct shell {
	const char *at, *end;
	bool dollars; /* $$ is $, as in a makefile's value */
};

/* Adds what stands between quotes. */
static void read_quoted(struct shell *s, struct strbuf *word)
{
	char quote = *s->at++;

	while (s->at < s->end && *s->at != quote) {
		if (quote == '"' && *s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		strbuf_addc(word, *s->at++);
	}
	if (s->at < s->end)
		s->at++;
}

static bool is_separator(char c)
{
	return c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' || c == ')' ||
	       c == '{' || c == '}';
}

/* The next word in @word; false at the end of a command. */
static bool read_word(struct shell *s, struct strbuf *word)
{
	bool any = false;

	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' ||
		(*s->at == '\\' && s->at + 1 < s->end && s->at[1] == '\n')))
		s->at += *s->at == '\\' ? 2 : 1;
	while (s->at < s->end && !is_separator(*s->at) && *s->at != ' ' &&
	       *s->at != '\t' && *s->at != '\r') {
		any = true;
		if (*s->at == '\'' || *s->at == '"') {
			read_quoted(s, word);
			continue;
		}
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		else if (s->dollars && *s->at == '$' && s->at + 1 < s->end &&
			 s->at[1] == '$')
			s->at++;
		strbuf_addc(word, *s->at++);
	}
	return any;
}

static struct error *read_words(struct shell *s, struct words *words)
{
	for (;;) {
		_strbuf_ struct strbuf word = STRBUF_INIT;
		char *text = NULL;
		struct error *error;

		if (!read_word(s, &word))
			return NULL;
		if (!array_grow(words->items, words->count, words->capacity))
			return error_nomem();
		error = strbuf_steal(&word, &text);
		if (error)
			return error;
		words->items[words->count++] = text;
	}
}

struct error *command_split(const char *text, char ***ret)
{
	struct shell s = { text, text + strlen(text), false };
	_words_ struct words words = { 0 };
	struct error *error = NULL;

	while (!error && s.at < s.end) {
		error = read_words(&s, &words);
		if (s.at < s.end)
			s.at++; /* a separator means nothing among flags */
	}
	if (error)
		return error;
	if (!array_grow(words.items, words.count, words.capacity))
		return error_nomem();
	words.items[words.count] = NULL;
	words.count = 0;
	*ret = take(words.items);
	return NULL;
}

/* Every command of a line (or several) that compiles something. */
static struct error *read_commands(struct span text, bool dollars, const char *directory,
				   struct unit_commands *ret)
{
	struct shell s = { (const char *)text.data, (const char *)text.data + text.size,
			   dollars };
	_words_ struct words words = { 0 };

	while (s.at < s.end) {
		struct error *error = read_words(&s, &words);

		if (!error && words.count)
			error = command_add(directory, (const char *const *)words.items,
					    words.count, ret);
		if (error)
			return error;
		words_clear(&words);
		if (s.at < s.end)
			s.at++; /* the separator */
	}
	return NULL;
}

struct error *command_read_cmd(struct span text, struct unit_commands *ret)
{
	const char *data = (const char *)text.data;
	const char *line_end = text.size ? memchr(data, '\n', text.size) : NULL;
	size_t length = line_end ? (size_t)(line_end - data) : text.size;
	const char *is = length ? memmem(data, length, ":=", 2) : NULL;
	size_t before = ret->count;
	struct error *error;

	if (!is || (strncmp(data, "cmd_", 4) && strncmp(data, "savedcmd_", 9)))
		return NULL;
	is += 2;
	error = read_commands((struct span){ (const uint8_t *)is,
					     length - (size_t)(is - data) },
			      true, NULL, ret);
	/* one object has one source: later commands only touch the object up */
	if (!error && ret->count > before + 1)
		unit_commands_truncate(ret, before + 1);
	return error;
}

static struct error *read_entry(const char *name, size_t index, json_t *entry,
				struct unit_commands *ret)
{
	const char *directory = json_string_value(json_object_get(entry, "directory"));
	const char *command = json_string_value(json_object_get(entry, "command"));
	json_t *arguments = json_object_get(entry, "arguments"), *one;
	size_t count = json_array_size(arguments), i;
	_free_ const char **words = calloc(count + 1, sizeof(*words));

	if (!words)
		return error_nomem();
	if (!directory || (!command && !count))
		return error_new(ERROR_INPUT,
				 "%s: /%zu: needs directory, and command or arguments",
				 name, index);
	if (command)
		return read_commands((struct span){ (const uint8_t *)command,
						    strlen(command) },
				     false, directory, ret);
	json_array_foreach(arguments, i, one)
	{
		words[i] = json_string_value(one);
		if (!words[i])
			return error_new(ERROR_INPUT,
					 "%s: /%zu/arguments/%zu: must be a string", name,
					 index, i);
	}
	return command_add(directory, words, count, ret);
}

struct error *command_read_json(const char *name, struct span text,
				struct unit_commands *ret)
{
	json_error_t why;
	json_t *json = json_loadb((const char *)text.data, text.size, 0, &why), *entry;
	struct error *error = NULL;
	size_t i;

	if (!json)
		return error_new(ERROR_INPUT, "%s:%d:%d: %s", name, why.line, why.column,
				 why.text);
	if (!json_is_array(json))
		error = error_new(ERROR_INPUT, "%s: /: must be an array", name);
	json_array_foreach(json, i, entry)
	{
		if (!error)
			error = read_entry(name, i, entry, ret);
	}
	json_decref(json);
	return error;
}

/* "make[1]: Entering directory '/x'": the folder, owned, or NULL. */
static char *entered(const char *line, size_t length)
{
	static const char phrase[] = ": Entering directory '";
	const char *at = memmem(line, length, phrase, sizeof(phrase) - 1), *end;

	if (!at)
		return NULL;
	at += sizeof(phrase) - 1;
	end = memchr(at, '\'', length - (size_t)(at - line));
	return end ? strndup(at, (size_t)(end - at)) : NULL;
}

struct error *command_read_make(struct span text, const char *directory,
				struct unit_commands *ret)
{
	const char *at = (const char *)text.data, *end = at + text.size;
	_free_ char *here = directory ? strdup(directory) : NULL;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = stop ? (size_t)(stop - at) : (size_t)(end - at);
		char *folder = entered(at, length);
		struct error *error;

		/* a line may go on after a backslash */
		while (stop && stop > at && stop[-1] == '\\') {
			stop = memchr(stop + 1, '\n', (size_t)(end - stop - 1));
			length = stop ? (size_t)(stop - at) : (size_t)(end - at);
		}
		if (folder) {
			free(here);
			here = folder;
		}
		error = read_commands((struct span){ (const uint8_t *)at, length }, false,
				      here, ret);
		if (error)
			return error;
		if (!stop)
			break;
		at = stop + 1;
	}
	return NULL;
}
