/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on what the executable costs and shows: MAC006 to MAC011, MAC013, MAC014. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "linter/apple/subject_slice.h"

enum { MANY_CLASSES = 12, MANY_HELPERS = 3 };

static struct error *check_mac006(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct kext_finding what = slice_finding(subject, NULL);
	_strbuf_ struct strbuf dwarf = STRBUF_INIT;
	struct error *error = NULL;

	what.hint = "dsymutil first, then strip -S; keep the dSYM with the build";
	units_add_size(&dwarf, s->dwarf_size);
	if (s->dwarf_size)
		error = kext_tell(linter, subject, &what,
				  "the %s slice carries %s of DWARF", s->arch,
				  strbuf_string(&dwarf));
	if (!error && s->stab_count)
		error = kext_tell(
			linter, subject, &what,
			"the %s slice carries %zu debugging symbols (STABS) with "
			"paths of the build",
			s->arch, s->stab_count);
	what.lower = true;
	what.level = LEVEL_INFO;
	what.hint = "strip -x takes them too; backtraces then show fewer names";
	if (!error && !s->stab_count && !s->dwarf_size && s->local_count)
		error = kext_tell(linter, subject, &what,
				  "the %s slice keeps %zu local symbols", s->arch,
				  s->local_count);
	return error;
}

static struct error *run_mac006(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac006);
}

static const struct check mac006 = { .id = "MAC006",
				     .kind = &kind_kext,
				     .run = run_mac006 };
REGISTER(check, mac006);

static struct error *check_mac007(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	static const char *const names[] = { "_IOLog",	 "_printf",
					     "_kprintf", "_panic",
					     "_Assert",	 "_Debugger",
					     "_IOPanic", "_OSReportWithBacktrace" };
	_strbuf_ struct strbuf found = STRBUF_INIT;
	struct kext_finding what = slice_finding(subject, NULL);

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (kext_find_import(s, names[i]))
			strbuf_addf(&found, "%s%s", found.length ? ", " : "",
				    names[i] + 1);
	if (!found.length)
		return NULL;
	what.symbol = strbuf_string(&found);
	what.hint = "keep them in debug builds; a release tells through the registry or "
		    "os_log";
	return kext_tell(linter, subject, &what,
			 "the %s slice writes to the log or can stop the machine",
			 s->arch);
}

static struct error *run_mac007(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac007);
}

static const struct check mac007 = { .id = "MAC007",
				     .kind = &kind_kext,
				     .run = run_mac007 };
REGISTER(check, mac007);

static struct error *check_mac008(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	_strbuf_ struct strbuf total = STRBUF_INIT, lost = STRBUF_INIT,
			       detail = STRBUF_INIT;
	struct kext_finding what = slice_finding(subject, NULL);
	uint64_t waste = 0, page = s->known ? kext_page_size(s->kpi_arch) : 4096;
	size_t halves = 0;
	char name[256];

	for (size_t i = 0; i < s->segment_count; i++) {
		const struct kext_segment *g = &s->segments[i];

		waste += g->pages - g->size;
		halves += g->pages - g->size > page / 2;
		strbuf_addf(&detail, "%s%-16s ", i ? "\n" : "", g->name);
		units_add_size(&detail, g->size);
		strbuf_adds(&detail, " in ");
		units_add_size(&detail, g->pages);
	}
	if (s->class_count) {
		strbuf_addf(&detail, "\n%zu class%s       ", s->class_count,
			    s->class_count == 1 ? "" : "es");
		units_add_size(&detail, s->class_count * KEXT_CLASS_COST);
	}
	units_add_size(&total, kext_wired(s));
	units_add_size(&lost, waste);
	what.evidence = strbuf_string(&detail);
	snprintf(name, sizeof(name), "wired.%s.%s", subject_kext(subject)->base, s->arch);
	struct error *error =
		report_measure(linter->report, name, (double)kext_wired(s), "B");

	if (error)
		return error;
	return kext_tell(linter, subject, &what,
			 "about %s wired once loaded (%s); page rounding loses %s, %zu "
			 "segment%s leave%s more than half of a page",
			 strbuf_string(&total), s->arch, strbuf_string(&lost), halves,
			 halves == 1 ? "" : "s", halves == 1 ? "s" : "");
}

static struct error *run_mac008(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac008);
}

static const struct check mac008 = { .id = "MAC008",
				     .kind = &kind_kext,
				     .run = run_mac008 };
REGISTER(check, mac008);

static kpi_releases targets_of(const struct kext *kext, const struct kext_slice *s)
{
	return kext->loads->slices[s - kext->slices].targets;
}

static struct error *check_mac009(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	enum { FIRST_WITHOUT_GCC2 = 10, POINTER_ABI = (int)0x80000000 };
	const struct kext *kext = subject_kext(subject);
	struct kext_finding what = slice_finding(subject, NULL);
	bool old_pointers =
		!strcmp(s->arch, "arm64e") && !(s->cpusubtype & (uint32_t)POINTER_ABI);

	what.hint = "build again with the compiler of an Xcode for that release";
	if (s->gcc2 && (s->cputype != MACHO_CPU_PPC ||
			releases_last(targets_of(kext, s)) >= FIRST_WITHOUT_GCC2))
		return kext_tell(linter, subject, &what,
				 "the %s slice was built by gcc 2.95, whose classes only "
				 "PowerPC kernels until 10.5 understand",
				 s->arch);
	if (old_pointers)
		return kext_tell(
			linter, subject, &what,
			"the arm64e slice has no pointer authentication version: "
			"it was built before that ABI was settled");
	return NULL;
}

static struct error *run_mac009(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac009);
}

static const struct check mac009 = { .id = "MAC009",
				     .kind = &kind_kext,
				     .run = run_mac009 };
REGISTER(check, mac009);

static struct error *check_mac010(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	const struct kext_set *set = linter_kexts(linter);
	unsigned int oldest = releases_first(targets_of(subject_kext(subject), s)),
		     minimum = macos_darwin_packed(set->kpi, s->minimum),
		     sdk = macos_darwin_packed(set->kpi, s->sdk);
	struct kext_finding what = slice_finding(subject, NULL);
	char text[24];

	/* without --target the kext itself says what it is for, and is right */
	if (!set->targets.given || !oldest)
		return NULL;
	what.hint =
		"set MACOSX_DEPLOYMENT_TARGET, and build against the SDK of the oldest "
		"release";
	if (minimum > oldest)
		return kext_tell(
			linter, subject, &what,
			"the %s slice was built for macOS %s and later, the oldest "
			"target is %s",
			s->arch, macho_version_text(s->minimum, text),
			kpi_release_darwin(set->kpi, oldest)->macos);
	if (sdk > oldest)
		return kext_tell(
			linter, subject, &what,
			"the %s slice was built against the SDK of macOS %s, the "
			"oldest target is %s",
			s->arch, macho_version_text(s->sdk, text),
			kpi_release_darwin(set->kpi, oldest)->macos);
	return NULL;
}

static struct error *run_mac010(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac010);
}

static const struct check mac010 = { .id = "MAC010",
				     .kind = &kind_kext,
				     .run = run_mac010 };
REGISTER(check, mac010);

/* Whether a personality makes instances of the class. */
static bool is_matched(const struct property *node, const char *class)
{
	if (!node)
		return false;
	if (node->type == PROPERTY_STRING)
		return !strcmp(node->string, class);
	for (const struct property *m = node->first; m; m = m->next)
		if (is_matched(m, class))
			return true;
	return false;
}

static bool has_child(const struct kext_slice *s, const char *name)
{
	for (size_t i = 0; i < s->class_count; i++)
		if (s->classes[i].super && !strcmp(s->classes[i].super, name))
			return true;
	return false;
}

/*
 * Services that replace none of the functions that make one, that nothing matches and
 * nothing derives from.
 */
static struct error *check_height(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	const struct property *info = subject_kext(subject)->info;
	struct error *error = NULL;

	for (size_t i = 0; i < s->class_count && !error; i++) {
		const struct kext_class *c = &s->classes[i];
		struct kext_finding what = slice_finding(subject, c->name);

		if (!c->super ||
		    (strcmp(c->super, "IOService") &&
		     strcmp(c->super, "IORegistryEntry")) ||
		    !c->has_foreign || c->replaces || is_matched(info, c->name) ||
		    has_child(s, c->name))
			continue;
		what.hint =
			"what is neither matched nor in the registry needs no more than "
			"OSObject, or a plain class";
		error = kext_tell(
			linter, subject, &what,
			"derives from %s, but replaces none of its functions, and "
			"no personality names it: does it sit lower in the "
			"hierarchy than it needs? (%s)",
			c->super, s->arch);
	}
	return error;
}

static struct error *check_mac011(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	const struct property *info = subject_kext(subject)->info;
	_strbuf_ struct strbuf helpers = STRBUF_INIT, size = STRBUF_INIT;
	struct kext_finding what = slice_finding(subject, NULL);
	size_t count = 0;

	for (size_t i = 0; i < s->class_count; i++) {
		const struct kext_class *c = &s->classes[i];

		if (c->super && !strcmp(c->super, "OSObject") &&
		    !is_matched(info, c->name))
			strbuf_addf(&helpers, "%s%s", count++ ? "\n" : "", c->name);
	}
	units_add_size(&size, (uint64_t)s->class_count * KEXT_CLASS_COST);
	if (count >= MANY_HELPERS) {
		what.evidence = strbuf_string(&helpers);
		what.hint =
			"plain C++ classes or structures cost nothing in the registry "
			"of classes";
		return kext_tell(linter, subject, &what,
				 "%zu classes derive from OSObject and are no driver: do "
				 "they ever leave the kext? (%s)",
				 count, s->arch);
	}
	if (s->class_count < MANY_CLASSES)
		return NULL;
	return kext_tell(
		linter, subject, &what,
		"%zu classes under OSObject: %s of wired memory before the first "
		"instance (%s)",
		s->class_count, strbuf_string(&size), s->arch);
}

static struct error *run_mac011(struct linter *linter, const struct subject *subject)
{
	struct error *error = for_each_slice(linter, subject, false, check_mac011);

	return error || !subject_kext(subject)->info
		       ? error
		       : for_each_slice(linter, subject, false, check_height);
}

static const struct check mac011 = { .id = "MAC011",
				     .kind = &kind_kext,
				     .run = run_mac011 };
REGISTER(check, mac011);

/*
 * Imported variables. The symbol table does not tell them from functions, but nothing
 * calls them, no table of functions holds them, and the kernel names its globals alike.
 */
static bool is_data(const struct kext_import *import)
{
	static const char *const known[] = { "_version_major",
					     "_version_minor",
					     "_version_revision",
					     "_version",
					     "_kernproc",
					     "_rootvnode",
					     "_kernel_task",
					     "_kernel_map",
					     "_mach_host",
					     "_osrelease",
					     "_hz",
					     "_kmod" };
	const char *name = import->name;

	if (!import->kpi || import->called || import->pointed)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(name, known[i]))
			return true;
	return (!strncmp(name, "_gIO", 4) || !strncmp(name, "_gOS", 4) ||
		!strncmp(name, "_kOS", 4)) &&
	       strcmp(name, "_gOSKextUnresolved");
}

static struct error *check_mac013(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct kext_finding what = slice_finding(subject, NULL);
	_strbuf_ struct strbuf names = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < s->import_count; i++) {
		if (!is_data(&s->imports[i]))
			continue;
		if (!count)
			what.symbol = s->imports[i].name;
		strbuf_addf(&names, "%s%s", count++ ? "\n" : "", s->imports[i].name);
	}
	if (!count)
		return NULL;
	what.evidence = strbuf_string(&names);
	what.hint = "prefer a function that returns it";
	return kext_tell(
		linter, subject, &what,
		"variables of the kernel are used directly: their layout is part "
		"of the interface (%s)",
		s->arch);
}

static struct error *run_mac013(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac013);
}

static const struct check mac013 = { .id = "MAC013",
				     .kind = &kind_kext,
				     .run = run_mac013 };
REGISTER(check, mac013);

static struct error *check_mac014(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct error *error = NULL;

	for (size_t i = 0; i < s->large_count && !error; i++) {
		const struct kext_object *o = &s->large[i];
		struct kext_finding what = slice_finding(subject, o->symbol);
		_strbuf_ struct strbuf size = STRBUF_INIT;

		units_add_size(&size, o->size);
		what.hint =
			"firmware and tables belong in a kext that unloads after use, "
			"or in a file that OSKextRequestResource fetches";
		error = kext_tell(linter, subject, &what,
				  "%s of initialised data %s in %s stay wired while the "
				  "kext is loaded (%s)",
				  strbuf_string(&size),
				  s->local_count ? "here" : "behind this symbol",
				  o->section, s->arch);
	}
	return error;
}

static struct error *run_mac014(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac014);
}

static const struct check mac014 = { .id = "MAC014",
				     .kind = &kind_kext,
				     .run = run_mac014 };
REGISTER(check, mac014);
