/* SPDX-License-Identifier: GPL-2.0-or-later */
/* $(shell …): nothing is run, but what some commands would say is known. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "linter/source/make_state.h"

/* Plain words: no quotes, pipes or substitutions. */
static bool is_plain(const char *text)
{
	return !text[strcspn(text, "\"'`$|&;<>()*?[]{}~\\!\n\1")];
}

/* "test -e PATH", "[ -e PATH ]": 1 holds, 0 does not, -1: something else. */
static int test_file(const struct make *make, const char *text)
{
	char option = 0, path[1024], full[4096];
	struct stat status;
	int end = 0;

	if (sscanf(text, " test -%c %1023[^]; &|\"'] %n", &option, path, &end) != 2 &&
	    sscanf(text, " [ -%c %1023[^]; &|\"'] ] %n", &option, path, &end) != 2)
		return -1;
	if (text[end] || !strchr("efdrs", option))
		return -1;
	snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : make->settings.folder,
		 *path == '/' ? "" : "/", path);
	if (stat(full, &status))
		return 0;
	return option == 'f'   ? S_ISREG(status.st_mode)
	       : option == 'd' ? S_ISDIR(status.st_mode)
	       : option == 's' ? status.st_size > 0
			       : 1;
}

/* "grep -q WORD FILE", "fgrep -q 'WORDS' FILE": as test_file(). */
static int test_grep(const struct make *make, const char *text)
{
	static const char *const commands[] = { "grep -q ", "fgrep -q ", "grep -F -q ",
						"grep -qF " };
	char word[256], path[1024], full[4096];
	_mapping_ struct mapping file = { 0 };
	_error_ struct error *error = NULL;
	size_t i = 0;
	int end = 0;

	text += strspn(text, " ");
	while (i < ARRAY_LENGTH(commands) &&
	       strncmp(text, commands[i], strlen(commands[i])))
		i++;
	if (i == ARRAY_LENGTH(commands))
		return -1;
	text += strlen(commands[i]);
	if (sscanf(text, " '%255[^']' %1023[^]; &|\"'>] %n", word, path, &end) != 2 &&
	    sscanf(text, " \"%255[^\"]\" %1023[^]; &|\"'>] %n", word, path, &end) != 2 &&
	    sscanf(text, " %255[^'\" ] %1023[^]; &|\"'>] %n", word, path, &end) != 2)
		return -1;
	text += end;
	if (!strncmp(text, "2>", 2) && strstr(text, "/dev/null"))
		text = strstr(text, "/dev/null") + 9;
	/* what is no plain text is left to grep */
	if (text[strspn(text, " ")] || word[strcspn(word, "\\[].*^$+?|")])
		return -1;
	snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : make->settings.folder,
		 *path == '/' ? "" : "/", path);
	error = file_map(full, &file);
	return !error && memmem(file.bytes.data, file.bytes.size, word, strlen(word));
}

/* "cd FOLDER && pwd": the folder, or nothing where there is none. */
static bool shell_folder(const struct make *make, const char *command, struct strbuf *out)
{
	char path[1024], full[4096];
	int end = 0;

	if (sscanf(command, "cd %1023[^]; &|\"'>] && pwd %n", path, &end) != 1 || !end ||
	    command[end])
		return false;
	snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : make->settings.folder,
		 *path == '/' ? "" : "/", path);
	if (!access(full, X_OK))
		strbuf_adds(out, full);
	return true;
}

/* "TEST && echo A", "TEST && echo A || echo B" */
static bool shell_test(struct make *make, const char *command, struct strbuf *out)
{
	const char *then = strstr(command, "&&"), *otherwise;
	_free_ char *test = NULL, *yes = NULL;
	int holds;

	if (!then)
		return false;
	otherwise = strstr(then, "||");
	test = strndup(command, (size_t)(then - command));
	then += 2 + strspn(then + 2, " ");
	yes = strndup(then, otherwise ? (size_t)(otherwise - then) : strlen(then));
	if (!test || !yes)
		return false;
	if (otherwise)
		otherwise += 2 + strspn(otherwise + 2, " ");
	holds = test_file(make, test);
	if (holds < 0)
		holds = test_grep(make, test);
	if (holds < 0 || strncmp(yes, "echo ", 5) || !is_plain(yes) ||
	    (otherwise && (strncmp(otherwise, "echo ", 5) || !is_plain(otherwise))))
		return false;
	if (holds || otherwise)
		make_shell(make, holds ? yes : otherwise, out);
	return true;
}

void make_shell(struct make *make, const char *command, struct strbuf *out)
{
	size_t n;

	command += strspn(command, " \t\n");
	n = strlen(command);
	while (n && strchr(" \t\n", command[n - 1]))
		n--;
	if (n == 3 && !strncmp(command, "pwd", n)) {
		strbuf_adds(out, make->settings.folder);
	} else if (n == 8 && !strncmp(command, "uname -r", n) && make->settings.release) {
		strbuf_adds(out, make->settings.release);
	} else if (!strncmp(command, "echo ", 5) && is_plain(command) &&
		   command[5] != '-') {
		const char *at = command + 5, *word;
		size_t length, start = out->length;

		while ((word = make_word(&at, &length))) {
			if (out->length > start)
				strbuf_addc(out, ' ');
			strbuf_add(out, word, length);
		}
	} else if (!strncmp(command, "dirname ", 8) && is_plain(command + 8)) {
		_free_ char *path = strndup(command + 8, n - 8);
		char *slash = path ? strrchr(path, '/') : NULL;

		if (slash && slash > path)
			*slash = 0;
		strbuf_adds(out, slash ? path : ".");
	} else if (n && !shell_folder(make, command, out) &&
		   !shell_test(make, command, out)) {
		make_unknown(make, out, "$(shell %.*s)", (int)(n > 120 ? 120 : n),
			     command);
	}
}
