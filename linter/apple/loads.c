/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/loads.h"

#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/kext_version.h"
#include "linter/apple/subject_kext.h"
#include "linter/arena.h"

kpi_releases kpi_anywhere(const struct kpi *kpi, const struct kpi_availability *found,
			  enum kpi_arch arch, bool compatibility)
{
	kpi_releases all = 0;

	for (size_t i = 0; found && i < kpi->library_count; i++)
		if (kpi->libraries[i].compatibility == compatibility)
			all |= found->by[i][arch];
	return all;
}

void kpi_add_exporters(const struct kpi *kpi, const struct kpi_availability *found,
		       enum kpi_arch arch, kpi_releases releases, struct strbuf *out)
{
	int private = kpi_library(kpi, "com.apple.kpi.private");
	bool others = false;
	const char *separator = "";

	/* the private library is no advice while another one has it */
	for (size_t i = 0; found && i < kpi->library_count; i++)
		others |= (int)i != private && !kpi->libraries[i].compatibility &&
			  found->by[i][arch] & releases;
	for (size_t i = 0; found && i < kpi->library_count; i++) {
		if (others && (int)i == private)
			continue;
		if (!(found->by[i][arch] & releases) || kpi->libraries[i].compatibility)
			continue;
		strbuf_addf(out, "%s%s", separator, kpi->libraries[i].name);
		separator = " or ";
	}
}

/* One import against all libraries that are declared for the slice. */
static void resolve_import(const struct kext_set *set, struct kext_loads *loads,
			   const struct kext_slice *slice, struct slice_loads *ret,
			   size_t index)
{
	const struct kext_import *import = &slice->imports[index];
	struct import_use *use = &ret->imports[index];
	kpi_releases seen = 0;
	bool compatibility = false;

	for (size_t i = 0; i < loads->all_count; i++) {
		struct library_use *library = &loads->libraries[i];
		kpi_releases here = 0;

		if (!(library->archs >> slice->kpi_arch & 1))
			continue;
		compatibility |= library->compatibility;
		if (library->raw) {
			here = ~(kpi_releases)0; /* the whole kernel */
		} else if (library->kpi >= 0 && import->kpi) {
			here = import->kpi->by[library->kpi][slice->kpi_arch];
		} else if (library->provider) {
			const struct kext_slice *from =
				kext_slice_of(library->provider, slice->kpi_arch);

			if (from && kext_exports(from, import->name))
				here = ~(kpi_releases)0;
		}
		library->used |= here != 0;
		here &= library->ok;
		/* the compatibility libraries are one executable, and another world */
		if (!library->compatibility) {
			use->doubly |= seen & here;
			seen |= here;
		}
		use->resolved |= here;
	}
	if (kext_import_is_patched(import))
		use->resolved = ~(kpi_releases)0;
	use->undeclared =
		kpi_anywhere(set->kpi, import->kpi, slice->kpi_arch, compatibility) &
		~use->resolved;
	use->elsewhere = ret->has_unknown_library && !import->kpi && !use->resolved;
	if (ret->has_unknown_library && !use->elsewhere)
		use->perhaps = use->undeclared;
}

/* Releases whose kernel libraries are new enough for one of the two worlds. */
static kpi_releases new_enough(const struct kext_loads *loads,
			       const struct kext_slice *slice, bool compatibility)
{
	kpi_releases set = ~(kpi_releases)0;

	for (size_t i = 0; i < loads->library_count; i++)
		if (loads->libraries[i].kpi >= 0 &&
		    loads->libraries[i].compatibility == compatibility &&
		    loads->libraries[i].archs >> slice->kpi_arch & 1)
			set &= ~loads->libraries[i].older;
	return set;
}

/* The releases that the kext itself says it is for; empty when it says nothing. */
static kpi_releases declared_targets(const struct kext_set *set, const struct kext *kext,
				     const struct kext_slice *slice, kpi_releases ships)
{
	kpi_releases libraries = ships & new_enough(kext->loads, slice, false);
	unsigned int low = macos_darwin_packed(set->kpi, slice->minimum),
		     high = macos_darwin_packed(set->kpi, slice->sdk),
		     said = macos_darwin_of(
			     set->kpi,
			     property_get_string(kext->info, "LSMinimumSystemVersion"));

	if (libraries & new_enough(kext->loads, slice, true))
		libraries &= new_enough(kext->loads, slice, true);
	if (!low && !said && !high && libraries == ships)
		return 0;
	if (said > low)
		low = said;
	if (releases_first(libraries) > low)
		low = releases_first(libraries);
	if (releases_first(ships) > low)
		low = releases_first(ships);
	return ships & releases_between(low, high > low ? high : low);
}

static void sum_up(struct kext_loads *loads, const struct kext_slice *slice,
		   struct slice_loads *ret)
{
	kpi_releases fails = 0, unknown = 0;

	for (size_t i = 0; i < loads->library_count; i++) {
		const struct library_use *library = &loads->libraries[i];

		if (!(library->archs >> slice->kpi_arch & 1))
			continue;
		if (library->unknown)
			unknown = ~(kpi_releases)0;
		else
			fails |= ~library->ok;
		if (library->compatibility && slice->is64)
			fails = ~(kpi_releases)0;
	}
	for (size_t i = 0; i < slice->import_count; i++) {
		const struct import_use *use = &ret->imports[i];

		if (slice->imports[i].weak)
			continue;
		if (use->elsewhere)
			unknown |= ~use->resolved;
		else
			fails |= ~use->resolved & ~use->perhaps;
		unknown |= use->perhaps;
	}
	if (!slice->has_kmod)
		fails = ~(kpi_releases)0;
	ret->loads = ret->ships & ~fails & ~unknown;
	ret->unknown = ret->ships & ~fails & unknown;
}

static kpi_releases first_bit(kpi_releases set)
{
	return set & -set;
}

static struct error *resolve_slice(const struct kext_set *set, struct kext *kext,
				   size_t index)
{
	const struct kext_slice *slice = &kext->slices[index];
	struct slice_loads *ret = &kext->loads->slices[index];

	if (!slice->known || slice->error)
		return NULL;
	ret->ships = macos_shipped(set->kpi, slice->kpi_arch);
	ret->imports = arena_alloc(set->arena,
				   (slice->import_count + 1) * sizeof(*ret->imports));
	if (!ret->imports)
		return error_nomem();
	for (size_t i = 0; i < kext->loads->all_count; i++)
		ret->has_unknown_library |=
			kext->loads->libraries[i].unknown &&
			kext->loads->libraries[i].archs >> slice->kpi_arch & 1;
	for (size_t i = 0; i < slice->import_count; i++)
		resolve_import(set, kext->loads, slice, ret, i);
	ret->targets = set->targets.given
			       ? set->targets.by[slice->kpi_arch]
			       : declared_targets(set, kext, slice, ret->ships);
	sum_up(kext->loads, slice, ret);
	/* one that says nothing is taken at its best: from the first that loads it */
	if (!set->targets.given && !ret->targets)
		ret->targets =
			first_bit(ret->loads | ret->unknown ? ret->loads | ret->unknown
							    : ret->ships);
	return NULL;
}

struct error *kext_resolve(const struct kext_set *set, struct kext *kext)
{
	struct error *error;

	if (kext->loads)
		return NULL;
	kext->loads = arena_alloc(set->arena, sizeof(*kext->loads));
	if (!kext->loads)
		return error_nomem();
	kext->loads->slices = arena_alloc(
		set->arena, (kext->slice_count + 1) * sizeof(*kext->loads->slices));
	if (!kext->loads->slices)
		return error_nomem();
	error = kext_gather_libraries(set, kext, kext->loads);
	for (size_t i = 0; i < kext->slice_count && !error; i++)
		error = resolve_slice(set, kext, i);
	return error;
}

/* Libraries in the order in which one of several that export a symbol is preferred. */
static int preference(const struct kpi_library *library)
{
	static const char *const order[] = {
		"com.apple.kpi.libkern", "com.apple.kpi.iokit",
		"com.apple.kpi.bsd",	 "com.apple.kpi.mach",
		"com.apple.kpi.dsep",	 "com.apple.kpi.unsupported",
		"com.apple.kpi.private"
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (!strcmp(order[i], library->name))
			return i;
	return 99;
}

static kpi_releases choose_library(const struct kpi *kpi,
				   const struct kpi_availability *found,
				   enum kpi_arch arch, kpi_releases wanted,
				   kpi_releases chosen)
{
	int best = -1;

	for (size_t i = 0; i < kpi->library_count; i++) {
		if (kpi->libraries[i].compatibility || !(found->by[i][arch] & wanted))
			continue;
		if (chosen >> i & 1 && (found->by[i][arch] & wanted) == wanted)
			return chosen;
		if (best < 0 ||
		    preference(&kpi->libraries[i]) < preference(&kpi->libraries[best]))
			best = i;
	}
	return best < 0 ? chosen : chosen | 1u << best;
}

static void advise_kexts(const struct kext *kext, const struct kext_slice *slice,
			 const char *name, struct library_advice *ret)
{
	for (size_t i = 0; i < kext->loads->all_count; i++) {
		const struct kext *provider = kext->loads->libraries[i].provider;
		const struct kext_slice *from =
			provider ? kext_slice_of(provider, slice->kpi_arch) : NULL;
		bool there = false;

		if (!from || !kext_exports(from, name))
			continue;
		for (size_t k = 0; k < ret->kext_count; k++)
			there |= ret->kexts[k] == provider;
		if (!there)
			ret->kexts[ret->kext_count++] = provider;
	}
}

struct error *kext_advise(const struct kext_set *set, const struct kext *kext,
			  struct library_advice *ret)
{
	kpi_releases targets = 0;

	*ret = (struct library_advice){ 0 };
	ret->kexts = arena_alloc(set->arena,
				 (kext->loads->all_count + 1) * sizeof(*ret->kexts));
	if (!ret->kexts)
		return error_nomem();
	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct kext_slice *slice = &kext->slices[i];
		kpi_releases wanted = kext->loads->slices[i].targets;

		targets |= wanted;
		for (size_t k = 0; slice->known && k < slice->import_count; k++) {
			const struct kpi_availability *found = slice->imports[k].kpi;

			if (found)
				ret->libraries =
					choose_library(set->kpi, found, slice->kpi_arch,
						       wanted, ret->libraries);
			else
				advise_kexts(kext, slice, slice->imports[k].name, ret);
		}
	}
	ret->oldest = releases_first(targets);
	return NULL;
}

void library_advice_add_plist(const struct kext_set *set,
			      const struct library_advice *advice, struct strbuf *out)
{
	strbuf_adds(out, "<key>OSBundleLibraries</key>\n<dict>\n");
	for (size_t i = 0; i < set->kpi->library_count; i++) {
		const struct kpi_library *library = &set->kpi->libraries[i];
		unsigned int darwin = advice->oldest;

		if (!(advice->libraries >> i & 1))
			continue;
		/* the library may have come after the oldest target */
		while (darwin < KPI_RELEASE_LIMIT - 1 &&
		       !(library->present >> darwin & 1))
			darwin++;
		strbuf_addf(out, "\t<key>%s</key>\n\t<string>%u.0</string>\n",
			    library->name, darwin);
	}
	for (size_t i = 0; i < advice->kext_count; i++) {
		const struct kext *k = advice->kexts[i];

		strbuf_addf(out, "\t<key>%s</key>\n\t<string>%s</string>\n",
			    k->identifier, k->version.text ? k->version.text : "");
	}
	strbuf_adds(out, "</dict>");
}
