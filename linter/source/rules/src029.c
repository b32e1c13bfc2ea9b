/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "common/array.h"
#include "linter/source/source.h"

/* Warnings whose silence hides nothing of a driver's own. */
static const char *const harmless[] = { "-Wno-error", "-Wno-unused-parameter",
					"-Wno-missing-field-initializers" };

static bool disables(const char *word, size_t length)
{
	if (length == 2 && !memcmp(word, "-w", 2))
		return true;
	if (length == 12 && !memcmp(word, "-fpermissive", 12))
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(harmless); i++)
		if (length == strlen(harmless[i]) && !memcmp(word, harmless[i], length))
			return false;
	return length > 5 && !memcmp(word, "-Wno-", 5) && memcmp(word, "-Wno-error=", 11);
}

/* A line that sets the compiler's flags, not another tool's. */
static bool sets_flags(const char *line, size_t length)
{
	static const char *const names[] = { "CFLAGS",	"ccflags",	  "CPPFLAGS",
					     "OTHER_C", "WARNING_CFLAGS", "CXXFLAGS",
					     "-c " };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (memmem(line, length, names[i], strlen(names[i])))
			return true;
	return false;
}

static struct error *look_line(struct linter *linter, const struct subject *subject,
			       const struct source_file *file, const char *line,
			       size_t length, uint32_t number)
{
	static const char inhibit[] = "GCC_WARN_INHIBIT_ALL_WARNINGS = YES";

	if (memmem(line, length, inhibit, sizeof(inhibit) - 1))
		return source_emit(linter, subject, file, number, 0, NULL,
				   "mend what the warnings say",
				   "the build switches all warnings off");
	if (!sets_flags(line, length))
		return NULL;
	for (size_t i = 0; i < length;) {
		size_t word = i;

		while (word < length && !isspace((unsigned char)line[word]) &&
		       !strchr("\"',;()", line[word]))
			word++;
		if (line[i] == '#')
			return NULL;
		if (word > i && disables(line + i, word - i))
			return source_emit(linter, subject, file, number, (uint32_t)i + 1,
					   NULL, "mend what the warning says",
					   "the build says %.*s", (int)(word - i),
					   line + i);
		i = word > i ? word : i + 1;
	}
	return NULL;
}

static struct error *look_file(struct linter *linter, const struct subject *subject,
			       const struct source_file *file)
{
	const char *at = (const char *)file->text.data, *end = at + file->text.size;
	struct error *error = NULL;
	uint32_t number = 1;

	while (!error && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = stop ? (size_t)(stop - at) : (size_t)(end - at);

		error = look_line(linter, subject, file, at, length, number++);
		at += length + (stop ? 1 : 0);
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = NULL;

	model_for_each_file(subject_source(subject), file)
	{
		if (!error && file->build)
			error = look_file(linter, subject, file);
	}
	return error;
}

SOURCE_CHECK(SRC029, run);
