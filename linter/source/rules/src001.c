/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "linter/source/logs.h"
#include "linter/source/source.h"

static const char hint[] = "say how grave it is: pr_err(), dev_err(), pr_info() …";

/* Macros of the driver that were told, each once. */
struct macros {
	const char **names;
	size_t count, capacity;
};

/* "#define NAME" in one of the driver's files, or NULL. */
static const struct token *find_define(const struct source_model *model, const char *name,
				       const struct source_file **ret)
{
	model_for_each_file(model, file)
	{
		const struct lexed *l = &file->lexed;

		for (size_t i = 0; i + 2 < l->count; i++)
			if (l->tokens[i].flags & TOKEN_HASH &&
			    !(l->tokens[i].flags & (TOKEN_DEAD | TOKEN_DEBUG)) &&
			    token_is(l, &l->tokens[i + 1], "define") &&
			    token_is(l, &l->tokens[i + 2], name)) {
				*ret = file;
				return &l->tokens[i + 2];
			}
	}
	return NULL;
}

/* A macro of the driver's own is told where it is defined, not at each use. */
static struct error *look_macro(struct linter *linter, const struct subject *subject,
				const char *name, struct macros *told)
{
	const struct source_file *file = NULL;
	const struct token *token;

	if (name_in(name, told->names) || name_means_debug(name, strlen(name)))
		return NULL;
	token = find_define(subject_source(subject), name, &file);
	if (!token)
		return NULL;
	/* one more for the NULL at the end */
	if (!array_grow(told->names, told->count + 1, told->capacity))
		return error_nomem();
	told->names[told->count++] = name;
	told->names[told->count] = NULL;
	return source_emit(linter, subject, file, token->line, token->column, name, hint,
			   "%s() prints without a level", name);
}

/* "if (loglevel >= 3)": the driver has levels of its own. */
static bool has_own_level(const struct unit *unit, const struct node *node)
{
	for (const struct node *it = node; it > unit->nodes;
	     it = &unit->nodes[it->parent]) {
		const struct node *up = &unit->nodes[it->parent], *condition, *end;

		if (up->kind != NODE_IF || node_child(unit, up) == it)
			continue;
		condition = node_child(unit, up);
		end = node_subtree_end(unit, condition);
		for (const struct node *c = condition; c < end; c++)
			if (c->name && strstr(c->name, "level"))
				return true;
	}
	return false;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node,
			  struct macros *told)
{
	static const char *const functions[] = { "_printk", "printk", NULL };
	static const char *const prints[] = { "printk", "printk_once",
					      "printk_ratelimited", "printk_deferred",
					      NULL };
	struct log_call log;

	if (!log_look(unit, node, &log) || !name_in(node->name, functions) || log.level ||
	    log.dead || !log.text || !log.text->name)
		return NULL;
	/* printk("%s…", KERN_ERR): the level comes as an argument */
	if (!strncmp(log.text->name, "\"%s", 3))
		return NULL;
	if (!name_in(log.name, prints) && !name_in(log.name, functions))
		return has_own_level(unit, node)
			       ? NULL
			       : look_macro(linter, subject, log.name, told);
	return source_emit_node(linter, subject, unit, node, hint, "%s() without a level",
				strcmp(log.name, "_printk") ? log.name : "printk");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct macros told = { 0 };
	struct error *error = NULL;

	if (!array_grow(told.names, told.count, told.capacity))
		return error_nomem();
	told.names[0] = NULL;
	model_for_each_unit(subject_source(subject), unit)
	{
		unit_for_each(unit, node)
		{
			if (!error && unit->primary)
				error = look(linter, subject, unit, node, &told);
		}
	}
	free(told.names);
	return error;
}

SOURCE_CHECK(SRC001, run);
