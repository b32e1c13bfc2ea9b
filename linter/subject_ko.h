/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "ko": one Linux module each. The model is a struct ko_subject.
 * A module that cannot be read is a subject of the kind "ko-broken" instead, whose model
 * is the message (const char *).
 *
 * What rules over several modules need (imports, exports, versions) is kept as
 * struct ko_facts until the run ends.
 */
#pragma once

#include "linter/linter.h"
#include "linter/signature.h"
#include "readers/bundle.h"
#include "readers/ko.h"

extern const struct subject_kind kind_ko;
extern const struct subject_kind kind_ko_broken;

struct ko_subject {
	const struct ko *ko;
	const char *name; /* what the kernel would call it, from the file's name */
	bool compressed;
	struct signature_verdict signature;
};

static inline const struct ko_subject *subject_ko(const struct subject *subject)
{
	return subject->model;
}

/* One import or export, names interned for the whole run. */
struct ko_fact_import {
	const char *name;
	uint32_t crc;
	bool has_crc, weak;
};

struct ko_fact_export {
	const char *name, *space;
	uint32_t crc;
	bool has_crc, gpl;
};

/* What is kept of a module after its bytes are gone. */
struct ko_facts {
	const char *path;	 /* for people */
	const char *member_path; /* in its container */
	size_t bundle;		 /* number of the bundle in this run, from 0 */
	size_t container;
	const char *name;
	const char *version, *srcversion, *vermagic, *license, *supported;
	bool gpl, out_of_tree, has_versions, only_extended;
	uint16_t machine;
	const char **spaces; /* import_ns */
	size_t space_count;
	const char **firmware;
	size_t firmware_count;
	const char **aliases;
	size_t alias_count;
	const char **depends;
	size_t depend_count;
	struct ko_fact_import *imports;
	size_t import_count;
	struct ko_fact_export *exports;
	size_t export_count;
	const struct member *member; /* valid while its bundle is visited */
};

struct ko_set {
	struct ko_facts **modules; /* in the order they were seen */
	size_t count, capacity;
	size_t bundles; /* seen so far; the current one is bundles - 1 */
	struct arena *arena;
};

/* All modules of the run so far; never NULL once kind_ko visited a bundle. */
const struct ko_set *linter_modules(const struct linter *linter);
