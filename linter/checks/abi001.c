/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/load.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	struct error *error = NULL;

	for (size_t k = 0; !error && k < load->count; k++) {
		const struct load_cell *cell = &load->cells[k];

		if (cell->unsure)
			error = linter_not_checked(linter, false, "ABI001",
						   cell->target->label,
						   "its vermagic is not known: give the "
						   "folder of its headers");
		for (size_t i = 0; !error && i < cell->count; i++)
			if (cell->obstacles[i].kind == OBSTACLE_VERMAGIC)
				error = linter_emit(
					linter, subject,
					&(struct finding){
						.symbol = cell->target->label,
						.message = "vermagic differs from the "
							   "target's: it will not load",
						.evidence = cell->obstacles[i].detail,
						.hint = "build it against the target's "
							"headers" });
	}
	return error;
}

static const struct check abi001 = { .id = "ABI001", .kind = &kind_ko_load, .run = run };
REGISTER(check, abi001);
