/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/strbuf.h"
#include "linter/load.h"

static bool is_elsewhere(const struct load *load, const char *name)
{
	for (size_t i = 0; i < load->count; i++)
		if (!load_cell_has(&load->cells[i], OBSTACLE_SYMBOL, name))
			return true;
	return false;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct load_cell *cell)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < cell->count; i++)
		if (cell->obstacles[i].kind == OBSTACLE_SYMBOL &&
		    is_elsewhere(subject_load(subject), cell->obstacles[i].symbol))
			strbuf_addf(&names, "%s%s", names.length ? ", " : "",
				    cell->obstacles[i].symbol);
	if (!names.length)
		return strbuf_error(&names);
	return linter_emit(linter, subject,
			   &(struct finding){ .symbol = cell->target->label,
					      .message =
						      "symbols that other targets have "
						      "are not exported there",
					      .evidence = strbuf_string(&names) });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	struct error *error = NULL;

	for (size_t k = 0; !error && k < load->count; k++)
		error = tell(linter, subject, &load->cells[k]);
	return error;
}

static const struct check abi006 = { .id = "ABI006", .kind = &kind_ko_load, .run = run };
REGISTER(check, abi006);
