/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/bnd_split.h"

#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"

/* A kext of its own costs half a page for each of its segments. */
enum { DRIVERS = 32, SEGMENTS = 4 };

/* A class that personalities match, and its code. */
struct driver {
	const struct property *personality; /* the first */
	const struct kext_class *class;
};

static bool differs(const struct property *a, const struct property *b)
{
	if (!a || !b)
		return a != b;
	if (a->type != b->type || a->count != b->count || a->integer != b->integer ||
	    (a->string && strcmp(a->string, b->string) != 0))
		return true;
	for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
		if (differs(a, b) || (a->key && strcmp(a->key, b->key) != 0))
			return true;
	return a != b;
}

/* Whether one device cannot be matched by both. */
static bool match_apart(const struct property *a, const struct property *b)
{
	static const char *const keys[] = { "IOProviderClass",	 "IOPCIMatch",
					    "IOPCIPrimaryMatch", "IOPCIClassMatch",
					    "IONameMatch",	 "idVendor",
					    "idProduct",	 "IOPropertyMatch" };

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (differs(property_get(a, keys[i]), property_get(b, keys[i])))
			return true;
	return false;
}

static bool derives(const struct kext_slice *s, const struct kext_class *class,
		    const struct kext_class *from)
{
	for (size_t i = 0; class && i < s->class_count; i++) {
		if (class == from)
			return true;
		class = class->super ? kext_find_class(s, class->super) : NULL;
	}
	return false;
}

/* Every further driver must be for other devices, and need none of the others' code. */
static bool is_apart(const struct kext_slice *s, const struct driver *drivers,
		     size_t count, const struct driver *new)
{
	for (size_t i = 0; i < count; i++)
		if (!match_apart(drivers[i].personality, new->personality) ||
		    derives(s, drivers[i].class, new->class) ||
		    derives(s, new->class, drivers[i].class))
			return false;
	return true;
}

static size_t find_drivers(const struct kext *kext, const struct kext_slice *s,
			   struct driver drivers[DRIVERS])
{
	const struct property *all = kext_property(kext, "IOKitPersonalities", s->arch);
	size_t count = 0;

	for (const struct property *p = all ? all->first : NULL; p && count < DRIVERS;
	     p = p->next) {
		const char *name = property_get_string(p, "IOClass");
		struct driver new = { p, name ? kext_find_class(s, name) : NULL };

		if (new.class &&new.class->code && is_apart(s, drivers, count, &new))
			drivers[count++] = new;
	}
	return count;
}

/* What stays unused at best: the code of all but the largest. */
static uint64_t unused_code(const struct driver *drivers, size_t count)
{
	uint64_t sum = 0, largest = 0;

	for (size_t i = 0; i < count; i++) {
		sum += drivers[i].class->code;
		if (drivers[i].class->code > largest)
			largest = drivers[i].class->code;
	}
	return sum - largest;
}

struct error *tell_split(struct linter *linter, const struct subject *subject,
			 const struct kext *kext)
{
	_strbuf_ struct strbuf evidence = STRBUF_INIT, unused = STRBUF_INIT;
	const struct kext_slice *s = NULL;
	struct driver drivers[DRIVERS];
	uint64_t rounding, most = 0;
	size_t count = 0;

	for (size_t i = 0; i < kext->slice_count && count < 2; i++) {
		s = &kext->slices[i];
		count = s->known && !s->error ? find_drivers(kext, s, drivers) : 0;
	}
	if (count < 2)
		return NULL;
	rounding = (uint64_t)kext_page_size(s->kpi_arch) / 2 * SEGMENTS * (count - 1);
	most = unused_code(drivers, count);
	if (most <= 2 * rounding)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(&evidence, "%s%s: ", i ? "\n" : "", drivers[i].class->name);
		units_add_size(&evidence, drivers[i].class->code);
		strbuf_addf(&evidence, " of code, for %s", drivers[i].personality->key);
	}
	units_add_size(&unused, most);
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.path = kext->name,
			.symbol = kext->identifier,
			.evidence = strbuf_string(&evidence),
			.hint = "kexts of their own, in PlugIns, load only "
				"where their devices are; common code "
				"becomes a library" },
		"%zu drivers for different devices in one kext: where only one of them "
		"matches, %s and more of the others' code stay wired (%s)",
		count, strbuf_string(&unused), s->arch);
}
