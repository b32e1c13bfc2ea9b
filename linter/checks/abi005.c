/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "linter/load.h"

/* The oldest target on which the symbol is free, and a newer one on which it is not. */
struct drift {
	const struct linux_target *free, *closed;
};

static bool is_closed(const struct load *load, const struct resolution *r,
		      enum obstacle_kind kind)
{
	char buffer[128];

	return kind == OBSTACLE_LICENSE
		       ? !load->facts->gpl && resolution_gpl(r)
		       : *resolution_space(r, buffer, sizeof(buffer)) != '\0';
}

static bool is_newer(const struct linux_target *a, const struct linux_target *b)
{
	return strverscmp(a->release ? a->release : a->label,
			  b->release ? b->release : b->label) > 0;
}

static bool find_drift(const struct load *load, size_t import, enum obstacle_kind kind,
		       struct drift *ret)
{
	*ret = (struct drift){ 0 };
	for (size_t i = 0; i < load->count; i++) {
		const struct resolution *r = &load->cells[i].resolutions[import];
		const struct linux_target *t = load->cells[i].target;

		if (!is_resolved(r))
			continue;
		if (!is_closed(load, r, kind)) {
			if (!ret->free || is_newer(ret->free, t))
				ret->free = t;
		} else if (load_cell_has(&load->cells[i], kind,
					 load->facts->imports[import].name) &&
			   (!ret->closed || is_newer(ret->closed, t))) {
			ret->closed = t;
		}
	}
	return ret->free && ret->closed;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const char *name, enum obstacle_kind kind,
			  const struct drift *drift)
{
	char text[256];

	snprintf(text, sizeof(text), "free on %.80s, %s on %.80s", drift->free->label,
		 kind == OBSTACLE_LICENSE ? "GPL-only" : "in a namespace",
		 drift->closed->label);
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = name,
			.message =
				kind == OBSTACLE_LICENSE
					? "GPL-only on one of the targets"
					: "in a namespace on one of the targets, which the "
					  "module does not import",
			.evidence = text });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const enum obstacle_kind kinds[] = { OBSTACLE_LICENSE,
						    OBSTACLE_NAMESPACE };
	const struct load *load = subject_load(subject);
	struct error *error = NULL;

	for (size_t i = 0; !error && load->count > 1 && i < load->facts->import_count;
	     i++)
		for (size_t k = 0; !error && k < 2; k++) {
			struct drift drift;

			if (find_drift(load, i, kinds[k], &drift))
				error = tell(linter, subject,
					     load->facts->imports[i].name, kinds[k],
					     &drift);
		}
	return error;
}

static const struct check abi005 = { .id = "ABI005", .kind = &kind_ko_load, .run = run };
REGISTER(check, abi005);
