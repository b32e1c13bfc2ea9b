/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changelogs' side of PKG007: their newest entries against the version. */
#pragma once

#include "linter/package_version.h"

struct linter;

/* Looks at every changelog of a package or tree, and tells with linter_emit(). */
struct error *changelogs_hold(struct linter *linter, const struct subject *subject,
			      const struct version_reference *reference);
