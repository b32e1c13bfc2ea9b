/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <string.h>

#include "linter/source/import.h"

static const char *read_number(const char *at, const char *end, uint32_t *ret)
{
	uint32_t value = 0;
	const char *start = at;

	while (at < end && isdigit((unsigned char)*at) && at - start < 9)
		value = value * 10 + (uint32_t)(*at++ - '0');
	*ret = value;
	return at > start ? at : NULL;
}

bool import_parse_line(const char *line, size_t length, char *file, size_t size,
		       uint32_t *number, uint32_t *column, const char **text)
{
	const char *end = line + length, *colon = memchr(line, ':', length), *at;

	*column = 0;
	if (!colon || (size_t)(colon - line) >= size || colon == line)
		return false;
	memcpy(file, line, (size_t)(colon - line));
	file[colon - line] = 0;
	at = read_number(colon + 1, end, number);
	if (at && at < end && *at == ':' && at + 1 < end && isdigit((unsigned char)at[1]))
		at = read_number(at + 1, end, column);
	/* smatch goes on with the function: "a.c:12 probe() warn: …" */
	if (!at || at >= end || (*at != ':' && *at != ' '))
		return false;
	at++;
	while (at < end && *at == ' ')
		at++;
	*text = at;
	return true;
}

bool import_parse_diff(struct import_diff *diff, uint32_t *ret)
{
	while (diff->at < diff->end) {
		const char *line = diff->at;
		const char *stop = memchr(line, '\n', (size_t)(diff->end - line));
		size_t length = (size_t)((stop ? stop : diff->end) - line);

		diff->at = stop ? stop + 1 : diff->end;
		if (length > 4 && !memcmp(line, "--- ", 4)) {
			size_t name = length - 4;

			if (name >= sizeof(diff->file))
				name = sizeof(diff->file) - 1;
			memcpy(diff->file, line + 4, name);
			diff->file[name] = 0;
			diff->file[strcspn(diff->file, "\t")] = 0;
			diff->in_hunk = false;
		} else if (length > 4 && !memcmp(line, "@@ -", 4)) {
			diff->in_hunk = read_number(line + 4, line + length, &diff->line);
		} else if (diff->in_hunk && length && *line == '-') {
			*ret = diff->line++;
			return true;
		} else if (diff->in_hunk && (!length || *line == ' ')) {
			diff->line++;
		}
	}
	return false;
}
