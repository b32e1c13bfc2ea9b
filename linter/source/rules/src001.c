/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/logs.h"
#include "linter/source/source.h"

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	struct log_call log;

	if (!log_look(unit, node, &log) || log.kind != LOG_PRINT || log.level ||
	    !log.text || strcmp(log.name, "printk"))
		return NULL;
	return source_emit_node(linter, subject, unit, node,
				"say how grave it is: pr_err(), dev_err(), pr_info() …",
				"printk() without a level");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC001, run);
