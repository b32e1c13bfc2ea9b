/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/strbuf.h"
#include "linter/load.h"

/* In a namespace on every target that has the symbol. */
static bool is_always(const struct load *load, size_t import)
{
	char buffer[128];

	for (size_t i = 0; i < load->count; i++) {
		const struct resolution *r = &load->cells[i].resolutions[import];

		if (is_resolved(r) && !*resolution_space(r, buffer, sizeof(buffer)))
			return false;
	}
	return true;
}

static const char *missing_space(const struct load *load, const char *name)
{
	for (size_t k = 0; k < load->count; k++) {
		const struct load_cell *cell = &load->cells[k];

		for (size_t i = 0; i < cell->count; i++)
			if (cell->obstacles[i].kind == OBSTACLE_NAMESPACE &&
			    !strcmp(cell->obstacles[i].symbol, name))
				return cell->obstacles[i].detail;
	}
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct load *load = subject_load(subject);
	_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < load->facts->import_count; i++) {
		const char *name = load->facts->imports[i].name;
		const char *space = missing_space(load, name);

		if (space && is_always(load, i))
			strbuf_addf(&names, "%s%s (%s)", names.length ? ", " : "", name,
				    space);
	}
	if (!names.length)
		return strbuf_error(&names);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = "import_ns",
				   .message = "uses symbols of a namespace that it does "
					      "not import",
				   .evidence = strbuf_string(&names),
				   .hint = "add MODULE_IMPORT_NS() for each namespace" });
}

static const struct check kom007 = { .id = "KOM007", .kind = &kind_ko_load, .run = run };
REGISTER(check, kom007);
