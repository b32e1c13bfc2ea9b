/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a kext links on each release: its declared libraries against what the release
 * has, its imports against what those libraries export. All releases at once, as sets.
 */
#pragma once

#include "linter/apple/release.h"

struct kext_set;

/* One entry of OSBundleLibraries (or OSBundleLibraries_ARCH). */
struct library_use {
	const char *identifier;
	const char *through; /* not declared: the kext (or what else) that brings it */
	struct kext_version wanted;
	const struct property *at;
	unsigned int archs;	     /* architectures it is declared for, as bits */
	int kpi;		     /* index of struct kpi, or -1 */
	bool compatibility;	     /* of the com.apple.kernel.* world */
	bool raw;		     /* com.apple.kernel itself */
	bool any_version;	     /* the loader does not ask for one */
	const struct kext *provider; /* a kext at hand, or NULL */
	bool unknown;		     /* no KPI, and no such kext at hand */
	kpi_releases ok;	     /* there, and compatible with what is wanted */
	kpi_releases absent;	     /* the release has no such library */
	kpi_releases older;	     /* wanted is newer than the release has */
	kpi_releases incompatible;   /* wanted is older than its compatible version */
	bool used;		     /* some import comes from it */
};

struct import_use {
	kpi_releases resolved;	 /* by a declared library that is ok */
	kpi_releases undeclared; /* only by kernel libraries that are not declared */
	kpi_releases doubly;	 /* by two declared libraries */
	bool elsewhere;		 /* perhaps by a library that is not at hand */
	kpi_releases perhaps;	 /* undeclared, but a library not at hand may bring it */
};

struct slice_loads {
	kpi_releases ships;   /* releases with kernels of the architecture */
	kpi_releases targets; /* asked for, or declared by the kext itself */
	kpi_releases loads, unknown;
	struct import_use *imports; /* parallel to slice->imports */
	bool has_unknown_library;
};

struct kext_loads {
	/* those that it declares, then those that come with them */
	struct library_use *libraries;
	size_t library_count, all_count;
	struct slice_loads *slices; /* parallel to kext->slices */
};

/* Part of kext_resolve(): what it links against. */
struct error *kext_gather_libraries(const struct kext_set *set, const struct kext *kext,
				    struct kext_loads *loads);

/* Fills kext->loads; all kexts of the set must have been opened. */
struct error *kext_resolve(const struct kext_set *set, struct kext *kext);

/* What OSBundleLibraries should hold, as `kextlibs` would find it. */
struct library_advice {
	kpi_releases libraries;	   /* bits of struct kpi's libraries */
	const struct kext **kexts; /* providers at hand; in the arena */
	size_t kext_count;
	unsigned int oldest; /* Darwin major that the versions are for */
};
struct error *kext_advise(const struct kext_set *set, const struct kext *kext,
			  struct library_advice *ret);

/* The advice as a fragment of a property list. */
void library_advice_add_plist(const struct kext_set *set,
			      const struct library_advice *advice, struct strbuf *out);

/* Names of the KPI libraries that have @use on @arch in any of @releases. */
void kpi_add_exporters(const struct kpi *kpi, const struct kpi_availability *found,
		       enum kpi_arch arch, kpi_releases releases, struct strbuf *out);

/* All releases in which any library (of the kpi world only, if so) exports it. */
kpi_releases kpi_anywhere(const struct kpi *kpi, const struct kpi_availability *found,
			  enum kpi_arch arch, bool compatibility);
