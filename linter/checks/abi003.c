/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/load.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	struct error *error = NULL;

	for (size_t k = 0; !error && k < load->count; k++) {
		const struct load_cell *cell = &load->cells[k];

		for (size_t i = 0; !error && i < cell->count; i++)
			if (cell->obstacles[i].kind == OBSTACLE_VERSIONS)
				error = linter_emit(
					linter, subject,
					&(struct finding){
						.symbol = cell->target->label,
						.message = cell->obstacles[i].detail,
						.hint = "build against headers with "
							"CONFIG_MODVERSIONS and their "
							"Module.symvers" });
	}
	return error;
}

static const struct check abi003 = { .id = "ABI003", .kind = &kind_ko_load, .run = run };
REGISTER(check, abi003);
