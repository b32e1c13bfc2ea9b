/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/strbuf.h"
#include "linter/load.h"

/* GPL-only on every target that has the symbol; where that changes it is ABI005's. */
static bool is_always(const struct load *load, size_t import)
{
	for (size_t i = 0; i < load->count; i++) {
		const struct resolution *r = &load->cells[i].resolutions[import];

		if (is_resolved(r) && !resolution_gpl(r))
			return false;
	}
	return true;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < load->facts->import_count; i++) {
		const char *name = load->facts->imports[i].name;
		bool here = false;

		for (size_t k = 0; k < load->count; k++)
			here |= load_cell_has(&load->cells[k], OBSTACLE_LICENSE, name);
		if (here && is_always(load, i))
			strbuf_addf(&names, "%s%s", names.length ? ", " : "", name);
	}
	if (!names.length)
		return strbuf_error(&names);
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = strbuf_string(&names),
			.message = "exported for GPL-compatible modules only",
			.evidence = load->facts->license ? load->facts->license
							 : "no license",
			.hint = "the kernel will answer \"Unknown symbol\": use "
				"another interface, or another license" });
}

static const struct check kom006 = { .id = "KOM006", .kind = &kind_ko_load, .run = run };
REGISTER(check, kom006);
