/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on single symbols: DEP009 to DEP011, DEP014, DEP015. */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"

enum { EVIDENCE_LIMIT = 20 };

/* Symbols that fail for one reason are told as one finding. */
struct group {
	char *reason, *hint;
	bool perhaps; /* only if libraries that are not at hand have no code */
	const char **names;
	size_t count, capacity;
};

struct groups {
	struct group *items;
	size_t count, capacity;
};

static void groups_deinit(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->items[i].reason);
		free(groups->items[i].hint);
		free(groups->items[i].names);
	}
	free(groups->items);
}

static struct error *group_for(struct groups *groups, struct strbuf *reason,
			       struct strbuf *hint, struct group **ret)
{
	struct error *error;

	for (size_t i = 0; i < groups->count; i++)
		if (!strcmp(groups->items[i].reason, strbuf_string(reason))) {
			*ret = &groups->items[i];
			return NULL;
		}
	if (!array_grow(groups->items, groups->count, groups->capacity))
		return error_nomem();
	*ret = &groups->items[groups->count];
	**ret = (struct group){ 0 };
	error = strbuf_steal(reason, &(*ret)->reason);
	if (error)
		return error;
	groups->count++;
	return strbuf_steal(hint, &(*ret)->hint);
}

static struct error *group_add(struct groups *groups, struct strbuf *reason,
			       struct strbuf *hint, const char *name, bool perhaps)
{
	struct group *group = NULL;
	struct error *error = group_for(groups, reason, hint, &group);

	if (error)
		return error;
	group->perhaps = perhaps;
	for (size_t i = 0; i < group->count; i++)
		if (!strcmp(group->names[i], name))
			return NULL;
	if (!array_grow(group->names, group->count, group->capacity))
		return error_nomem();
	group->names[group->count++] = name;
	return NULL;
}

static struct error *tell_groups(struct linter *linter, const struct subject *subject,
				 const struct groups *groups)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < groups->count && !error; i++) {
		const struct group *g = &groups->items[i];
		_strbuf_ struct strbuf names = STRBUF_INIT;
		struct kext_finding what = { .path = kext->executable_path,
					     .symbol = g->names[0],
					     .hint = *g->hint ? g->hint : NULL };

		add_names(&names, g->names, g->count, EVIDENCE_LIMIT);
		if (g->count > 1)
			what.evidence = strbuf_string(&names);
		what.lower = g->perhaps;
		what.level = LEVEL_WARNING;
		if (g->count > 1)
			error = kext_tell(linter, subject, &what, "and %zu more: %s",
					  g->count - 1, g->reason);
		else
			error = kext_tell(linter, subject, &what, "%s", g->reason);
	}
	return error;
}

/* Releases whose declared kernel libraries are themselves not there: told by DEP001. */
static kpi_releases blocked(const struct kext *kext, enum kpi_arch arch)
{
	kpi_releases set = 0;

	for (size_t i = 0; i < kext->loads->library_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];

		if (use->archs >> arch & 1 && !use->unknown)
			set |= ~use->ok;
	}
	return set;
}

struct missing {
	const struct kext_set *set;
	const struct kext_slice *slice;
	const struct kext_import *import;
	const struct import_use *use;
	kpi_releases targets; /* looked at */
	kpi_releases misses;  /* of them, where it does not resolve */
	bool perhaps;	      /* what comes with libraries not at hand may have it */
};

static const char *macos_name(const struct missing *m, unsigned int darwin)
{
	const struct kpi_release *r = kpi_release_darwin(m->set->kpi, darwin);

	return r ? r->macos : "?";
}

/* Why, in words that hold for as many symbols as possible. */
static void explain(const struct missing *m, struct strbuf *reason, struct strbuf *hint)
{
	kpi_releases anywhere =
		kpi_anywhere(m->set->kpi, m->import->kpi, m->slice->kpi_arch, false);
	_strbuf_ struct strbuf where = STRBUF_INIT;

	if (m->use->undeclared & m->misses) {
		kpi_add_exporters(m->set->kpi, m->import->kpi, m->slice->kpi_arch,
				  m->misses, reason);
		if (reason->length) {
			strbuf_adds(hint, "declare ");
			strbuf_adds(hint, strbuf_string(reason));
			strbuf_adds(reason, " has it, which is not declared");
			if (m->perhaps)
				strbuf_adds(
					reason,
					"; it comes in only through a library without code "
					"that is not at hand");
		} else {
			strbuf_adds(reason, "only the compatibility libraries have it");
		}
	} else if (!m->import->kpi) {
		strbuf_adds(reason, "no library of any release exports it");
		strbuf_adds(hint, "kext functions that only the kernel's own code sees "
				  "cannot be used; is a library of yours missing?");
	} else if (!anywhere) {
		strbuf_addf(reason, "exported to other architectures than %s only",
			    m->slice->arch);
	} else if (releases_last(anywhere) < releases_first(m->misses)) {
		strbuf_addf(reason, "gone: macOS %s was the last to export it",
			    macos_name(m, releases_last(anywhere)));
	} else if (releases_first(anywhere) > releases_last(m->misses)) {
		strbuf_addf(reason, "not there before macOS %s",
			    macos_name(m, releases_first(anywhere)));
		strbuf_adds(hint, "import it weakly and ask "
				  "OSKextSymbolIsResolved() before use");
	} else {
		strbuf_adds(reason, "not exported");
	}
	macos_add_releases(m->set->kpi, m->misses, ~0u, &where);
	strbuf_addf(reason, " (%s, macOS %s)", m->slice->arch, strbuf_string(&where));
}

static struct error *tell_missing(const struct missing *m, struct groups *groups)
{
	_strbuf_ struct strbuf reason = STRBUF_INIT, hint = STRBUF_INIT;

	if (!m->misses)
		return NULL;
	explain(m, &reason, &hint);
	return group_add(groups, &reason, &hint, m->import->name, m->perhaps);
}

/* What surely fails and what only may fail are told apart. */
static struct error *check_import(struct missing *m, bool everywhere,
				  struct groups *groups)
{
	kpi_releases misses = m->targets & ~m->use->resolved;
	struct error *error;

	if (m->import->weak || m->use->elsewhere || !misses ||
	    (misses == m->targets) != everywhere)
		return NULL;
	m->perhaps = false;
	m->misses = misses & ~m->use->perhaps;
	error = tell_missing(m, groups);
	if (error)
		return error;
	m->perhaps = true;
	m->misses = misses & m->use->perhaps;
	return tell_missing(m, groups);
}

/* DEP009 where a symbol resolves on no target, DEP011 where it does on some. */
static struct error *check_slices(struct linter *linter, const struct subject *subject,
				  bool everywhere)
{
	const struct kext *kext = subject_kext(subject);
	struct missing m = { .set = linter_kexts(linter) };
	struct groups groups = { 0 };
	struct error *error = NULL;

	if (kext->dext || kext->bare)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		m.slice = &kext->slices[i];
		if (!m.slice->known || m.slice->error)
			continue;
		m.targets = kext->loads->slices[i].targets &
			    ~blocked(kext, m.slice->kpi_arch);
		for (size_t k = 0; k < m.slice->import_count && !error; k++) {
			m.import = &m.slice->imports[k];
			m.use = &kext->loads->slices[i].imports[k];
			error = check_import(&m, everywhere, &groups);
		}
	}
	if (!error)
		error = tell_groups(linter, subject, &groups);
	groups_deinit(&groups);
	return error;
}

/* Says of how many symbols nothing can be said, and whose they may be. */
static struct error *tell_elsewhere(struct linter *linter, const struct kext *kext)
{
	_strbuf_ struct strbuf libraries = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < kext->slice_count; i++)
		for (size_t k = 0;
		     kext->loads->slices[i].imports && k < kext->slices[i].import_count;
		     k++)
			count += kext->loads->slices[i].imports[k].elsewhere;
	if (!count)
		return NULL;
	for (size_t i = 0; i < kext->loads->library_count; i++)
		if (kext->loads->libraries[i].unknown)
			strbuf_addf(&libraries, "%s%s", libraries.length ? ", " : "",
				    kext->loads->libraries[i].identifier);
	return linter_not_checked(
		linter, linter->options->targets.count != 0, "DEP009", kext->name,
		"%zu symbols may come from %s, not at hand; --libs gives "
		"them",
		count, strbuf_string(&libraries));
}

static struct error *run_dep009(struct linter *linter, const struct subject *subject)
{
	struct error *error = check_slices(linter, subject, true);

	return error || subject_kext(subject)->dext
		       ? error
		       : tell_elsewhere(linter, subject_kext(subject));
}

static const struct check dep009 = { .id = "DEP009",
				     .kind = &kind_kext,
				     .run = run_dep009 };
REGISTER(check, dep009);

static struct error *run_dep011(struct linter *linter, const struct subject *subject)
{
	return check_slices(linter, subject, false);
}

static const struct check dep011 = { .id = "DEP011",
				     .kind = &kind_kext,
				     .run = run_dep011 };
REGISTER(check, dep011);

static void explain_double(const struct kext *kext, const struct kext_slice *slice,
			   const struct kext_import *import, kpi_releases releases,
			   struct strbuf *reason)
{
	strbuf_adds(reason, "in several of the declared libraries: ");
	for (size_t i = 0, n = 0; i < kext->loads->all_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];
		bool has = use->kpi >= 0 && import->kpi &&
			   import->kpi->by[use->kpi][slice->kpi_arch] & releases;

		if (use->provider) {
			const struct kext_slice *from =
				kext_slice_of(use->provider, slice->kpi_arch);

			has = from && kext_exports(from, import->name);
		}
		if (has)
			strbuf_addf(reason, "%s%s", n++ ? ", " : "", use->identifier);
	}
}

static struct error *run_dep010(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct groups groups = { 0 };
	struct error *error = NULL;

	if (kext->dext)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		const struct kext_slice *slice = &kext->slices[i];
		const struct slice_loads *loads = &kext->loads->slices[i];

		for (size_t k = 0; loads->imports && k < slice->import_count && !error;
		     k++) {
			kpi_releases both = loads->imports[k].doubly & loads->targets;
			_strbuf_ struct strbuf reason = STRBUF_INIT, hint = STRBUF_INIT;

			if (!both)
				continue;
			explain_double(kext, slice, &slice->imports[k], both, &reason);
			error = group_add(&groups, &reason, &hint, slice->imports[k].name,
					  false);
		}
	}
	if (!error)
		error = tell_groups(linter, subject, &groups);
	groups_deinit(&groups);
	return error;
}

static const struct check dep010 = { .id = "DEP010",
				     .kind = &kind_kext,
				     .run = run_dep010 };
REGISTER(check, dep010);

static struct error *check_future(const struct missing *m, kpi_releases later,
				  struct groups *groups)
{
	kpi_releases anywhere = kpi_anywhere(m->set->kpi, m->import->kpi,
					     m->slice->kpi_arch, false),
		     gone = later & ~m->use->resolved;
	_strbuf_ struct strbuf reason = STRBUF_INIT, hint = STRBUF_INIT;

	/* only what works on the targets, and is in no library later */
	if (m->import->weak || m->targets & ~m->use->resolved || !gone || !anywhere ||
	    releases_last(anywhere) >= releases_last(later))
		return NULL;
	strbuf_addf(&reason, "macOS %s is the last that exports it (%s)",
		    macos_name(m, releases_last(anywhere)), m->slice->arch);
	strbuf_adds(&hint, "look for what took its place before that release matters");
	return group_add(groups, &reason, &hint, m->import->name, m->perhaps);
}

static struct error *tell_gone(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct missing m = { .set = linter_kexts(linter) };
	struct groups groups = { 0 };
	struct error *error = NULL;

	if (kext->dext || kext->bare)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		const struct slice_loads *loads = &kext->loads->slices[i];
		kpi_releases later = 0;

		m.slice = &kext->slices[i];
		m.targets = loads->targets;
		if (m.slice->known && m.targets)
			later = loads->ships &
				releases_between(releases_last(m.targets) + 1,
						 KPI_RELEASE_LIMIT - 1);
		for (size_t k = 0;
		     later && loads->imports && !error && k < m.slice->import_count;
		     k++) {
			m.import = &m.slice->imports[k];
			m.use = &loads->imports[k];
			error = check_future(&m, later, &groups);
		}
	}
	if (!error)
		error = tell_groups(linter, subject, &groups);
	groups_deinit(&groups);
	return error;
}

static struct error *run_dep014(struct linter *linter, const struct subject *subject)
{
	struct error *error = tell_gone(linter, subject);

	registry_for_each(deprecation_reader, it)
	{
		if (!error)
			error = (*it)->run(linter, subject);
	}
	return error;
}

static const struct check dep014 = { .id = "DEP014",
				     .kind = &kind_kext,
				     .run = run_dep014 };
REGISTER(check, dep014);

/* Names that every kext defines for itself. */
static bool is_own_by_design(const char *name)
{
	static const char *const names[] = { "_kmod_info", "__realmain", "__antimain",
					     "__start", "__stop" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static struct error *run_dep015(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct kpi *kpi = linter_kexts(linter)->kpi;
	struct groups groups = { 0 };
	struct error *error = NULL;

	if (kext->dext)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		const struct kext_slice *s = &kext->slices[i];
		kpi_releases targets = kext->loads->slices[i].targets;

		for (size_t k = 0; s->known && k < s->export_count && !error; k++) {
			_strbuf_ struct strbuf reason = STRBUF_INIT, hint = STRBUF_INIT;
			struct kpi_availability found;

			if (is_own_by_design(s->exports[k]) ||
			    !kpi_find(kpi, s->exports[k], &found) ||
			    !(kpi_anywhere(kpi, &found, s->kpi_arch, false) & targets))
				continue;
			strbuf_adds(&reason, "defined here, and exported by ");
			kpi_add_exporters(kpi, &found, s->kpi_arch, targets, &reason);
			strbuf_adds(&hint, "rename it, or make it static");
			error = group_add(&groups, &reason, &hint, s->exports[k], false);
		}
	}
	if (!error)
		error = tell_groups(linter, subject, &groups);
	groups_deinit(&groups);
	return error;
}

static const struct check dep015 = { .id = "DEP015",
				     .kind = &kind_kext,
				     .run = run_dep015 };
REGISTER(check, dep015);
