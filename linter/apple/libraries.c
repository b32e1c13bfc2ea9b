/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The libraries that a kext links against: those that it declares, and those that the
 * loader adds (OSKext::resolveDependencies of xnu).
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "linter/apple/kext_version.h"
#include "linter/apple/loads.h"
#include "linter/apple/subject_kext.h"
#include "linter/arena.h"

/*
 * Compatibility libraries that share the executable of com.apple.kernel.6.0; their
 * versions stand still at the last kernel before the interfaces of today.
 */
static bool is_compatibility_alias(const char *identifier)
{
	static const char *const aliases[] = { "com.apple.kernel.bsd",
					       "com.apple.kernel.iokit",
					       "com.apple.kernel.libkern",
					       "com.apple.kernel.mach" };

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(identifier, aliases[i]))
			return true;
	return false;
}

static uint64_t parsed(const char *version)
{
	uint64_t value = 0;

	kext_version_parse(version, &value);
	return value;
}

/* Which releases have a library of the kernel, in a version that will do. */
static void resolve_kernel_library(const struct kpi *kpi, struct library_use *use)
{
	const struct kpi_library *library = &kpi->libraries[use->kpi];
	bool alias = strcmp(library->name, use->identifier) != 0;

	for (size_t i = 0; i < kpi->release_count; i++) {
		unsigned int darwin = kpi->releases[i].darwin;
		const char *last = library->compatibility ? library->text[darwin]
							  : kpi_last_version(darwin);
		kpi_releases bit = 1u << darwin;

		if (!(library->present & bit))
			use->absent |= bit;
		else if (use->any_version)
			use->ok |= bit;
		else if (!use->wanted.parsed)
			continue;
		else if (last && use->wanted.value > parsed(last))
			use->older |= bit;
		else if (!alias && use->wanted.value < library->compatible[darwin])
			use->incompatible |= bit;
		else
			use->ok |= bit;
	}
}

static void resolve_provider(const struct kpi *kpi, struct library_use *use)
{
	const struct kext *provider = use->provider;
	kpi_releases all = kpi_from(kpi, 0);

	if (!use->wanted.parsed || !provider->version.parsed)
		return;
	if (use->wanted.value > provider->version.value)
		use->older = all;
	else if (!provider->compatible.parsed ||
		 use->wanted.value < provider->compatible.value)
		use->incompatible = all;
	else
		use->ok = all;
}

static bool is_compatible(const struct kext *provider, const struct library_use *use)
{
	return use->wanted.parsed && provider->version.parsed &&
	       provider->compatible.parsed &&
	       use->wanted.value <= provider->version.value &&
	       use->wanted.value >= provider->compatible.value;
}

/* Of several kexts of one identifier: one that will do, one from the same place. */
static const struct kext *find_provider(const struct kext_set *set,
					const struct kext *kext,
					const struct library_use *use)
{
	const struct kext *best = NULL;
	unsigned int most = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct kext *k = set->kexts[i];
		unsigned int score = 1;

		if (!k->identifier || strcmp(k->identifier, use->identifier))
			continue;
		score += is_compatible(k, use) ? 4 : 0;
		if (k->bundle == kext->bundle && k->container == kext->container)
			score += kext_is_beside(k, kext) ? 3 : 2;
		if (score > most ||
		    (score == most && best && k->version.value > best->version.value)) {
			best = k;
			most = score;
		}
	}
	return best;
}

static void resolve_library(const struct kext_set *set, const struct kext *kext,
			    struct library_use *use)
{
	use->raw = !strcmp(use->identifier, "com.apple.kernel");
	use->kpi = kpi_library(set->kpi, use->identifier);
	if (is_compatibility_alias(use->identifier))
		use->kpi = kpi_library(set->kpi, "com.apple.kernel.6.0");
	use->compatibility =
		use->raw || !strncmp(use->identifier, "com.apple.kernel.", 17);
	if (use->kpi >= 0) {
		resolve_kernel_library(set->kpi, use);
	} else if (use->raw) {
		use->ok = releases_between(0, 9); /* never for 64-bit kexts */
	} else {
		use->provider = find_provider(set, kext, use);
		use->unknown = !use->provider;
		if (use->provider)
			resolve_provider(set->kpi, use);
	}
}

static unsigned int archs_of(const struct kext *kext)
{
	unsigned int archs = 0;

	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].known)
			archs |= 1u << kext->slices[i].kpi_arch;
	return archs;
}

/* While the libraries of a kext are gathered; the list goes into the arena at the end. */
struct gathering {
	const struct kext_set *set;
	const struct kext *kext;
	struct library_use *list;
	size_t count, capacity;
};

static struct error *add_library(struct gathering *g, const struct library_use *from)
{
	struct library_use *use;

	if (!array_grow(g->list, g->count, g->capacity))
		return error_nomem();
	use = &g->list[g->count++];
	*use = *from;
	if (use->at && use->at->type == PROPERTY_STRING) {
		use->wanted.text = use->at->string;
		use->wanted.parsed =
			kext_version_parse(use->at->string, &use->wanted.value);
	}
	resolve_library(g->set, g->kext, use);
	return NULL;
}

/* The entries of one OSBundleLibraries…, for the architectures it speaks for. */
static struct error *read_libraries(struct gathering *g, const struct property *dict,
				    unsigned int archs)
{
	struct error *error = NULL;

	if (!dict || dict->type != PROPERTY_DICT)
		return NULL;
	for (const struct property *p = dict->first; p && !error; p = p->next)
		error = add_library(g, &(struct library_use){ .identifier = p->key,
							      .at = p,
							      .archs = archs });
	return error;
}

static struct error *read_declared(struct gathering *g)
{
	const struct kext *kext = g->kext;
	const struct property *plain = property_get(kext->info, "OSBundleLibraries");
	unsigned int special = 0;
	struct error *error = NULL;

	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		const struct kext_slice *slice = &kext->slices[i];
		const struct property *own =
			kext_property(kext, "OSBundleLibraries", slice->arch);

		if (!own || own == plain || !slice->known)
			continue;
		special |= 1u << slice->kpi_arch;
		error = read_libraries(g, own, 1u << slice->kpi_arch);
	}
	return error ? error
		     : read_libraries(g, plain,
				      kext->slice_count ? archs_of(kext) & ~special
							: ~0u);
}

static bool is_there(const struct gathering *g, const char *identifier,
		     unsigned int archs)
{
	for (size_t i = 0; i < g->count; i++)
		if (!strcmp(g->list[i].identifier, identifier) &&
		    !(archs & ~g->list[i].archs))
			return true;
	return false;
}

/* What @provider itself declares for one architecture, unless it is there already. */
static struct error *add_libraries_of(struct gathering *g, const struct kext *provider,
				      enum kpi_arch arch)
{
	const struct property *dict =
		kext_property(provider, "OSBundleLibraries", kpi_arch_names[arch]);
	struct error *error = NULL;

	if (!dict || dict->type != PROPERTY_DICT)
		return NULL;
	for (const struct property *p = dict->first; p && !error; p = p->next)
		if (!is_there(g, p->key, 1u << arch))
			error = add_library(g, &(struct library_use){
						       .identifier = p->key,
						       .at = p,
						       .archs = 1u << arch,
						       .through = provider->identifier });
	return error;
}

static bool declares_world(const struct gathering *g, size_t declared, enum kpi_arch arch,
			   bool kpi_only)
{
	for (size_t i = 0; i < declared; i++)
		if (g->list[i].archs >> arch & 1 &&
		    (!strncmp(g->list[i].identifier, "com.apple.kpi.", 14) ||
		     (!kpi_only && g->list[i].compatibility)))
			return true;
	return false;
}

/*
 * A library without code stands for what it declares. And a 32-bit kext without any
 * com.apple.kpi.* gets all that its libraries have, and com.apple.kernel.6.0 if it named
 * none of the kernel's at all.
 */
static struct error *add_implied(struct gathering *g, size_t declared, enum kpi_arch arch)
{
	bool all = arch < KPI_X86_64 && !declares_world(g, declared, arch, true);
	struct error *error = NULL;

	if (all && g->kext->executable && !declares_world(g, declared, arch, false) &&
	    !is_there(g, "com.apple.kernel.6.0", 1u << arch))
		error = add_library(
			g, &(struct library_use){ .identifier = "com.apple.kernel.6.0",
						  .archs = 1u << arch,
						  .through = "the loader",
						  .any_version = true });
	/* the list grows while it is walked */
	for (size_t i = 0; i < g->count && !error; i++) {
		const struct kext *provider = g->list[i].provider;

		if (provider && g->list[i].archs >> arch & 1 && provider != g->kext &&
		    (all || (!kext_has_code(provider) && !provider->shared_executable)))
			error = add_libraries_of(g, provider, arch);
	}
	return error;
}

struct error *kext_gather_libraries(const struct kext_set *set, const struct kext *kext,
				    struct kext_loads *loads)
{
	struct gathering g = { .set = set, .kext = kext };
	struct error *error = read_declared(&g);

	loads->library_count = g.count;
	for (unsigned int i = 0; i < KPI_ARCH_COUNT && !error; i++)
		if (kext_slice_of(kext, i))
			error = add_implied(&g, loads->library_count, i);
	loads->all_count = g.count;
	loads->libraries =
		arena_alloc(set->arena, (g.count + 1) * sizeof(*loads->libraries));
	if (loads->libraries && g.count)
		memcpy(loads->libraries, g.list, g.count * sizeof(*g.list));
	else if (!loads->libraries && !error)
		error = error_nomem();
	free(g.list);
	return error;
}
