/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/strbuf.h"
#include "linter/load.h"

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < load->facts->import_count; i++) {
		const char *name = load->facts->imports[i].name;
		bool nowhere = true;

		for (size_t k = 0; k < load->count; k++)
			nowhere &= load_cell_has(&load->cells[k], OBSTACLE_SYMBOL, name);
		if (nowhere)
			strbuf_addf(&names, "%s%s", names.length ? ", " : "", name);
	}
	if (!names.length)
		return strbuf_error(&names);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = strbuf_string(&names),
				   .message = "exported by none of the targets, nor by a "
					      "module beside it",
				   .hint = "if another package's module exports it, lint "
					   "both together" });
}

static const struct check kom008 = { .id = "KOM008", .kind = &kind_ko_load, .run = run };
REGISTER(check, kom008);
