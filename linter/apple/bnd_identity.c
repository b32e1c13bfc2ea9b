/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on names, versions and origin: BND022, BND023, BND025, BND026. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/kext_version.h"
#include "linter/apple/subject_kext.h"

/* The newest year from 1984 on that a text names, 0 when none. */
static unsigned int newest_year(const char *text)
{
	unsigned int newest = 0;

	for (const char *p = text; *p;) {
		size_t digits = strspn(p, "0123456789");
		unsigned int year = digits == 4 ? strtoul(p, NULL, 10) : 0;

		if (year >= 1984 && year < 2100 && year > newest)
			newest = year;
		p += digits ? digits : 1;
	}
	return newest;
}

/* The year in which the SDK that built the newest slice appeared. */
static unsigned int year_of_build(const struct kpi *kpi, const struct kext *kext)
{
	unsigned int darwin = 0;

	for (size_t i = 0; i < kext->slice_count; i++) {
		unsigned int of = macos_darwin_packed(kpi, kext->slices[i].sdk);

		if (of > darwin)
			darwin = of;
	}
	/* 10.7 appeared in 2011, and since then there was one a year, 10.8 in 2012 on */
	return darwin >= 11 ? 2000 + darwin : 0;
}

static struct error *run_bnd022(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct property *p = property_get_type(
		kext->info, "NSHumanReadableCopyright", PROPERTY_STRING);
	unsigned int year, built;

	if (!kext->info)
		return NULL;
	if (!p)
		p = property_get_type(kext->info, "CFBundleGetInfoString",
				      PROPERTY_STRING);
	year = p ? newest_year(p->string) : 0;
	if (!year)
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .path = kext->info_path,
						.symbol = "NSHumanReadableCopyright" },
			"no copyright notice with a year");
	built = year_of_build(linter_kexts(linter)->kpi, kext);
	if (built <= year)
		return NULL;
	return kext_tell(linter, subject, &(struct kext_finding){ .at = p },
			 "the copyright ends in %u, but the SDK that built the code is "
			 "of %u",
			 year, built);
}

static const struct check bnd022 = { .id = "BND022",
				     .kind = &kind_kext,
				     .run = run_bnd022 };
REGISTER(check, bnd022);

static bool same_version(const char *a, const char *b)
{
	uint64_t x, y;

	if (kext_version_parse(a, &x) && kext_version_parse(b, &y))
		return x == y;
	return !strcmp(a, b);
}

static struct error *check_kmod(struct linter *linter, const struct subject *subject,
				const struct kext *kext, const struct kext_slice *s)
{
	struct kext_finding what = { .path = kext->executable_path,
				     .symbol = "_kmod_info" };
	struct error *error = NULL;

	if (!s->has_kmod)
		return NULL;
	if (kext->version.text && !same_version(s->kmod_version, kext->version.text))
		error = kext_tell(linter, subject, &what,
				  "kmod_info of the %s slice says version %s, "
				  "CFBundleVersion %s",
				  s->arch, s->kmod_version, kext->version.text);
	if (!error && kext->identifier && strcmp(s->kmod_name, kext->identifier))
		error = kext_tell(
			linter, subject, &what,
			"kmod_info of the %s slice is of '%s', the bundle of '%s'",
			s->arch, s->kmod_name, kext->identifier);
	return error;
}

/* "1.2.3" of "Card 1.2.3, Copyright …" is the version that users see. */
static bool mentions(const char *text, const char *version)
{
	return strstr(text, version) != NULL;
}

static struct error *check_strings(struct linter *linter, const struct subject *subject,
				   const struct kext *kext)
{
	const char *shown = property_get_string(kext->info, "CFBundleShortVersionString");
	struct error *error = NULL;

	for (size_t i = 0; i < kext->string_count && !error; i++) {
		const struct kext_string *s = &kext->strings[i];
		bool own = !strcmp(s->key, "CFBundleVersion"),
		     brief = !strcmp(s->key, "CFBundleShortVersionString"),
		     package = !strcmp(s->key, "pkg-info:version");
		const char *want = brief ? shown : kext->version.text;

		if (!(own || brief || package) || !want || mentions(s->value, want) ||
		    (package && shown && mentions(s->value, shown)))
			continue;
		error = kext_tell(linter, subject,
				  &(struct kext_finding){ .path = s->path,
							  .line = s->line,
							  .symbol = s->key },
				  "says '%s', Info.plist '%s'", s->value, want);
	}
	return error;
}

static struct error *run_bnd023(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	if (!kext->info || kext->dext)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++)
		error = check_kmod(linter, subject, kext, &kext->slices[i]);
	if (!error)
		error = check_strings(linter, subject, kext);
	if (error || !kext->parent || !kext->version.text ||
	    !kext->parent->version.text || kext->parent->dext)
		return error;
	if (same_version(kext->version.text, kext->parent->version.text))
		return NULL;
	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .at = property_get(kext->info, "CFBundleVersion") },
			 "version %s, but %s, which holds it, is %s", kext->version.text,
			 kext->parent->base, kext->parent->version.text);
}

static const struct check bnd023 = { .id = "BND023",
				     .kind = &kind_kext,
				     .run = run_bnd023 };
REGISTER(check, bnd023);

static bool begins_word(const char *name, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(name, word, length) && isupper((unsigned char)name[length]);
}

/* "com_example_driver_Card": the idiom against equal names in the one kernel. */
static bool has_prefix(const char *name)
{
	const char *first = strchr(name, '_');

	return first && first > name && strchr(first + 1, '_');
}

static bool class_elsewhere(const struct kext *kext, size_t slice, const char *name)
{
	for (size_t i = 0; i < slice; i++)
		if (kext_find_class(&kext->slices[i], name))
			return true;
	return false;
}

static struct error *check_class(struct linter *linter, const struct subject *subject,
				 const struct kext *kext, const char *name,
				 struct strbuf *plain, size_t *count)
{
	struct kext_finding what = {
		.path = kext->executable_path,
		.symbol = name,
		.hint = "com_yours_driver_Card: the whole kernel has "
			"one name space for classes"
	};

	if (begins_word(name, "My"))
		return kext_tell(linter, subject, &what,
				 "the class is named as in a template");
	if (begins_word(name, "Apple") && kext->identifier &&
	    strncmp(kext->identifier, "com.apple.", 10))
		return kext_tell(linter, subject, &what,
				 "the class is named as if it were Apple's");
	if (!has_prefix(name)) {
		strbuf_addf(plain, "%s%s", (*count)++ ? "\n" : "", name);
	}
	return NULL;
}

static struct error *run_bnd025(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	_strbuf_ struct strbuf plain = STRBUF_INIT;
	struct error *error = NULL;
	size_t count = 0;

	if (kext->dext ||
	    (kext->identifier && !strncmp(kext->identifier, "com.apple.", 10)))
		return NULL;
	for (size_t i = 0; i < kext->slice_count; i++)
		for (size_t k = 0; k < kext->slices[i].class_count && !error; k++) {
			const char *name = kext->slices[i].classes[k].name;

			if (!class_elsewhere(kext, i, name))
				error = check_class(linter, subject, kext, name, &plain,
						    &count);
		}
	if (error || !count)
		return error;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.path = kext->executable_path,
			.evidence = strbuf_string(&plain),
			.lower = true,
			.level = LEVEL_SUGGESTION,
			.hint = "com_yours_driver_Card: the whole kernel has one "
				"name space for classes" },
		"%zu class%s without a prefix of their own", count,
		count == 1 ? "" : "es");
}

static const struct check bnd025 = { .id = "BND025",
				     .kind = &kind_kext,
				     .run = run_bnd025 };
REGISTER(check, bnd025);

static struct error *compare_products(struct linter *linter,
				      const struct subject *subject,
				      const struct kext *kext, const char *key)
{
	const struct kext_set *set = linter_kexts(linter);
	const char *own = property_get_string(kext->info, key);

	for (size_t i = 0; i < set->count; i++) {
		const struct kext *other = set->kexts[i];
		const char *its = property_get_string(other->info, key);

		if (other == kext)
			return NULL; /* the later one of two tells */
		if (other->bundle != kext->bundle || other->provider || !its ||
		    !strcmp(its, own))
			continue;
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = property_get(kext->info, key) },
			"'%s', but %s says '%s'", own, other->base, its);
	}
	return NULL;
}

static struct error *run_bnd026(struct linter *linter, const struct subject *subject)
{
	static const char *const keys[] = { "OSBundleProductName", "OSBundleProductURL" };
	static const char missing[] = "messages about the kext then name a product that "
				      "its user knows";
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	if (!kext->info || kext->dext ||
	    (kext->identifier && !strncmp(kext->identifier, "com.apple.", 10)))
		return NULL;
	if (!property_get(kext->info, keys[0]) && !property_get(kext->info, keys[1]))
		return kext_tell(linter, subject,
				 &(struct kext_finding){ .path = kext->info_path,
							 .symbol = keys[0],
							 .hint = missing },
				 "is missing, and so is %s", keys[1]);
	for (size_t i = 0; i < 2 && !error; i++) {
		if (property_get_string(kext->info, keys[i]))
			error = compare_products(linter, subject, kext, keys[i]);
		else
			error = kext_tell(linter, subject,
					  &(struct kext_finding){ .path = kext->info_path,
								  .symbol = keys[i],
								  .hint = missing },
					  "is missing");
	}
	return error;
}

static const struct check bnd026 = { .id = "BND026",
				     .kind = &kind_kext,
				     .run = run_bnd026 };
REGISTER(check, bnd026);
