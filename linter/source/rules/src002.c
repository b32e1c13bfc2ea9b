/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "linter/source/hot.h"
#include "linter/source/logs.h"
#include "linter/source/source.h"

static bool is_unlimited(const struct source_model *model, const struct unit *unit,
			 const struct node *node, struct log_call *ret)
{
	return log_look(unit, node, ret) && ret->kind == LOG_PRINT && !ret->limited &&
	       !ret->dead && !node_in_debug(model, unit, node);
}

/* One finding a function, at its first message. */
static struct error *look_function(struct linter *linter, const struct subject *subject,
				   const struct hot_function *hot)
{
	const struct source_model *model = subject_source(subject);
	const struct node *first = NULL;
	struct log_call log, one;
	unsigned int more = 0;
	char others[48] = "";

	node_for_each_below(hot->unit, hot->function, node)
	{
		if (!is_unlimited(model, hot->unit, node, &one))
			continue;
		more += first != NULL;
		if (!first) {
			first = node;
			log = one;
		}
	}
	if (!first)
		return NULL;
	if (more)
		snprintf(others, sizeof(others), ", and %u more in this function", more);
	return source_emit_node(
		linter, subject, hot->unit, first,
		"use the _ratelimited or _once form, or count and report later",
		"%s() without a limit%s, in a path that runs from %s (%s)", log.name,
		others, hot->root, hot->how);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	_hot_paths_ struct hot_paths paths = { 0 };
	struct error *error = hot_paths_find(subject_source(subject), &paths);

	for (size_t i = 0; !error && i < paths.count; i++)
		if (paths.items[i].root)
			error = look_function(linter, subject, &paths.items[i]);
	return error;
}

SOURCE_CHECK(SRC002, run);
