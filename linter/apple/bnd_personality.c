/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on IOKitPersonalities: BND010 to BND014, BND027. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "linter/apple/subject_kext.h"

/* Calls @run for every personality, those of one architecture too. */
static struct error *for_each_personality(
	struct linter *linter, const struct subject *subject,
	struct error *(*run)(struct linter *linter, const struct subject *subject,
			     const struct property *personality))
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	for (const struct property *all = kext_personalities(kext, NULL); all && !error;
	     all = kext_personalities(kext, all))
		for (const struct property *p = all->first; p && !error; p = p->next)
			if (p->type == PROPERTY_DICT)
				error = run(linter, subject, p);
	return error;
}

static struct error *check_bnd010(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	struct error *error = NULL;
	const char *key = !property_get(p, "IOClass")		? "IOClass"
			  : !property_get(p, "IOProviderClass") ? "IOProviderClass"
								: NULL;

	if (key)
		error = kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				  "the personality has no %s", key);
	if (!error && subject_kext(subject)->dext &&
	    !property_get(p, "CFBundleIdentifierKernel"))
		error = kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				  "the personality of a driver extension has no "
				  "CFBundleIdentifierKernel");
	return error;
}

static struct error *run_bnd010(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, check_bnd010);
}

static const struct check bnd010 = { .id = "BND010",
				     .kind = &kind_kext,
				     .run = run_bnd010 };
REGISTER(check, bnd010);

/* The kext that a personality's class must be in: itself, unless it names another. */
static const struct kext *home_of(const struct linter *linter, const struct kext *kext,
				  const struct property *personality)
{
	const char *named = property_get_string(personality, "CFBundleIdentifier");

	if (!named || (kext->identifier && !strcmp(named, kext->identifier)))
		return kext;
	return kext_set_find(linter_kexts(linter), named);
}

/* Whether @personality counts for that slice: KEY_ARCH is for one architecture only. */
static bool is_for(const struct kext *kext, const struct property *personality,
		   const struct kext_slice *slice)
{
	return kext_property(kext, "IOKitPersonalities", slice->arch) ==
	       personality->parent;
}

/* Whether the kernel itself has the class, on any release. */
static bool is_kernels(const struct kpi *kpi, const char *class, enum kpi_arch arch)
{
	_strbuf_ struct strbuf symbol = STRBUF_INIT;
	struct kpi_availability found;

	strbuf_addf(&symbol, "__ZN%zu%s10gMetaClassE", strlen(class), class);
	return kpi_find(kpi, strbuf_string(&symbol), &found) &&
	       (kpi_anywhere(kpi, &found, arch, false) ||
		kpi_anywhere(kpi, &found, arch, true));
}

/* Whether a library at hand has the class. */
static bool is_of_library(const struct kext *kext, const char *class, enum kpi_arch arch)
{
	for (size_t i = 0; i < kext->loads->all_count; i++) {
		const struct kext *provider = kext->loads->libraries[i].provider;
		const struct kext_slice *slice =
			provider ? kext_slice_of(provider, arch) : NULL;

		if (slice && kext_find_class(slice, class))
			return true;
	}
	return false;
}

/* The libraries that are not at hand and may well have the class. */
static void add_suspects(const struct kext *kext, const struct kext_slice *slice,
			 const char *class, struct strbuf *out)
{
	_strbuf_ struct strbuf symbol = STRBUF_INIT;
	bool apples = !strncmp(class, "IO", 2) || !strncmp(class, "Apple", 5), used;

	strbuf_addf(&symbol, "__ZN%zu%s10gMetaClassE", strlen(class), class);
	used = kext_find_import(slice, strbuf_string(&symbol)) != NULL;
	for (size_t i = 0; i < kext->loads->all_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];

		if (use->unknown && use->archs >> slice->kpi_arch & 1 &&
		    (used || apples || strncmp(use->identifier, "com.apple.", 10) != 0))
			strbuf_addf(out, "%s%s", out->length ? ", " : "",
				    use->identifier);
	}
}

/*
 * Whether the class may be there without its symbols: its name then still stands in the
 * text, as what OSMetaClass registers. (Of another kext's text only its symbols are
 * kept.)
 */
static bool is_stripped(const struct kext *kext, const struct kext *home,
			const struct kext_slice *s, const char *class)
{
	for (size_t i = 0; i < s->named_count; i++)
		if (!strcmp(s->named[i], class))
			return true;
	return home != kext && !s->class_count &&
	       kext_find_import(s, "__ZN11OSMetaClassC2EPKcPKS_j");
}

static struct error *check_class(struct linter *linter, const struct subject *subject,
				 const struct kext *home, const struct kext_slice *s,
				 const struct property *class)
{
	const struct kpi *kpi = linter_kexts(linter)->kpi;
	_strbuf_ struct strbuf suspects = STRBUF_INIT;

	/* without any symbol of a class nothing can be said */
	if (s->error || !s->symbol_count || kext_find_class(s, class->string) ||
	    !s->known || is_kernels(kpi, class->string, s->kpi_arch) ||
	    is_of_library(home, class->string, s->kpi_arch) ||
	    is_stripped(subject_kext(subject), home, s, class->string))
		return NULL;
	add_suspects(home, s, class->string, &suspects);
	if (suspects.length)
		return linter_not_checked(linter, false, "BND011", class->string,
					  "may be a class of a library that is not at "
					  "hand (%s); --libs gives it",
					  strbuf_string(&suspects));
	return kext_tell(
		linter, subject,
		&(struct kext_finding){ .at = class,
					.hint = "it must be spelled as in "
						"OSDefineMetaClassAndStructors" },
		"the %s slice of %s defines no class '%s'", s->arch, home->base,
		class->string);
}

static struct error *check_bnd011(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	const struct property *class = property_get_type(p, "IOClass", PROPERTY_STRING);
	const struct kext *kext = subject_kext(subject), *home = home_of(linter, kext, p);
	struct error *error = NULL;

	if (!class || !home || home->dext)
		return NULL;
	for (size_t i = 0; i < home->slice_count && !error; i++)
		if (is_for(kext, p, &home->slices[i]))
			error = check_class(linter, subject, home, &home->slices[i],
					    class);
	return error;
}

static struct error *run_bnd011(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, check_bnd011);
}

static const struct check bnd011 = { .id = "BND011",
				     .kind = &kind_kext,
				     .run = run_bnd011 };
REGISTER(check, bnd011);

static struct error *check_bnd012(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	const char *provider = property_get_string(p, "IOProviderClass"),
		   *class = property_get_string(p, "IOClass"),
		   *category = property_get_string(p, "IOMatchCategory");

	if (!provider || strcmp(provider, "IOResources") || !class ||
	    (category && !strcmp(category, class)))
		return NULL;
	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .at = p,
				 .hint = "set IOMatchCategory to the IOClass, so that it "
					 "competes with nobody" },
			 category ? "matches on IOResources in the category '%s' instead "
				    "of one of its own"
				  : "matches on IOResources without IOMatchCategory: one "
				    "driver of all such ones wins%s",
			 category ? category : "");
}

static struct error *run_bnd012(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, check_bnd012);
}

static const struct check bnd012 = { .id = "BND012",
				     .kind = &kind_kext,
				     .run = run_bnd012 };
REGISTER(check, bnd012);

/* Whether the kext's code would load anywhere among its targets. */
static bool loads_somewhere(const struct kext *kext)
{
	if (!kext->loads)
		return true;
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->loads->slices[i].loads || kext->loads->slices[i].unknown)
			return true;
	return false;
}

static struct error *check_bnd013(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	const struct property *named =
		property_get_type(p, "CFBundleIdentifier", PROPERTY_STRING);
	const struct kext *kext = subject_kext(subject), *home = home_of(linter, kext, p);

	if (!named || home == kext)
		return NULL;
	if (!home && strncmp(named->string, "com.apple.", 10))
		return kext_tell(linter, subject, &(struct kext_finding){ .at = named },
				 "names the kext %s, which is not at hand",
				 named->string);
	if (home && !kext_has_code(home) && !home->shared_executable)
		return kext_tell(linter, subject, &(struct kext_finding){ .at = named },
				 "names the kext %s, which has no code", named->string);
	if (home && kext_has_code(home) && !loads_somewhere(home))
		return kext_tell(linter, subject, &(struct kext_finding){ .at = named },
				 "names the kext %s, which loads on no release",
				 named->string);
	return NULL;
}

static struct error *run_bnd013(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, check_bnd013);
}

static const struct check bnd013 = { .id = "BND013",
				     .kind = &kind_kext,
				     .run = run_bnd013 };
REGISTER(check, bnd013);

static struct error *check_bnd014(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	const char *named = property_get_string(p, "CFBundleIdentifier");
	const struct kext *kext = subject_kext(subject);

	if (!named)
		return kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				 "names no CFBundleIdentifier: the loader puts in this "
				 "kext's");
	/* a codeless kext is there for nothing else */
	if (kext->identifier && strcmp(named, kext->identifier) && kext_has_code(kext))
		return kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				 "is for another kext, %s", named);
	return NULL;
}

static struct error *run_bnd014(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, check_bnd014);
}

static const struct check bnd014 = { .id = "BND014",
				     .kind = &kind_kext,
				     .run = run_bnd014 };
REGISTER(check, bnd014);

enum { BLOB = 4096 };

/* Bytes of data and strings below a node. */
static uint64_t weigh(const struct property *node)
{
	uint64_t total = node->size;

	for (const struct property *m = node->first; m; m = m->next)
		total += weigh(m);
	return total;
}

static struct error *tell_blobs(struct linter *linter, const struct subject *subject,
				const struct property *node)
{
	_strbuf_ struct strbuf size = STRBUF_INIT;
	struct error *error = NULL;
	bool leaf = node->type == PROPERTY_DATA || node->type == PROPERTY_STRING;

	if (weigh(node) < BLOB)
		return NULL;
	if (!leaf && node->type != PROPERTY_ARRAY) {
		for (const struct property *m = node->first; m && !error; m = m->next)
			error = tell_blobs(linter, subject, m);
		return error;
	}
	units_add_size(&size, weigh(node));
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.at = node,
			.hint = "put it into a kext of its own that unloads after "
				"use, or fetch it with OSKextRequestResource" },
		"%s of data in a personality: wired memory for as long as the "
		"machine runs, matched or not",
		strbuf_string(&size));
}

static struct error *run_bnd027(struct linter *linter, const struct subject *subject)
{
	return for_each_personality(linter, subject, tell_blobs);
}

static const struct check bnd027 = { .id = "BND027",
				     .kind = &kind_kext,
				     .run = run_bnd027 };
REGISTER(check, bnd027);
