/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Releases of macOS as sets: what --target asks for, what a kext itself declares. */
#pragma once

#include "linter/apple/kext.h"

struct strbuf;

/* A set of releases for each architecture. */
struct macos_targets {
	bool given; /* by --target */
	kpi_releases by[KPI_ARCH_COUNT];
};

/* Releases whose kernels were ever shipped for that architecture. */
kpi_releases macos_shipped(const struct kpi *kpi, enum kpi_arch arch);

/*
 * Adds what SPEC names: "10.4", "10.4..15", "10.13..", "all", each also with "/x86_64"
 * or "/x86_64,arm64".
 */
struct error *macos_targets_add(struct macos_targets *targets, const struct kpi *kpi,
				const char *spec);

/* "10.4 to 10.6, 11", "every release", "no release" (of those in @within). */
void macos_add_releases(const struct kpi *kpi, kpi_releases set, kpi_releases within,
			struct strbuf *out);

/* The release that a packed or written version names, 0 when none; clamped at the end. */
unsigned int macos_darwin_of(const struct kpi *kpi, const char *version);
unsigned int macos_darwin_packed(const struct kpi *kpi, struct macho_version version);

/* The lowest (highest) Darwin major in a set, 0 when empty. */
unsigned int releases_first(kpi_releases set);
unsigned int releases_last(kpi_releases set);

/* Bits of the releases @first to @last. */
kpi_releases releases_between(unsigned int first, unsigned int last);
