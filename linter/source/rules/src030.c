/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "common/array.h"
#include "linter/source/logs.h"
#include "linter/source/source.h"

/* Words that only somebody looking for a bug writes. */
static const char *const words[] = { "debug", "here",  "xxx",	  "entered", "entering",
				     "enter", "leave", "leaving", "exiting", "got here",
				     "todo",  "fixme", "called" };

/* The message's own letters, lower-case, without level, format marks and punctuation. */
static void plain_text(const char *literal, char *ret, size_t size)
{
	size_t n = 0;
	const char *at = literal;

	if (!strncmp(at, "\"\\001", 5))
		at += 6;
	for (; *at && n + 1 < size; at++) {
		if (*at == '%' && at[1]) {
			while (at[1] && strchr("-+ #0123456789.lhzjtp", at[1]))
				at++;
			if (at[1])
				at++;
		} else if (*at == '\\' && at[1]) {
			at++;
		} else if (isalpha((unsigned char)*at)) {
			ret[n++] = (char)tolower((unsigned char)*at);
		} else if (n && ret[n - 1] != ' ') {
			ret[n++] = ' ';
		}
	}
	while (n && ret[n - 1] == ' ')
		n--;
	ret[n] = 0;
}

/* Nothing but a place: "%s:%d\n", "enter %s\n", "here". */
static bool is_tracing(const struct log_call *log)
{
	char text[256];

	if (!log->text || !log->text->name)
		return false;
	plain_text(log->text->name, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return !strncmp(text, "debug ", 6) || !strncmp(text, "dbg ", 4);
}

static const char *reason(const struct log_call *log)
{
	if (log->kind == LOG_TRACE)
		return "trace_printk() allocates its buffers at load and prints a banner";
	if (log->kind == LOG_DUMP && !strcmp(log->name, "dump_stack"))
		return "dump_stack() is there for whoever looks for a bug";
	if (log->kind == LOG_PRINT && log->level == '7')
		return "KERN_DEBUG by hand stays in a release build";
	if (log->kind == LOG_PRINT && is_tracing(log))
		return "the message only says where the code is";
	return NULL;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	const char *why;
	struct log_call log;

	if (unit->cplusplus || unit->defines_debug || !log_look(unit, node, &log) ||
	    log.dead || node_in_debug(subject_source(subject), unit, node))
		return NULL;
	why = reason(&log);
	if (!why)
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"use pr_debug() or dev_dbg(), or take it out",
				"a debug message is left in: %s", why);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC030, run);
