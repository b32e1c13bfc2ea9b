/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version that everything in a package or tree is held against. */
#pragma once

#include "common/cleanup.h"
#include "linter/check.h"

struct version_reference {
	const char *where;	   /* "package", "dkms.conf" */
	char *version;		   /* upstream's part of it; NULL: there is none */
	const struct member *dkms; /* the tree's only dkms.conf, or NULL */
};

/*
 * A package's own version, of a tree or an archive of one that of its dkms.conf, if it
 * has one and says it in so many words. @subject is of the kind "package".
 */
struct error *version_reference_find(const struct subject *subject,
				     struct version_reference *ret);
void version_reference_deinit(struct version_reference *reference);
#define _reference_ __attribute__((cleanup(version_reference_deinit)))
