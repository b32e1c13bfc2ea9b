/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on several kexts at once: BND028, BND029, DEP003. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "linter/apple/bnd_split.h"
#include "linter/apple/subject_kext.h"

static const struct kext_set *subject_set(const struct subject *subject)
{
	return subject->model;
}

/* Bytes that page rounding wastes in a kext, on the slice where it wastes most. */
static uint64_t waste_of(const struct kext *kext)
{
	uint64_t worst = 0;

	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct kext_slice *s = &kext->slices[i];
		uint64_t waste = 0;

		for (size_t k = 0; k < s->segment_count; k++)
			waste += s->segments[k].pages - s->segments[k].size;
		if (waste > worst)
			worst = waste;
	}
	return worst;
}

static bool uses(const struct kext *kext, const struct kext *library)
{
	for (size_t i = 0; i < kext->loads->library_count; i++)
		if (kext->loads->libraries[i].provider == library)
			return true;
	return false;
}

/* Whether a device could make @kext load without the other. */
static bool matches_alone(const struct kext *kext)
{
	for (const struct property *all = kext_personalities(kext, NULL); all;
	     all = kext_personalities(kext, all))
		if (all->count)
			return true;
	return false;
}

/* The only kext of the run that uses @library, or NULL. */
static const struct kext *only_user(const struct kext_set *set,
				    const struct kext *library)
{
	const struct kext *user = NULL;

	for (size_t i = 0; i < set->count; i++) {
		if (!uses(set->kexts[i], library))
			continue;
		if (user)
			return NULL;
		user = set->kexts[i];
	}
	return user;
}

static struct error *run_bnd028(struct linter *linter, const struct subject *subject)
{
	const struct kext_set *set = subject_set(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < set->count && !error; i++) {
		const struct kext *library = set->kexts[i],
				  *user = only_user(set, library);
		_strbuf_ struct strbuf size = STRBUF_INIT;

		if (!library->provider)
			error = tell_split(linter, subject, library);
		if (error)
			break;
		if (!user || library->provider || user->provider ||
		    library->bundle != user->bundle || matches_alone(library) ||
		    !library->slice_count)
			continue;
		units_add_size(&size, waste_of(library));
		error = kext_tell(
			linter, subject,
			&(struct kext_finding){
				.path = library->name,
				.symbol = library->identifier,
				.hint = "link both into one, unless the library is "
					"for others too" },
			"only %s uses it, and nothing loads it alone: as one kext "
			"they would save %s of page rounding",
			user->base, strbuf_string(&size));
	}
	return error;
}

static const struct check bnd028 = { .id = "BND028",
				     .kind = &kind_kexts,
				     .run = run_bnd028 };
REGISTER(check, bnd028);

/* The class of the first personality: what two kexts compete with. */
static const char *first_class(const struct kext *kext)
{
	const struct property *all = kext_personalities(kext, NULL);

	return all && all->first ? property_get_string(all->first, "IOClass") : NULL;
}

static bool alternatives(const struct kext *a, const struct kext *b)
{
	const char *x = first_class(a), *y = first_class(b);

	if (!a->parent || a->parent != b->parent || !kext_has_code(a) ||
	    !kext_has_code(b))
		return false;
	return (a->identifier && b->identifier &&
		!strcmp(a->identifier, b->identifier)) ||
	       (x && y && !strcmp(x, y));
}

static kpi_releases loads_on(const struct kext *kext, enum kpi_arch arch,
			     kpi_releases *unknown, kpi_releases *targets)
{
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].known && kext->slices[i].kpi_arch == arch) {
			*unknown |= kext->loads->slices[i].unknown;
			*targets |= kext->loads->slices[i].targets;
			return kext->loads->slices[i].loads;
		}
	return 0;
}

static struct error *tell_alternatives(struct linter *linter,
				       const struct subject *subject,
				       const struct kext *kext, enum kpi_arch arch,
				       kpi_releases releases, const char *what)
{
	const struct kext_set *set = subject_set(subject);
	_strbuf_ struct strbuf names = STRBUF_INIT;

	if (!releases)
		return NULL;
	macos_add_releases(set->kpi, releases, ~0u, &names);
	return kext_tell(linter, subject,
			 &(struct kext_finding){ .path = kext->parent->name,
						 .symbol = first_class(kext)
								   ? first_class(kext)
								   : kext->identifier },
			 "of the alternatives in PlugIns %s on macOS %s (%s)", what,
			 strbuf_string(&names), kpi_arch_names[arch]);
}

static struct error *check_group(struct linter *linter, const struct subject *subject,
				 size_t first, enum kpi_arch arch)
{
	const struct kext_set *set = subject_set(subject);
	const struct kext *kext = set->kexts[first];
	kpi_releases unknown = 0, targets = 0, once = 0, twice = 0;
	struct error *error;
	size_t group = 0;

	for (size_t i = 0; i < set->count; i++) {
		kpi_releases here;

		if (i != first && !alternatives(kext, set->kexts[i]))
			continue;
		if (i < first)
			return NULL; /* told already */
		here = loads_on(set->kexts[i], arch, &unknown, &targets);
		twice |= once & here;
		once |= here;
		group++;
	}
	if (group < 2)
		return NULL;
	targets &= ~unknown;
	error = tell_alternatives(linter, subject, kext, arch, targets & ~once,
				  "none loads");
	return error ? error
		     : tell_alternatives(linter, subject, kext, arch, targets & twice,
					 "more than one loads");
}

static struct error *run_bnd029(struct linter *linter, const struct subject *subject)
{
	const struct kext_set *set = subject_set(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < set->count && !error; i++)
		for (unsigned int a = 0; a < KPI_ARCH_COUNT && !error; a++)
			if (set->kexts[i]->parent && !set->kexts[i]->provider)
				error = check_group(linter, subject, i, a);
	return error;
}

static const struct check bnd029 = { .id = "BND029",
				     .kind = &kind_kexts,
				     .run = run_bnd029 };
REGISTER(check, bnd029);

/* A walk over providers: marks, and the way to where it is. */
struct walk {
	const struct kext_set *set;
	unsigned char *marks; /* 0: new, 1: on the way, 2: done; parallel to set->kexts */
	struct strbuf way;
};

static size_t index_of(const struct kext_set *set, const struct kext *kext)
{
	size_t i = 0;

	while (set->kexts[i] != kext)
		i++;
	return i;
}

static struct error *follow(struct linter *linter, const struct subject *subject,
			    struct walk *w, size_t index)
{
	const struct kext *kext = w->set->kexts[index];
	size_t length = w->way.length;
	struct error *error = NULL;

	w->marks[index] = 1;
	strbuf_addf(&w->way, "%s%s", length ? " -> " : "", kext->identifier);
	for (size_t i = 0; i < kext->loads->library_count && !error; i++) {
		const struct library_use *use = &kext->loads->libraries[i];
		size_t next;

		if (!use->provider)
			continue;
		next = index_of(w->set, use->provider);
		if (w->marks[next] == 1)
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){ .path = kext->info_path,
							.symbol = use->identifier,
							.line = use->at->line,
							.evidence =
								strbuf_string(&w->way) },
				"the libraries depend on each other in a circle");
		else if (w->marks[next] == 0)
			error = follow(linter, subject, w, next);
	}
	w->marks[index] = 2;
	strbuf_truncate(&w->way, length);
	return error;
}

/* Whether any kext of the run links against that identifier. */
static bool is_library(const struct kext_set *set, const char *identifier)
{
	for (size_t i = 0; i < set->count; i++)
		for (size_t k = 0; k < set->kexts[i]->loads->library_count; k++)
			if (!strcmp(set->kexts[i]->loads->libraries[k].identifier,
				    identifier))
				return true;
	return false;
}

static struct error *tell_versions(struct linter *linter, const struct subject *subject,
				   const struct kext_set *set)
{
	struct error *error = NULL;

	for (size_t i = 0; i < set->count && !error; i++) {
		const struct kext *kext = set->kexts[i];

		for (size_t k = 0; k < i && !error && kext->identifier; k++) {
			const struct kext *other = set->kexts[k];

			if (!other->identifier || !kext_is_beside(other, kext) ||
			    strcmp(other->identifier, kext->identifier) ||
			    other->version.value == kext->version.value ||
			    (kext->parent && alternatives(kext, other)) ||
			    !is_library(set, kext->identifier))
				continue;
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){ .path = kext->info_path,
							.symbol = kext->identifier },
				"there in version %s, and in %s as version %s",
				kext->version.text ? kext->version.text : "?",
				other->name,
				other->version.text ? other->version.text : "?");
			break;
		}
	}
	return error;
}

static struct error *run_dep003(struct linter *linter, const struct subject *subject)
{
	const struct kext_set *set = subject_set(subject);
	_free_ unsigned char *marks = calloc(set->count + 1, 1);
	struct walk walk = { .set = set, .marks = marks };
	struct error *error = NULL;

	if (!marks)
		return error_nomem();
	for (size_t i = 0; i < set->count && !error; i++)
		if (!marks[i])
			error = follow(linter, subject, &walk, i);
	strbuf_deinit(&walk.way);
	return error ? error : tell_versions(linter, subject, set);
}

static const struct check dep003 = { .id = "DEP003",
				     .kind = &kind_kexts,
				     .run = run_dep003 };
REGISTER(check, dep003);
