/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/hot.h"
#include "linter/source/logs.h"
#include "linter/source/source.h"

static struct error *look_function(struct linter *linter, const struct subject *subject,
				   const struct hot_function *hot)
{
	struct error *error = NULL;

	node_for_each_below(hot->unit, hot->function, node)
	{
		struct log_call log;

		if (error || !log_look(hot->unit, node, &log) || log.kind != LOG_PRINT ||
		    log.limited || log.dead ||
		    node_in_debug(subject_source(subject), hot->unit, node))
			continue;
		error = source_emit_node(
			linter, subject, hot->unit, node,
			"use the _ratelimited or _once form, or count and report later",
			"%s() without a limit in a path that runs from %s (%s)", log.name,
			hot->root, hot->how);
	}
	return error;
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
