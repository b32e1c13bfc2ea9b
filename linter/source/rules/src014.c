/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* An error of this unit's own build is "not checked"; against a target it is news. */
static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct source_model *model = subject_source(subject);
	struct error *error = NULL;

	model_for_each_unit(model, unit)
	{
		if (!unit->target || unit->status == UNIT_PARSED)
			continue;
		for (size_t i = 0; !error && i < unit->diagnostic_count; i++) {
			const struct diagnostic *d = &unit->diagnostics[i];

			error = source_emit(linter, subject, &model->files[d->file],
					    d->line, d->column, unit->target,
					    "guard it with LINUX_VERSION_CODE, or leave "
					    "that release out of the targets",
					    "does not compile against %s: %s",
					    unit->target, d->text);
		}
		if (!error && !unit->diagnostic_count)
			error = linter_not_checked(linter, true, "SRC014", unit->path,
						   "%s: %s", unit->target,
						   unit->reason ? unit->reason : "");
	}
	return error;
}

SOURCE_CHECK(SRC014, run);
