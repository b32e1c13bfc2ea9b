/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a member of a package is, and whether such a thing may ship. */
#pragma once

#include "readers/bundle.h"

enum ship {
	SHIP_YES,
	SHIP_JUNK,     /* nobody meant to put it there: PKG001 */
	SHIP_LEFTOVER, /* of version control or of the build: PKG002 */
	SHIP_SOURCE,   /* belongs into source packages only: PKG002 */
};

struct member_class {
	const char *name; /* "module", "dkms.conf", "editor backup" */
	enum ship ship;
};

/* By name alone. */
const struct member_class *member_classify(const struct member *member);
const char *ship_name(enum ship ship);
