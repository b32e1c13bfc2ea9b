/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a .deb's control file or an .rpm's header says: identity, dependencies, scripts.
 * Other containers have an empty model.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct bundle;
struct container;

struct package_script {
	char *name; /* "postinst", "%post" */
	char *text;
};

struct package_info {
	bool known;    /* there is a control file or header, and it was understood */
	char *problem; /* why not; NULL: no such thing in this kind of container */
	char *name, *version, *release, *architecture;
	char *vendor, *distribution;
	char *source;	    /* source package, or NULL */
	char *changelog;    /* an .rpm's newest entry: who, and often which version */
	int changelog_year; /* of that entry; 0: unknown */
	char **requires, **provides, **supplements;
	size_t require_count, require_capacity;
	size_t provide_count, provide_capacity;
	size_t supplement_count, supplement_capacity;
	struct package_script *scripts;
	size_t script_count, script_capacity;
};

struct error *package_info_create(const struct bundle *bundle,
				  const struct container *container,
				  struct package_info **ret);
void package_info_destroy(struct package_info *info);
CLEANUP_DEFINE(struct package_info, package_info_destroy)

/* The version without epoch and packaging revision: "2:1.4.0-3~deb12u1" -> "1.4.0". */
char *package_upstream_version(const struct package_info *info);

/* Whether any dependency's name begins with @prefix. */
bool package_lists(char *const *list, size_t count, const char *prefix);
