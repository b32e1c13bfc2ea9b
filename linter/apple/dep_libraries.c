/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on OSBundleLibraries itself: DEP001, DEP002, DEP004 to DEP008, DEP012, DEP013. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"

/* Calls @run for every declared library of a kext with code. */
static struct error *for_each_library(struct linter *linter,
				      const struct subject *subject,
				      struct error *(*run)(struct linter *linter,
							   const struct subject *subject,
							   const struct library_use *use))
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	if (kext->dext || !kext->info)
		return NULL;
	for (size_t i = 0; i < kext->loads->library_count && !error; i++)
		error = run(linter, subject, &kext->loads->libraries[i]);
	return error;
}

/* The targets of all slices that the library is declared for. */
static kpi_releases targets_of(const struct kext *kext, const struct library_use *use)
{
	kpi_releases targets = 0;

	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].known && use->archs >> kext->slices[i].kpi_arch & 1)
			targets |= kext->loads->slices[i].targets;
	return targets;
}

static struct error *tell_releases(struct linter *linter, const struct subject *subject,
				   const struct library_use *use, kpi_releases releases,
				   const char *hint, const char *what)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;

	if (!releases)
		return NULL;
	macos_add_releases(linter_kexts(linter)->kpi, releases, ~0u, &names);
	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .at = use->at, .symbol = use->identifier, .hint = hint },
			 "%s %s on macOS %s", use->wanted.text ? use->wanted.text : "",
			 what, strbuf_string(&names));
}

static struct error *check_dep001(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	const struct kext *kext = subject_kext(subject);
	kpi_releases targets = targets_of(kext, use);
	struct error *error;

	if (use->unknown && linter->options->libs.count &&
	    strncmp(use->identifier, "com.apple.", 10))
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = use->at,
						.symbol = use->identifier },
			"no such library, neither here nor in what --libs gives");
	if (use->unknown)
		return linter_not_checked(
			linter, linter->options->targets.count != 0, "DEP001",
			use->identifier,
			"the library is not at hand; give its folder with --libs");
	error = tell_releases(linter, subject, use, use->absent & targets,
			      "leave those releases out, or ship a kext of their own for "
			      "them",
			      "is wanted, but there is no such library");
	return error ? error
		     : tell_releases(linter, subject, use, use->incompatible & targets,
				     "ask for at least the library's "
				     "OSBundleCompatibleVersion",
				     "is older than what the library is compatible with");
}

static struct error *run_dep001(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep001);
}

static const struct check dep001 = { .id = "DEP001",
				     .kind = &kind_kext,
				     .run = run_dep001 };
REGISTER(check, dep001);

static struct error *check_dep002(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	const struct kext *provider = use->provider;

	if (!provider || provider->compatible.parsed)
		return NULL;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.at = use->at,
			.symbol = use->identifier,
			.hint = "OSBundleCompatibleVersion makes a kext a library" },
		"%s has no OSBundleCompatibleVersion%s: nothing can link against "
		"it",
		provider->base, provider->compatible.text ? " that can be parsed" : "");
}

static struct error *run_dep002(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep002);
}

static const struct check dep002 = { .id = "DEP002",
				     .kind = &kind_kext,
				     .run = run_dep002 };
REGISTER(check, dep002);

static bool has_64bit(const struct kext *kext, const struct library_use *use)
{
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].known && kext->slices[i].is64 &&
		    use->archs >> kext->slices[i].kpi_arch & 1)
			return true;
	return false;
}

static struct error *check_dep004(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	struct kext_finding what = { .at = use->at,
				     .symbol = use->identifier,
				     .hint = "declare com.apple.kpi.* libraries" };

	if (use->raw)
		return kext_tell(linter, subject, &what,
				 "links against the whole kernel, which no release since "
				 "10.6 allows");
	if (use->compatibility && has_64bit(subject_kext(subject), use))
		return kext_tell(linter, subject, &what,
				 "the compatibility libraries are for 32-bit kexts only, "
				 "and there is a 64-bit slice");
	return NULL;
}

static struct error *run_dep004(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep004);
}

static const struct check dep004 = { .id = "DEP004",
				     .kind = &kind_kext,
				     .run = run_dep004 };
REGISTER(check, dep004);

/* The first declared library of either world for one architecture. */
static const struct library_use *first_of(const struct kext *kext, unsigned int archs,
					  bool compatibility)
{
	for (size_t i = 0; i < kext->loads->library_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];
		bool kpi = !strncmp(use->identifier, "com.apple.kpi.", 14);

		if (use->archs & archs && (compatibility ? use->compatibility : kpi))
			return use;
	}
	return NULL;
}

static struct error *run_dep005(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);

	if (kext->dext || !kext->info)
		return NULL;
	for (unsigned int a = 0; a < KPI_ARCH_COUNT; a++) {
		const struct library_use *old = first_of(kext, 1u << a, true),
					 *new = first_of(kext, 1u << a, false);

		if (!old || !new || (kext->slice_count && !kext_slice_of(kext, a)))
			continue;
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = old->at,
						.symbol = old->identifier,
						.hint = "keep one of the two worlds" },
			"declared beside %s: a structure may be laid out "
			"differently on either side",
			new->identifier);
	}
	return NULL;
}

static const struct check dep005 = { .id = "DEP005",
				     .kind = &kind_kext,
				     .run = run_dep005 };
REGISTER(check, dep005);

static struct error *run_dep006(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct property *libraries = property_get(kext->info, "OSBundleLibraries");

	if (kext->dext || !kext->info || !kext->executable || kext->kernel_resource ||
	    !kext->loads->library_count || first_of(kext, ~0u, false))
		return NULL;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.at = libraries,
			.hint = "the report's section \"loads\" has a fragment to "
				"copy" },
		first_of(kext, ~0u, true)
			? "no com.apple.kpi.* library, only those of the kernel "
			  "before them"
			: "no library of the kernel at all");
}

static const struct check dep006 = { .id = "DEP006",
				     .kind = &kind_kext,
				     .run = run_dep006 };
REGISTER(check, dep006);

/* What the loader takes for Apple's: kxld_copyright.c of xnu. */
static bool is_apples_notice(const char *text)
{
	const char *copyright = text ? strstr(text, "Copyright © ") : NULL;

	return copyright && strstr(copyright, " Apple Inc. All rights reserved.");
}

enum { LAST_NOTICE = 19 }; /* Darwin of the last release that asks for it */

static bool has_apples_copyright(const struct kext *kext)
{
	return is_apples_notice(
		       property_get_string(kext->info, "CFBundleGetInfoString")) ||
	       is_apples_notice(
		       property_get_string(kext->info, "NSHumanReadableCopyright"));
}

static struct error *check_dep007(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	const struct kext *kext = subject_kext(subject);

	if (strcmp(use->identifier, "com.apple.kpi.private") != 0)
		return NULL;
	if (kext->identifier && !strncmp(kext->identifier, "com.apple.", 10))
		return has_apples_copyright(kext) || !(targets_of(kext, use) &
						       releases_between(0, LAST_NOTICE))
			       ? NULL
			       : kext_tell(
					 linter, subject,
					 &(struct kext_finding){
						 .at = use->at,
						 .symbol = use->identifier },
					 "the identifier is Apple's, but without Apple's "
					 "copyright notice macOS until 10.15 refuses the "
					 "private interfaces");
	return kext_tell(
		linter, subject,
		&(struct kext_finding){ .at = use->at,
					.symbol = use->identifier,
					.hint = "do without its symbols; they change "
						"with any update" },
		"only kexts of Apple may link against the private interfaces");
}

static struct error *run_dep007(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep007);
}

static const struct check dep007 = { .id = "DEP007",
				     .kind = &kind_kext,
				     .run = run_dep007 };
REGISTER(check, dep007);

/* Whether the library is declared for that slice. */
static bool is_for(const struct library_use *use, const struct kext_slice *s)
{
	return s->known && use->archs >> s->kpi_arch & 1;
}

/* The imports of all slices that only this library has, one a line. */
static size_t add_imports_of(const struct kext *kext, const struct library_use *use,
			     struct strbuf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct kext_slice *s = &kext->slices[i];

		for (size_t k = 0; is_for(use, s) && k < s->import_count; k++) {
			const struct kpi_availability *found = s->imports[k].kpi;

			if (!found || !found->by[use->kpi][s->kpi_arch] ||
			    kext_import_is_patched(&s->imports[k]) ||
			    strstr(strbuf_string(out), s->imports[k].name))
				continue;
			strbuf_addf(out, "%s%s", count++ ? "\n" : "", s->imports[k].name);
		}
	}
	return count;
}

static struct error *check_dep008(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	_strbuf_ struct strbuf names = STRBUF_INIT;

	if (strcmp(use->identifier, "com.apple.kpi.unsupported") || use->kpi < 0)
		return NULL;
	/* declared for nothing: DEP012 */
	if (!add_imports_of(subject_kext(subject), use, &names))
		return NULL;
	return kext_tell(linter, subject,
			 &(struct kext_finding){ .at = use->at,
						 .symbol = use->identifier,
						 .evidence = strbuf_string(&names),
						 .hint = "do without what stands here" },
			 "unsupported interfaces: they can go with any release");
}

static struct error *run_dep008(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep008);
}

static const struct check dep008 = { .id = "DEP008",
				     .kind = &kind_kext,
				     .run = run_dep008 };
REGISTER(check, dep008);

static struct error *check_dep012(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	const struct kext *kext = subject_kext(subject);

	/*
	 * Nothing can be said without code, or without the library's exports; one for
	 * architectures without a slice is there for another build.
	 */
	if (use->used || !use->archs || use->unknown || use->raw || !kext->slice_count)
		return NULL;
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].error || !kext->slices[i].symbol_count)
			return NULL;
	if (use->provider && !use->provider->slice_count)
		return NULL;
	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .at = use->at,
				 .symbol = use->identifier,
				 .hint = use->provider
						 ? "remove it, unless it has to be "
						   "loaded before"
						 : "remove it: what is not declared "
						   "cannot become incompatible" },
			 "declared, but no symbol comes from it");
}

static struct error *run_dep012(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep012);
}

static const struct check dep012 = { .id = "DEP012",
				     .kind = &kind_kext,
				     .run = run_dep012 };
REGISTER(check, dep012);

static struct error *check_dep013(struct linter *linter, const struct subject *subject,
				  const struct library_use *use)
{
	kpi_releases targets = targets_of(subject_kext(subject), use);

	return tell_releases(
		linter, subject, use, use->older & targets,
		use->provider ? "ship the newer library with it"
			      : "ask for the version of the oldest release that is "
				"meant: 8.0 is macOS 10.4, 10.0 is 10.6, 20.0 is 11",
		"is newer than what there is");
}

static struct error *run_dep013(struct linter *linter, const struct subject *subject)
{
	return for_each_library(linter, subject, check_dep013);
}

static const struct check dep013 = { .id = "DEP013",
				     .kind = &kind_kext,
				     .run = run_dep013 };
REGISTER(check, dep013);
