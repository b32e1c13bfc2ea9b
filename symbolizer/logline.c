/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/logline.h"

#include <ctype.h>
#include <string.h>

/* A syslog or journal prefix ends within this many bytes. */
enum { PREFIX_LIMIT = 160 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip(struct logline *line, size_t count)
{
	line->text += count;
	line->length -= count;
}

static char at(const struct logline *line, size_t index)
{
	return index < line->length ? line->text[index] : 0;
}

/* Drops terminal escapes and control characters; what follows a CR replaces nothing. */
static void unescape(struct logline *line, char *scratch)
{
	size_t out = 0;

	for (size_t i = 0; i < line->length && out < LOGLINE_LIMIT; i++) {
		unsigned char c = (unsigned char)line->text[i];

		if (c == 0x1b && at(line, i + 1) == '[') {
			i += 2;
			while (i < line->length &&
			       (is_digit(line->text[i]) || strchr(";?", line->text[i])))
				i++;
			continue;
		}
		if (c >= 0x20 || c == '\t')
			scratch[out++] = (char)c;
	}
	line->text = scratch;
	line->length = out;
}

/* "<4>", also "<4>[" and pstore's "<4>" after another prefix. */
static bool skip_priority(struct logline *line)
{
	size_t i = 1;

	if (at(line, 0) != '<')
		return false;
	while (is_digit(at(line, i)) && i < 5)
		i++;
	if (i == 1 || at(line, i) != '>')
		return false;
	skip(line, i + 1);
	return true;
}

/* "6,1234,5678901,-;text" and "6,1234,5678901,-,caller=T1;text" */
static bool skip_netconsole(struct logline *line)
{
	const char *end = memchr(line->text, ';', line->length < 96 ? line->length : 96);
	size_t i = 0, commas = 0;

	if (!end || !is_digit(at(line, 0)))
		return false;
	for (; line->text + i < end && commas < 3; i++) {
		if (line->text[i] == ',')
			commas++;
		else if (!is_digit(line->text[i]))
			return false;
	}
	if (commas < 3)
		return false;
	for (const char *p = line->text + i; p + 7 < end; p++)
		if (!memcmp(p, "caller=", 7)) {
			size_t length = end - p - 7;

			if (length < sizeof(line->caller)) {
				memcpy(line->caller, p + 7, length);
				line->caller[length] = 0;
			}
		}
	skip(line, end + 1 - line->text);
	return true;
}

/* journald and syslog: "Nov 20 15:40:23 host kernel: ", in any language and zone. */
static bool skip_host(struct logline *line)
{
	static const char mark[] = " kernel:";
	size_t most = line->length < PREFIX_LIMIT ? line->length : PREFIX_LIMIT;
	const char *end;

	/* journalctl -o short-monotonic: the time is off already, one word is left. */
	if (line->stamped && most && isalnum((unsigned char)line->text[0])) {
		const char *space = memchr(line->text, ' ', most);

		if (space && line->text + line->length - space > 8 &&
		    !memcmp(space, mark, sizeof(mark) - 1)) {
			skip(line, space + sizeof(mark) - 1 - line->text);
			if (at(line, 0) == ' ')
				skip(line, 1);
			return true;
		}
	}
	if (!most || line->text[0] == '[' || line->text[0] == ' ' ||
	    !memchr(line->text, ':', most))
		return false;
	end = memmem(line->text, most, mark, sizeof(mark) - 1);
	/* The prefix has a time; a message that says " kernel:" has none before it. */
	for (const char *p = line->text; end && p + 7 < end; p++)
		if (is_digit(p[0]) && is_digit(p[1]) && p[2] == ':' && is_digit(p[3]) &&
		    is_digit(p[4]) && p[5] == ':') {
			skip(line, end + sizeof(mark) - 1 - line->text);
			if (at(line, 0) == ' ')
				skip(line, 1);
			return true;
		}
	return false;
}

/* "[ 1019.110825]", "[ 1019.1 <    0.2>]", "[Mon Nov 20 15:40:23 2026]", "[    C0]", "[
 * T3173]" */
static bool skip_bracket(struct logline *line)
{
	const char *end, *p = line->text + 1;
	size_t length;
	bool stamp = false;

	if (at(line, 0) != '[')
		return false;
	end = memchr(line->text, ']', line->length < 48 ? line->length : 48);
	if (!end)
		return false;
	while (p < end && *p == ' ')
		p++;
	length = end - p;
	if (length > 1 && length < sizeof(line->caller) && (*p == 'T' || *p == 'C') &&
	    strspn(p + 1, "0123456789") == length - 1 && line->stamped) {
		memcpy(line->caller, p, length);
		line->caller[length] = 0;
	} else {
		for (const char *q = p; q + 1 < end && !stamp; q++)
			stamp = (*q == '.' || *q == ':') && is_digit(q[1]) && q > p &&
				is_digit(q[-1]);
		for (const char *q = p; q < end && stamp; q++)
			stamp = isalnum((unsigned char)*q) || strchr(" .:,+-@", *q) ||
				(q > p && strchr("<>", *q));
		if (!stamp)
			return false;
		line->stamped = true;
	}
	skip(line, end + 1 - line->text);
	if (at(line, 0) == ' ')
		skip(line, 1);
	return true;
}

/* "kern  :warn  : " of dmesg --decode */
static bool skip_decoded(struct logline *line)
{
	static const char *const levels[] = { "emerg", "alert",	 "crit", "err",
					      "warn",  "notice", "info", "debug" };
	const char *end = line->text + line->length, *colon, *level;

	if (line->length < 16)
		return false;
	colon = memchr(line->text, ':', 10);
	if (!colon || colon - line->text < 3 ||
	    memchr(line->text, '[', colon - line->text))
		return false;
	level = colon + 1;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		size_t length = strlen(levels[i]);
		const char *after = level + length;

		if ((size_t)(end - level) < length + 2 ||
		    memcmp(level, levels[i], length) != 0)
			continue;
		while (after < end && *after == ' ')
			after++;
		if (after + 1 >= end || *after != ':' || after[1] != ' ')
			return false;
		skip(line, (size_t)(after + 2 - line->text));
		return true;
	}
	return false;
}

/* "1700000000.123456 " of journalctl -o short-unix, before a host. */
static bool skip_unix(struct logline *line)
{
	size_t i = 0;

	while (is_digit(at(line, i)) && i < 12)
		i++;
	if (i < 9 || at(line, i) != '.')
		return false;
	for (i++; is_digit(at(line, i)) && i < 24; i++)
		;
	if (at(line, i) != ' ')
		return false;
	skip(line, i + 1);
	line->stamped = true;
	return true;
}

/* "2026-11-20T15:40:23,123456+00:00 " of dmesg --time-format=iso */
static bool skip_iso(struct logline *line)
{
	const char *end;

	if (line->length < 24 || !is_digit(line->text[0]) || line->text[4] != '-' ||
	    line->text[7] != '-' || line->text[10] != 'T' || line->text[13] != ':')
		return false;
	end = memchr(line->text, ' ', line->length < 40 ? line->length : 40);
	if (!end)
		return false;
	skip(line, end + 1 - line->text);
	return true;
}

static bool has_control(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
			return true;
	return false;
}

void logline_read(const char *raw, size_t length, char *scratch, struct logline *ret)
{
	*ret = (struct logline){ .raw = raw, .raw_length = length };
	if (length > LOGLINE_LIMIT)
		length = LOGLINE_LIMIT;
	while (length && (raw[length - 1] == '\r' || raw[length - 1] == '\n'))
		length--;
	ret->text = raw;
	ret->length = length;
	if (has_control(raw, length))
		unescape(ret, scratch);
	if (at(ret, 0) == '>' && at(ret, 1) == ' ')
		skip(ret, 2);
	for (int i = 0; i < 6; i++)
		if (!skip_bracket(ret) && !skip_priority(ret) && !skip_netconsole(ret) &&
		    !skip_host(ret) && !skip_iso(ret) && !skip_unix(ret) &&
		    !skip_decoded(ret))
			break;
	while (ret->length && (*ret->text == ' ' || *ret->text == '\t')) {
		skip(ret, 1);
		ret->indented = true;
	}
	/* Serial consoles and pasted logs: blanks before the time stamp. */
	if (ret->indented && !ret->stamped && skip_bracket(ret)) {
		skip_bracket(ret);
		while (ret->length && (*ret->text == ' ' || *ret->text == '\t'))
			skip(ret, 1);
	}
	while (ret->length &&
	       (ret->text[ret->length - 1] == ' ' || ret->text[ret->length - 1] == '\t'))
		ret->length--;
}

const char *logline_find(const struct logline *line, const char *needle)
{
	return memmem(line->text, line->length, needle, strlen(needle));
}

bool logline_starts(const struct logline *line, const char *prefix)
{
	size_t length = strlen(prefix);

	return line->length >= length && !memcmp(line->text, prefix, length);
}
