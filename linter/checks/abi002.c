/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/strbuf.h"
#include "linter/load.h"

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct load_cell *cell)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;
	size_t count = load_cell_list(cell, OBSTACLE_CRC, &names);
	char message[128];

	if (!count)
		return strbuf_error(&names);
	snprintf(message, sizeof(message),
		 "%zu symbol%s %s another CRC there than the module was built for", count,
		 count == 1 ? "" : "s", count == 1 ? "has" : "have");
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = cell->target->label,
				   .message = message,
				   .evidence = strbuf_string(&names),
				   .hint = "build it against the target's "
					   "headers; a CRC stands for the types "
					   "behind a symbol" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	struct error *error = NULL;

	for (size_t k = 0; !error && k < load->count; k++)
		error = tell(linter, subject, &load->cells[k]);
	return error;
}

static const struct check abi002 = { .id = "ABI002", .kind = &kind_ko_load, .run = run };
REGISTER(check, abi002);
