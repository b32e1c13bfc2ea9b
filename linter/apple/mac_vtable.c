/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC015: classes whose parent, in a kext at hand, does not allow them. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_slice.h"

/* Where the parent of a class is defined. */
struct parent {
	const struct kext *kext;
	const struct kext_slice *slice;
	const struct kext_class *class;
};

static bool find_parent(const struct kext *kext, const struct kext_slice *s,
			const char *name, struct parent *ret)
{
	*ret = (struct parent){ kext, s, kext_find_class(s, name) };
	if (ret->class)
		return true;
	for (size_t i = 0; s->known && i < kext->loads->all_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];

		if (!use->provider || !(use->archs >> s->kpi_arch & 1))
			continue;
		ret->kext = use->provider;
		ret->slice = kext_slice_of(use->provider, s->kpi_arch);
		ret->class = ret->slice ? kext_find_class(ret->slice, name) : NULL;
		if (ret->class)
			return true;
	}
	return false;
}

/* The function that OSDeclareFinalStructors() leaves in a class. */
static bool is_final(const struct kext_slice *s, const char *name)
{
	_strbuf_ struct strbuf symbol = STRBUF_INIT;

	strbuf_addf(&symbol, "__ZN%zu%s14__OSFinalClassEv", strlen(name), name);
	return kext_exports(s, strbuf_string(&symbol));
}

static struct error *check_mac015(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;
	struct parent parent;

	for (size_t i = 0; i < s->class_count && !error; i++) {
		const struct kext_class *c = &s->classes[i];
		struct kext_finding what = slice_finding(subject, c->name);

		if (!c->super || !find_parent(kext, s, c->super, &parent))
			continue;
		if (c->slots && c->slots < parent.class->slots) {
			what.hint = "build it against the headers of the library that it "
				    "will meet; a library keeps its reserved slots";
			error = kext_tell(
				linter, subject, &what,
				"its vtable has %zu entries, but that of its parent %s "
				"has %zu in %s%s%s (%s): the loader refuses it",
				c->slots, c->super, parent.class->slots,
				parent.kext->base, parent.kext->version.text ? " " : "",
				parent.kext->version.text ? parent.kext->version.text
							  : "",
				s->arch);
		}
		if (!error && is_final(parent.slice, c->super))
			error = kext_tell(linter, subject, &what,
					  "its parent %s in %s is final (%s): the loader "
					  "refuses it",
					  c->super, parent.kext->base, s->arch);
	}
	return error;
}

static struct error *run_mac015(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac015);
}

static const struct check mac015 = { .id = "MAC015",
				     .kind = &kind_kext,
				     .run = run_mac015 };
REGISTER(check, mac015);
