/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/subject_container.h"

/* modprobe.d(5): commands and the least number of words after them. */
static const struct {
	const char *name;
	size_t words;
} commands[] = {
	{ "alias", 2 },	 { "blacklist", 1 }, { "install", 2 }, { "options", 2 },
	{ "remove", 2 }, { "softdep", 2 },   { "weakdep", 2 },
};

static size_t count_words(const char *text)
{
	size_t count = 0;

	while (*(text += strspn(text, " \t"))) {
		count++;
		text += strcspn(text, " \t");
	}
	return count;
}

static struct error *look_at_line(struct linter *linter, const struct subject *subject,
				  const struct member *m, char *line, unsigned int number)
{
	size_t n;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	n = strcspn(line, " \t");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strlen(commands[i].name) != n || strncmp(commands[i].name, line, n))
			continue;
		if (count_words(line + n) >= commands[i].words)
			return NULL;
		return linter_emit(
			linter, subject,
			&(struct finding){ .path = m->name,
					   .line = number,
					   .message = "a command without its arguments",
					   .evidence = line });
	}
	return linter_emit(linter, subject,
			   &(struct finding){ .path = m->name,
					      .line = number,
					      .message = "modprobe knows no such command",
					      .evidence = line });
}

static struct error *look_at_lines(struct linter *linter, const struct subject *subject,
				   const struct member *m)
{
	_content_ struct content content = { 0 };
	struct error *error = bundle_read(subject->bundle, m, &content);
	_free_ char *text = NULL;
	char *rest, *line;
	unsigned int number = 0;

	if (error)
		return error;
	text = strndup((const char *)content.bytes.data, content.bytes.size);
	if (!text)
		return error_nomem();
	rest = text;
	while (!error && (line = strsep(&rest, "\n"))) {
		number++;
		/* a backslash carries the line on: the next is no command */
		while (rest && *line && line[strlen(line) - 1] == '\\') {
			char *next = strsep(&rest, "\n");

			line[strlen(line) - 1] = ' ';
			number++;
			if (next)
				memmove(line + strlen(line), next, strlen(next) + 1);
		}
		error = look_at_line(linter, subject, m, line, number);
	}
	return error;
}

static bool is_settings(const char *path)
{
	return !strncmp(path, "etc/modprobe.d/", 15) ||
	       !strncmp(path, "lib/modprobe.d/", 15) ||
	       !strncmp(path, "usr/lib/modprobe.d/", 19);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);

		if (m->kind != MEMBER_FILE || !is_settings(m->path))
			continue;
		if (!path_ends_with(m->path, ".conf"))
			error = linter_emit(
				linter, subject,
				&(struct finding){ .path = m->name,
						   .message = "modprobe reads files that "
							      "end in .conf only" });
		else
			error = look_at_lines(linter, subject, m);
	}
	return error;
}

static const struct check pkg009 = { .id = "PKG009", .kind = &kind_package, .run = run };
REGISTER(check, pkg009);
