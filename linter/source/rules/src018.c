/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* clang refuses such a cast, so what gcc let through is told by its error. */
static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct source_model *model = subject_source(subject);
	struct error *error = NULL;

	model_for_each_unit(model, unit)
	{
		for (size_t i = 0; !error && unit->primary && i < unit->diagnostic_count;
		     i++) {
			const struct diagnostic *d = &unit->diagnostics[i];

			if (strncmp(d->text, "cannot cast from type", 21) ||
			    !strstr(d->text, "::*"))
				continue;
			error = source_emit(
				linter, subject, &model->files[d->file], d->line,
				d->column, NULL,
				"OSMemberFunctionCast(type, this, &Class::name)",
				"a member function is cast to a C function "
				"pointer: %s",
				d->text);
		}
	}
	return error;
}

SOURCE_CHECK(SRC018, run);
