/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel programming interfaces of every macOS release: which library exports which
 * symbol to which architecture, made from the kernel's published export lists.
 *
 * rules/kpi.tab, written by kpi-pack, is text:
 *	release DARWIN MACOS ARCH,…		 in order
 *	library NAME DARWIN[-DARWIN]:COMPATIBLE…	 numbered from 0
 *	set LIBRARY/ARCH:DARWIN[-DARWIN],… …	 numbered from 0
 *	symbols
 *	CSUFFIX<tab>SET				 sorted; C - '!' bytes are those of the
 *						 name before; a trailing * is a prefix
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct error;

enum kpi_arch { KPI_PPC, KPI_I386, KPI_X86_64, KPI_ARM64, KPI_ARCH_COUNT };

extern const char *const kpi_arch_names[]; /* NULL at the end */

/* The architecture of a slice as export lists know it: x86_64h counts as x86_64. */
bool kpi_arch_of(uint32_t cputype, enum kpi_arch *ret);

enum { KPI_RELEASE_LIMIT = 32, KPI_LIBRARY_LIMIT = 16 };

/* A set of Darwin majors: bit N stands for Darwin N. */
typedef uint32_t kpi_releases;

struct kpi_release {
	unsigned int darwin;
	char macos[8];	    /* "10.4", "15" */
	unsigned int archs; /* bit of each enum kpi_arch with export lists */
};

struct kpi_library {
	char name[48];
	bool compatibility;   /* of the com.apple.kernel.* world */
	kpi_releases present; /* releases that have it */
	/* OSBundleCompatibleVersion by Darwin major, 0 where it is not there */
	uint64_t compatible[KPI_RELEASE_LIMIT];
	char text[KPI_RELEASE_LIMIT][12]; /* the same as written */
};

/* Where one symbol is to be had. */
struct kpi_availability {
	kpi_releases by[KPI_LIBRARY_LIMIT][KPI_ARCH_COUNT];
};

struct kpi {
	struct kpi_release releases[KPI_RELEASE_LIMIT];
	size_t release_count;
	struct kpi_library libraries[KPI_LIBRARY_LIMIT];
	size_t library_count;
	struct kpi_availability *sets;
	size_t set_count;
	struct kpi_symbol *symbols; /* sorted, prefixes too */
	size_t symbol_count;
	size_t *prefixes; /* indices of those that end in * */
	size_t prefix_count;
	char *names; /* of all symbols */
};

struct kpi_symbol {
	const char *name;
	uint16_t set;
};

/* @path NULL: bookend's own tables. */
struct error *kpi_create(const char *path, struct kpi **ret);
void kpi_destroy(struct kpi *kpi);
CLEANUP_DEFINE(struct kpi, kpi_destroy)

/* False, and *ret empty, when no library of any release exports it. */
bool kpi_find(const struct kpi *kpi, const char *symbol, struct kpi_availability *ret);

/*
 * The same where one entry of the table tells all of a symbol: the table's own, not
 * copied. NULL when none does, or several together do.
 */
const struct kpi_availability *kpi_find_single(const struct kpi *kpi, const char *symbol);

/* Index of the library, or -1. */
int kpi_library(const struct kpi *kpi, const char *name);

/* NULL when unknown; @name is "10.4", "11", "10.16". */
const struct kpi_release *kpi_release_named(const struct kpi *kpi, const char *name);
const struct kpi_release *kpi_release_darwin(const struct kpi *kpi, unsigned int darwin);

/* Releases that @macos and later (earlier) ones are. */
kpi_releases kpi_from(const struct kpi *kpi, unsigned int darwin);

/*
 * The version of the kernel's components in the last update of a release, as
 * "19.6.0": what com.apple.kpi.* had as CFBundleVersion at most.
 */
const char *kpi_last_version(unsigned int darwin);
