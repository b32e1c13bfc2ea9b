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

	if (!kext->info)
		return NULL;
	for (const struct property *all = kext->info->first; all && !error;
	     all = all->next) {
		if (strncmp(all->key, "IOKitPersonalities", 18) ||
		    (all->key[18] && all->key[18] != '_') || all->type != PROPERTY_DICT)
			continue;
		for (const struct property *p = all->first; p && !error; p = p->next)
			if (p->type == PROPERTY_DICT)
				error = run(linter, subject, p);
	}
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

static struct error *check_bnd011(struct linter *linter, const struct subject *subject,
				  const struct property *p)
{
	const struct property *class = property_get_type(p, "IOClass", PROPERTY_STRING);
	const struct kext *kext = subject_kext(subject), *home = home_of(linter, kext, p);
	struct error *error = NULL;

	if (!class || !home || home->dext || !home->slice_count)
		return NULL;
	for (size_t i = 0; i < home->slice_count && !error; i++) {
		const struct kext_slice *s = &home->slices[i];

		/* without any symbol of a class nothing can be said */
		if (s->error || !s->symbol_count || kext_find_class(s, class->string))
			continue;
		error = kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = class,
						.hint = "it must be spelled as in "
							"OSDefineMetaClassAndStructors" },
			"the %s slice of %s defines no class '%s'", s->arch, home->base,
			class->string);
	}
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
