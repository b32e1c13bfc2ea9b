/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* Structures that an interface hands out but keeps to itself. */
static const char *const opaque[] = { "proc_dir_entry", "mbuf",	 "vnode", "proc", "ucred",
				      "mount",		"ifnet", "task",  NULL };

/* Whether the driver has a structure of its own by that name. */
static bool is_own(const struct source_model *model, const char *name)
{
	model_for_each_unit(model, unit)
	{
		unit_for_each(unit, node)
		{
			if (node->kind == NODE_RECORD && node->name &&
			    node->flags & NODE_DEFINITION && !strcmp(node->name, name))
				return true;
		}
	}
	return false;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	if (node->kind != NODE_MEMBER || node->macro || !name_in(node->owner, opaque) ||
	    (!unit->cplusplus && strcmp(node->owner, "proc_dir_entry")) ||
	    is_own(subject_source(subject), node->owner))
		return NULL;
	return source_emit_node(
		linter, subject, unit, node, "use the functions of the interface",
		"reaches into struct %s, which its interface keeps opaque", node->owner);
}

static bool lacks_header(const struct unit *unit)
{
	return (unit->reason && strstr(unit->reason, "file not found")) ||
	       (unit->diagnostic_count &&
		strstr(unit->diagnostics[0].text, "file not found"));
}

static struct error *look_errors(struct linter *linter, const struct subject *subject)
{
	static const char phrase[] = "incomplete definition of type";
	const struct source_model *model = subject_source(subject);
	struct error *error = NULL;

	model_for_each_unit(model, unit)
	{
		/* without a header everything it defines looks opaque */
		if (lacks_header(unit))
			continue;
		for (size_t i = 0; !error && i < unit->diagnostic_count; i++) {
			const struct diagnostic *d = &unit->diagnostics[i];

			if (strncmp(d->text, phrase, sizeof(phrase) - 1))
				continue;
			error = source_emit(
				linter, subject, &model->files[d->file], d->line,
				d->column, unit->target,
				"use the functions of the interface",
				"reaches into a structure that is opaque%s%s: "
				"%s",
				unit->target ? " on " : "",
				unit->target ? unit->target : "", d->text);
		}
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = source_each_node(linter, subject, look);

	return error ? error : look_errors(linter, subject);
}

SOURCE_CHECK(SRC026, run);
