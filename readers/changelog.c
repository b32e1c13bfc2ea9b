/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/changelog.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/array.h"

enum {
	LINES = 60, /* the newest entry stands at the top */
	LINE_MAXIMUM = 400,
	FIRST_YEAR = 1990,
	LAST_YEAR = 2100,
};

bool changelog_is_named(const char *path)
{
	static const char *const names[] = { "changelog",
					     "changelog.gz",
					     "changelog.Debian",
					     "changelog.Debian.gz",
					     "changelog.debian",
					     "changelog.debian.gz",
					     "changelog.md",
					     "changelog.txt",
					     "changelog.rst",
					     "changes",
					     "changes.md",
					     "changes.txt",
					     "news",
					     "news.gz",
					     "news.md",
					     "release_notes",
					     "release_notes.md",
					     "releasenotes.txt",
					     "release-notes.txt" };
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strcasecmp(base, names[i]))
			return true;
	return false;
}

/* The next line, without its end, in @ret (cut when it is long); false: no more. */
static bool next_line(struct span *text, char *ret, size_t size)
{
	const uint8_t *end;
	size_t length, n;

	if (!text->size)
		return false;
	end = memchr(text->data, '\n', text->size);
	length = end ? (size_t)(end - text->data) : text->size;
	n = length < size ? length : size - 1;
	memcpy(ret, text->data, n);
	ret[n] = '\0';
	ret[strcspn(ret, "\r")] = '\0';
	length += end != NULL;
	text->data += length;
	text->size -= length;
	return true;
}

/* A number of four digits that is a year, standing alone; 0: none. */
static int find_year(const char *text)
{
	for (const char *p = text; *p; p++) {
		int year = 0;

		if (!isdigit((unsigned char)*p))
			continue;
		if (strspn(p, "0123456789") == 4)
			year = atoi(p);
		if (year >= FIRST_YEAR && year < LAST_YEAR &&
		    (p == text || !strchr(".v", p[-1])) && p[4] != '.')
			return year;
		p += strspn(p, "0123456789") - 1;
	}
	return 0;
}

/* "1.4", "v1.4.0-rc1": its length, 0 when none begins here. */
static size_t version_length(const char *text)
{
	size_t n = (*text == 'v' || *text == 'V') && isdigit((unsigned char)text[1]);
	bool dot = false;
	size_t digits = n;

	while (isdigit((unsigned char)text[n]) ||
	       (text[n] == '.' && isdigit((unsigned char)text[n + 1]))) {
		dot |= text[n] == '.';
		n++;
	}
	if (n == digits || !dot)
		return 0;
	while (isalnum((unsigned char)text[n]) || (strchr("-+~_.", text[n]) && text[n] &&
						   isalnum((unsigned char)text[n + 1])))
		n++;
	return n;
}

static void set_version(struct changelog *ret, const char *text, size_t length)
{
	ret->version[0] = '\0';
	if (length < sizeof(ret->version))
		snprintf(ret->version, sizeof(ret->version), "%.*s", (int)length, text);
}

/* "name (2:1.4.0-1) unstable; urgency=medium" */
static bool read_debian(const char *line, struct changelog *ret)
{
	const char *open = strstr(line, " ("), *close = open ? strchr(open, ')') : NULL;

	if (!close || isspace((unsigned char)*line) || !strstr(close, "; urgency=") ||
	    strcspn(line, " ") != (size_t)(open - line))
		return false;
	ret->debian = true;
	set_version(ret, open + 2, close - open - 2);
	return true;
}

/* "2026-03-01  Jane Doe  <jane@example.com>": an entry without version. */
static bool read_gnu(const char *line, struct changelog *ret)
{
	if (fnmatch("[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]  *", line, 0))
		return false;
	ret->year = find_year(line);
	return true;
}

/*
 * A heading: markup, up to three words, a version, and then the end, a date or a remark
 * in brackets. Anything that could be a sentence is none.
 */
static bool read_heading(const char *line, struct changelog *ret)
{
	const char *at = line + strspn(line, "#*=-[ \t");
	bool marked = at != line && *line != ' ' && *line != '\t';
	int words = 0;
	size_t n;

	if (*line == ' ' || *line == '\t')
		return false;
	while (!(n = version_length(at)) && words < 3) {
		size_t word = strcspn(at, " \t");

		if (!word || !at[word] || memchr(at, '.', word) || memchr(at, ',', word))
			return false;
		at += word + strspn(at + word, " \t[(");
		words++;
	}
	if (!n || (at[n] && !strchr(" \t]):,*=#", at[n])))
		return false;
	set_version(ret, at, n);
	at += n + strspn(at + n, "]) \t:,*=#-");
	ret->year = find_year(at);
	return !*at || *at == '(' || *at == '[' || ret->year || (marked && !words);
}

/* Debian's date stands below the entry: " -- Jane Doe <jane@…>  Sun, 01 Mar 2026 …". */
static int read_trailer(struct span text)
{
	char line[LINE_MAXIMUM];

	while (next_line(&text, line, sizeof(line))) {
		const char *date = strncmp(line, " -- ", 4) ? NULL : strstr(line, ">  ");

		if (date)
			return find_year(date);
		if (*line && !isspace((unsigned char)*line))
			return 0;
	}
	return 0;
}

/* How much of a Debian version is upstream's: what stands before the revision. */
static size_t upstream_length(const char *version)
{
	const char *dash = strrchr(version, '-');

	return dash ? (size_t)(dash - version) : strlen(version);
}

/*
 * When the upstream version of the newest entry was first packaged: later revisions
 * change the packaging, not what is packaged.
 */
static int read_upstream_year(struct span text, const struct changelog *newest)
{
	size_t n = upstream_length(newest->version);
	int year = newest->year;
	char line[LINE_MAXIMUM];

	while (next_line(&text, line, sizeof(line))) {
		struct changelog entry = { 0 };
		int older;

		if (!read_debian(line, &entry))
			continue;
		if (upstream_length(entry.version) != n ||
		    strncmp(entry.version, newest->version, n))
			break;
		older = read_trailer(text);
		year = older ? older : year;
	}
	return year;
}

bool changelog_read(struct span text, struct changelog *ret)
{
	struct changelog entry = { 0 };
	char line[LINE_MAXIMUM];

	for (entry.line = 1; entry.line < LINES; entry.line++) {
		if (!next_line(&text, line, sizeof(line)))
			return false;
		if (strcasestr(line, "unreleased") && !read_debian(line, &entry))
			continue;
		if (read_debian(line, &entry)) {
			entry.year = read_trailer(text);
			entry.upstream_year = read_upstream_year(text, &entry);
			*ret = entry;
			return true;
		}
		if (read_gnu(line, &entry) || read_heading(line, &entry)) {
			entry.upstream_year = entry.year;
			*ret = entry;
			return true;
		}
	}
	return false;
}
