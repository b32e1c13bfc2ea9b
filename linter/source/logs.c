/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/logs.h"

#include <string.h>

#include "common/array.h"

static const struct {
	const char *name;
	enum log_kind kind;
	char level; /* 0: the text says */
} functions[] = {
	{ "_printk", LOG_PRINT, 0 },	     { "printk", LOG_PRINT, 0 },
	{ "vprintk", LOG_PRINT, 0 },	     { "_dev_emerg", LOG_PRINT, '0' },
	{ "_dev_alert", LOG_PRINT, '1' },    { "_dev_crit", LOG_PRINT, '2' },
	{ "_dev_err", LOG_PRINT, '3' },	     { "_dev_warn", LOG_PRINT, '4' },
	{ "_dev_notice", LOG_PRINT, '5' },   { "_dev_info", LOG_PRINT, '6' },
	{ "_dev_printk", LOG_PRINT, 0 },     { "dev_emerg", LOG_PRINT, '0' },
	{ "dev_err", LOG_PRINT, '3' },	     { "dev_warn", LOG_PRINT, '4' },
	{ "dev_info", LOG_PRINT, '6' },	     { "netdev_emerg", LOG_PRINT, '0' },
	{ "netdev_alert", LOG_PRINT, '1' },  { "netdev_crit", LOG_PRINT, '2' },
	{ "netdev_err", LOG_PRINT, '3' },    { "netdev_warn", LOG_PRINT, '4' },
	{ "netdev_notice", LOG_PRINT, '5' }, { "netdev_info", LOG_PRINT, '6' },
	{ "netdev_printk", LOG_PRINT, 0 },   { "__trace_printk", LOG_TRACE, 0 },
	{ "__trace_bprintk", LOG_TRACE, 0 }, { "__trace_puts", LOG_TRACE, 0 },
	{ "__trace_bputs", LOG_TRACE, 0 },   { "dump_stack", LOG_DUMP, 0 },
	{ "print_hex_dump", LOG_DUMP, 0 },   { "IOLog", LOG_APPLE, 0 },
	{ "kprintf", LOG_APPLE, 0 },
};

static bool is_zero(const struct unit *unit, const struct node *condition)
{
	const struct node *bare = node_bare(unit, condition);

	return bare && bare->kind == NODE_INTEGER && !bare->value;
}

static bool mentions_limit(const struct unit *unit, const struct node *condition)
{
	static const char *const names[] = {
		"___ratelimit",	    "net_ratelimit",	      "__printk_ratelimit",
		"printk_ratelimit", "printk_timed_ratelimit", "__already_done",
		"__ret_do_once",    "__print_once",	      NULL
	};
	const struct node *end = node_subtree_end(unit, condition);

	for (const struct node *it = condition; it < end; it++)
		if ((it->kind == NODE_CALL || it->kind == NODE_REFERENCE) &&
		    name_in(it->name, names))
			return true;
	return false;
}

static void look_above(const struct unit *unit, const struct node *node,
		       struct log_call *ret)
{
	for (const struct node *it = node; it > unit->nodes;
	     it = &unit->nodes[it->parent]) {
		const struct node *parent = &unit->nodes[it->parent];
		const struct node *condition;

		if (parent->kind != NODE_IF)
			continue;
		condition = node_child(unit, parent);
		if (condition == it)
			continue;
		ret->dead |= is_zero(unit, condition);
		ret->limited |= mentions_limit(unit, condition);
	}
}

/* The level that the text begins with: KERN_SOH and a digit (or "c"). */
static char text_level(const struct node *text)
{
	static const char start[] = "\"\\001";

	if (!text || !text->name || strncmp(text->name, start, sizeof(start) - 1))
		return 0;
	return text->name[sizeof(start) - 1];
}

static const struct node *first_text(const struct unit *unit, const struct node *call)
{
	for (unsigned int i = 0; i < 4; i++) {
		const struct node *argument = call_argument(unit, call, i);
		const struct node *text =
			argument ? node_find(unit, argument, NODE_STRING) : NULL;

		if (text && text_level(text))
			return text;
	}
	for (unsigned int i = 0; i < 4; i++) {
		const struct node *argument = call_argument(unit, call, i);
		const struct node *text =
			argument ? node_find(unit, argument, NODE_STRING) : NULL;

		if (text)
			return text;
	}
	return NULL;
}

bool log_look(const struct unit *unit, const struct node *node, struct log_call *ret)
{
	if (node->kind != NODE_CALL || !node->name)
		return false;
	*ret = (struct log_call){ 0 };
	for (size_t i = 0; i < ARRAY_LENGTH(functions) && !ret->kind; i++)
		if (!strcmp(functions[i].name, node->name)) {
			ret->kind = functions[i].kind;
			ret->level = functions[i].level;
		}
	/* only Apple's kernel has a printf */
	if (!ret->kind && unit->cplusplus && !strcmp(node->name, "printf"))
		ret->kind = LOG_APPLE;
	if (!ret->kind)
		return false;
	ret->name = node->macro ? node->macro : node->name;
	ret->text = first_text(unit, node);
	if (!ret->level)
		ret->level = text_level(ret->text);
	ret->limited = strstr(ret->name, "_once") || strstr(ret->name, "ratelimited") ||
		       strstr(ret->name, "_ONCE") || strstr(ret->name, "RATELIMIT");
	look_above(unit, node, ret);
	return true;
}
